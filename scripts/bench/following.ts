/**
 * A real verifier that follows three real logs while all of them take as many entries as they can. The work of four machines
 * is on one: at equal shares the verifier would have what one log has, for the entries of three. So each log yields to it,
 * and full load is what the logs take then.
 */
import { mkdir } from 'node:fs/promises';
import { baseline, type Figure, most } from './figures.ts';
import { LagWatch, type Look } from './following-lag.ts';
import { Generator, type LoadReport } from './generator-process.ts';
import { startTallyRig, type TallyRig } from './tally-rig.ts';
import { letYield } from './yielding.ts';

const REGIONS = ['eu', 'us', 'asia'];
const CONNECTIONS = 8;
const BATCH = 500;
/** Long enough that all processes run compiled code. */
const WARM_UP: AllLoad = { seconds: 5, entries: 20_000 };
/** More entries than the warm-up's rate would need. */
const MARGIN = 2;
const MOST_LAG_SECONDS = 5;
/** A verifier that takes in a tenth less than is published falls behind by more than that in half a minute. */
const MOST_GROWTH_SECONDS = 1;

interface AllLoad {
  readonly seconds: number;
  /** For each log. */
  readonly entries: number;
}

export async function measureFollowing(folder: string, seconds: number): Promise<Figure[]> {
  await mkdir(folder, { recursive: true });
  const rig = await startTallyRig({ folder, regions: REGIONS, verifiers: 1 });
  const senders = rig.logs.map((log) => ({ url: log.url, generator: new Generator(log) }));
  try {
    const yielded = rig.logs.map(({ pid }) => letYield(pid)).every(Boolean);
    const warmUp = await loadAll(senders, WARM_UP);
    const enough = Math.max(...warmUp.map(rateOf)) * seconds * MARGIN;
    const load = { seconds, entries: Math.ceil(enough / BATCH) * BATCH };
    await makeAll(senders, load);
    const watch = new LagWatch(watchedOf(rig));
    const loads = await sendAll(senders, load);
    return figuresOf(await watch.stop(), { loads, seconds, yielded });
  } finally {
    for (const { generator } of senders) await generator.close();
    await rig.stop();
  }
}

interface Sender {
  readonly url: string;
  readonly generator: Generator;
}

async function loadAll(senders: readonly Sender[], load: AllLoad): Promise<LoadReport[]> {
  await makeAll(senders, load);
  return await sendAll(senders, load);
}

async function makeAll(senders: readonly Sender[], { entries }: AllLoad): Promise<void> {
  await Promise.all(senders.map(({ generator }) => generator.make(entries)));
}

function sendAll(senders: readonly Sender[], load: AllLoad): Promise<LoadReport[]> {
  const common = { connections: CONNECTIONS, perRequest: BATCH, sampleEvery: load.entries };
  return Promise.all(
    senders.map(({ url, generator }) => generator.send({ ...load, ...common, url })),
  );
}

function watchedOf({ logs, verifiers }: TallyRig) {
  const [verifier] = verifiers as [string];
  return { logs: new Map(logs.map(({ origin, url }) => [origin, url])), verifier };
}

interface Loads {
  readonly loads: readonly LoadReport[];
  readonly seconds: number;
  /** Whether the logs yielded to the verifier. */
  readonly yielded: boolean;
}

function figuresOf(looks: readonly Look[], { loads, seconds, yielded }: Loads): Figure[] {
  for (const { statuses, refusals, seconds: took } of loads) {
    if (Object.keys(statuses).join() !== '200') throw new Error(`refused: ${refusals[0]}`);
    if (took < seconds) throw new Error(`Expected load for ${seconds} s, it took ${took} s.`);
  }
  const lags = looks.map(({ lagMs }) => lagMs / 1000);
  const middle = Math.floor(lags.length / 2);
  const growth = mean(lags.slice(middle)) - mean(lags.slice(0, middle));
  const shares = yielded ? ', each with a third of its share of the cores' : '';
  const work = `verifier following three logs${shares} at full load for ${seconds} s: lag`;
  const rates = loads.map(rateOf);
  return [
    most(`${work} at its worst`, Math.max(...lags), ['s', MOST_LAG_SECONDS]),
    baseline('— mean', 's', [mean(lags)]),
    most('— mean of the second half over that of the first', growth, ['s', MOST_GROWTH_SECONDS]),
    baseline('— entries committed by all three meanwhile', 'entries/s', [
      rates.reduce((sum, rate) => sum + rate, 0),
    ]),
    baseline('— entries verified meanwhile', 'entries/s', [verifiedRate(looks)]),
  ];
}

function rateOf({ statuses, seconds }: LoadReport): number {
  return ((statuses['200'] ?? 0) * BATCH) / seconds;
}

function verifiedRate(looks: readonly Look[]): number {
  const [first, last] = [looks[0], looks.at(-1)] as [Look, Look];
  return (last.verified - first.verified) / ((last.atMs - first.atMs) / 1000);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
