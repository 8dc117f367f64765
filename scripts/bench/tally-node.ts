/** A real log with its tally, rebuilt and cosigned by two real verifiers: memory, lag under load, and how dossiers keep up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { judge } from '../../src/core/report/judge.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { percentile } from './figures.ts';
import { MemoryWatch, type PeakMemory } from './memory.ts';
import { type BenchLog, startTallyRig, type TallyRig } from './tally-rig.ts';
import { MOST_WINDOWS, meterBody, modelNamed, submit } from './usage-load.ts';

export interface NodeFigures {
  readonly entries: number;
  /** Entries submitted in a second, with statements made and signed by the same machine, until all were committed. */
  readonly loadedPerSecond: number;
  /** Of the log process while it took all in, tallied it and proved from it. */
  readonly memory: PeakMemory;
  /** Everything about a model of 10,000 statements, proven by the log: milliseconds of the request, and of others meanwhile. */
  readonly proofMs: number;
  readonly proofBytes: number;
  readonly meanwhileMs: number;
  readonly paced: PacedFigures;
}

export interface PacedFigures {
  readonly statementsPerSecond: number;
  readonly seconds: number;
  readonly lagSeconds: { readonly p50: number; readonly worst: number };
  /** Dossiers asked of both verifiers meanwhile, and how many of them were VALID. */
  readonly dossiers: number;
  readonly valid: number;
  /** How many seconds of load the oldest of these dossiers was behind the log. */
  readonly dossierLagSeconds: number;
}

const BUSY = modelNamed('model that is busy');
const BUSY_STREAMS = 10;
const PACED = { perSecond: 1000, seconds: 20, perRequest: 100 };

export interface NodeOptions {
  readonly folder: string;
  readonly entries: number;
}

export async function measureNode({ folder, entries }: NodeOptions): Promise<NodeFigures> {
  const rig = await startTallyRig({ folder, regions: ['eu'], verifiers: 2 });
  const [log] = rig.logs as [BenchLog];
  const watch = new MemoryWatch(log.pid);
  try {
    const started = performance.now();
    await loadAll(log, entries);
    const loadedPerSecond = entries / ((performance.now() - started) / 1000);
    await cosignedUpTo(log, entries);
    const proof = await measureProof(log);
    const paced = await measurePaced(rig, log);
    const memory = await watch.stop();
    return { entries, loadedPerSecond, memory, ...proof, paced };
  } finally {
    // Or it would watch on, and keep the bench alive, where a measurement has failed.
    await watch.stop();
    await rig.stop();
  }
}

/** Usage of a thousand models, ten thousand statements about one of them. */
async function loadAll(log: BenchLog, entries: number): Promise<void> {
  const from = monthAgo();
  // One after the other: while statements are signed here, no request must be under way.
  for (let i = 0; i < entries / MOST_WINDOWS; i++) {
    const model = i < BUSY_STREAMS ? BUSY : modelNamed(`model ${i % 1000}`);
    const stream = { log, meter: `meter ${i}`, model, from, windows: MOST_WINDOWS };
    await submit(log, meterBody(stream));
  }
}

/** The log's answer to the widest question, and the slowest of small requests that it answers meanwhile. */
async function measureProof(
  log: BenchLog,
): Promise<Pick<NodeFigures, 'proofMs' | 'proofBytes' | 'meanwhileMs'>> {
  const times: number[] = [];
  const meanwhile: number[] = [];
  let bytes = 0;
  for (let run = 0; run < 5; run++) {
    let isDone = false;
    const others = (async () => {
      while (!isDone) {
        meanwhile.push((await timed(() => read(`${log.url}/tally`))).ms);
        await sleep(1);
      }
    })();
    const proof = await timed(() => read(`${log.url}/v1/tally/proof?model=${BUSY}`));
    isDone = true;
    await others;
    times.push(proof.ms);
    bytes = proof.value.length;
  }
  return {
    proofMs: percentile(times, 0.5),
    proofBytes: bytes,
    meanwhileMs: percentile(meanwhile, 0.99),
  };
}

/** Statements at a steady rate; the lag is what the log says of itself, read from its metrics many times a second. */
async function measurePaced(rig: TallyRig, log: BenchLog): Promise<PacedFigures> {
  const { perSecond, seconds, perRequest } = PACED;
  const from = monthAgo();
  const bodies = Array.from({ length: (perSecond * seconds) / perRequest }, (_, i) =>
    meterBody({
      log,
      meter: `paced meter ${i}`,
      model: modelNamed(`model ${i % 1000}`),
      from,
      windows: perRequest,
    }),
  );
  const watch = new Watch(rig, log);
  const watching = watch.run();
  const started = performance.now();
  const sent: Promise<void>[] = [];
  for (const [i, body] of bodies.entries()) {
    await sleep(Math.max(0, started + (i * 1000 * perRequest) / perSecond - performance.now()));
    sent.push(submit(log, body));
  }
  await Promise.all(sent);
  const took = (performance.now() - started) / 1000;
  watch.stop();
  await watching;
  return {
    statementsPerSecond: (perSecond * seconds) / took,
    seconds: took,
    lagSeconds: { p50: percentile(watch.lags, 0.5), worst: Math.max(...watch.lags) },
    dossiers: watch.dossiers,
    valid: watch.valid,
    dossierLagSeconds: watch.behind / perSecond,
  };
}

/** Watches a log's lag, and dossiers of both verifiers, while the log is under load. */
class Watch {
  readonly lags: number[] = [];
  dossiers = 0;
  valid = 0;
  /** Entries that the log had published and a dossier did not cover. */
  behind = 0;
  readonly #rig: TallyRig;
  readonly #log: BenchLog;
  #stopped = false;

  constructor(rig: TallyRig, log: BenchLog) {
    this.#rig = rig;
    this.#log = log;
  }

  async run(): Promise<void> {
    await Promise.all([this.#watchLag(), this.#watchDossiers()]);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #watchLag(): Promise<void> {
    while (!this.#stopped) {
      this.lags.push(await metricOf(this.#log, 'attestry_log_tally_lag_seconds'));
      await sleep(50);
    }
  }

  async #watchDossiers(): Promise<void> {
    const month = monthAgo();
    const query = `from=${hourText(month)}&to=${hourText(month + 3600 * 24)}&by=day`;
    while (!this.#stopped) {
      for (const verifier of this.#rig.verifiers) {
        const published = await metricOf(this.#log, 'attestry_log_published_size');
        const dossier = await read(`${verifier}/v1/models/${BUSY}/dossier?${query}`);
        const now = Math.floor(Date.now() / 1000);
        const report = judge(dossier, { trust: this.#rig.trust, now, engine: opensslEngine });
        this.dossiers++;
        if (report.outcome === 'VALID') this.valid++;
        this.behind = Math.max(this.behind, published - (report.logs[0]?.size ?? 0));
      }
      await sleep(500);
    }
  }
}

/** Waits until the verifiers have cosigned the tally of so many entries. */
export async function cosignedUpTo(log: BenchLog, size: number): Promise<void> {
  while ((await metricOf(log, 'attestry_log_tally_cosigned_size')) < size) await sleep(100);
}

export async function read(url: string): Promise<Uint8Array> {
  // A connection that is kept may be closed by the node in the moment in which it is used again.
  const response = await fetch(url, { headers: { connection: 'close' } });
  const body = new Uint8Array(await response.arrayBuffer());
  if (response.status === 200) return body;
  throw new Error(`${url} answered ${response.status}: ${Buffer.from(body).toString()}`);
}

export async function timed<T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const started = performance.now();
  const value = await run();
  return { value, ms: performance.now() - started };
}

/** Unix seconds: the start of an hour, long enough ago for a stream of the most windows that a request takes. */
export function monthAgo(): number {
  const hours = Math.floor(Date.now() / 1000 / 3600);
  return (hours - MOST_WINDOWS - 24) * 3600;
}

export function hourText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

async function metricOf({ url }: BenchLog, name: string): Promise<number> {
  const text = Buffer.from(await read(`${url}/metrics`)).toString();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}{`));
  const value = Number(line?.split(' ').at(-1));
  if (Number.isNaN(value)) throw new Error(`Expected the metric ${name}.`);
  return value;
}
