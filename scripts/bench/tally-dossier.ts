/** Dossiers of one model over three real logs, made by a real verifier that follows them, and judged by the CLI's core. */
import { setTimeout as sleep } from 'node:timers/promises';
import { judge } from '../../src/core/report/judge.ts';
import type { Report } from '../../src/core/report/report.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { percentile } from './figures.ts';
import { cosignedUpTo, hourText, monthAgo, read, timed } from './tally-node.ts';
import { type BenchLog, startTallyRig, type TallyRig } from './tally-rig.ts';
import { meterBody, modelNamed, submit } from './usage-load.ts';

/** A dossier's bytes, and the median milliseconds to be given it by the verifier and to judge it. */
export interface DossierFigure {
  readonly what: string;
  readonly bytes: number;
  readonly builtMs: number;
  readonly judgedMs: number;
  readonly windows: number;
  readonly outcome: string;
  /** The 99th percentile of small requests that the verifier answers while it builds. */
  readonly meanwhileMs: number;
}

const MODEL = modelNamed('model');
/** On each log. */
const METERS = 5;
/** Of each meter, one an hour, by log: 10,000 in all, as many as a dossier lists. */
const WINDOWS = [667, 667, 666];
const RUNS = 7;
const HOUR = 3600;
const MONTH_HOURS = 720;

export async function measureDossiers(folder: string): Promise<DossierFigure[]> {
  const rig = await startTallyRig({ folder, regions: ['eu', 'us', 'ap'], verifiers: 1 });
  try {
    await load(rig);
    const figures: DossierFigure[] = [];
    for (const by of ['total', 'day', 'hour']) {
      // Each time another end, so that none is kept from before.
      const queries = Array.from({ length: RUNS }, (_, i) => monthQuery(by, MONTH_HOURS - i));
      figures.push(await measure(rig, `a month by ${by}`, queries));
    }
    figures.push(await measure(rig, 'every window listed', ['']));
    return figures;
  } finally {
    await rig.stop();
  }
}

async function load(rig: TallyRig): Promise<void> {
  for (const [i, log] of rig.logs.entries()) await loadLog(log, WINDOWS[i] ?? 0);
  // Until the verifier, too, has seen that the quorum's cosignatures are on every note.
  const month = monthQuery('total', MONTH_HOURS);
  while ((await judged(rig, await read(dossierUrl(rig, month)))).outcome !== 'VALID') {
    await sleep(200);
  }
}

async function loadLog(log: BenchLog, windows: number): Promise<void> {
  for (let meter = 0; meter < METERS; meter++) {
    const stream = { meter: `meter ${meter}`, model: MODEL, from: monthAgo(), windows };
    await submit(log, meterBody({ log, ...stream }));
  }
  await cosignedUpTo(log, METERS * windows);
}

/** The question about so many hours from the first window on. */
function monthQuery(by: string, hours: number): string {
  const from = monthAgo();
  return `?from=${hourText(from)}&to=${hourText(from + hours * HOUR)}&by=${by}`;
}

async function measure(
  rig: TallyRig,
  what: string,
  queries: readonly string[],
): Promise<DossierFigure> {
  const built: number[] = [];
  const judgedMs: number[] = [];
  const meanwhile: number[] = [];
  let bytes = new Uint8Array();
  let report: Report | undefined;
  for (const query of queries) {
    let isDone = false;
    const others = (async () => {
      while (!isDone) {
        meanwhile.push((await timed(() => read(`${rig.verifiers[0]}/v1/trust`))).ms);
        await sleep(1);
      }
    })();
    const dossier = await timed(() => read(dossierUrl(rig, query)));
    isDone = true;
    await others;
    built.push(dossier.ms);
    bytes = Uint8Array.from(dossier.value);
    const verdict = await timed(() => judged(rig, bytes));
    judgedMs.push(verdict.ms);
    report = verdict.value;
  }
  return {
    what,
    bytes: bytes.length,
    builtMs: percentile(built, 0.5),
    judgedMs: percentile(judgedMs, 0.5),
    windows: (report?.usage ?? []).reduce((sum, { windows }) => sum + windows, 0),
    outcome: report?.outcome ?? '',
    meanwhileMs: percentile(meanwhile, 0.99),
  };
}

function dossierUrl(rig: TallyRig, query: string): string {
  return `${rig.verifiers[0]}/v1/models/${MODEL}/dossier${query}`;
}

async function judged({ trust }: TallyRig, dossier: Uint8Array): Promise<Report> {
  return judge(dossier, { trust, now: Math.floor(Date.now() / 1000), engine: opensslEngine });
}
