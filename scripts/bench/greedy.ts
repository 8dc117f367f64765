/** One operator that adds ten times what an operator may: what the others notice of it. */
import { baseline, type Figure, most, percentile } from './figures.ts';
import { Generator, type LoadReport } from './generator-process.ts';
import type { Bench } from './submission.ts';

const TIMES = 10;
const CONNECTIONS = 64;
/** Of the limit, so that nobody else is refused. */
const OTHERS = 0.8;

export interface GreedyOptions {
  /** Requests of one entry each that the log takes in a second; the limit is a tenth of it. */
  readonly capacity: number;
  readonly rounds: number;
  /** Of each round, once without the greedy one and once with it. */
  readonly seconds: number;
}

export async function measureGreedy(bench: Bench, options: GreedyOptions): Promise<Figure[]> {
  const { rig } = bench;
  const { rounds, seconds } = options;
  const limit = Math.round(options.capacity / TIMES);
  await rig.stopLog();
  await rig.startLog({ 'operator-entries-per-second': limit });
  const greedy = new Generator(rig.greedy);
  const others = { url: rig.url, generator: bench.generator, perSecond: OTHERS * limit, seconds };
  // What is still to be sent once the others are done would only take time: it is refused ever later.
  const pressing = { ...others, generator: greedy, perSecond: TIMES * limit, until: 1 + seconds };
  const alone: number[] = [];
  const beside: number[] = [];
  let refused = 0;
  let asked = 0;
  try {
    // The first round only warms up.
    for (let round = 0; round <= rounds; round++) {
      const before = await (await prepare(others))();
      const [press, send] = [await prepare(pressing), await prepare(others)];
      const pressed = press();
      await untilBurstIsSpent();
      const during = await send();
      const report = await pressed;
      for (const other of [before, during]) demandOnly('201', other);
      if (round === 0) continue;
      alone.push(...before.times);
      beside.push(...during.times);
      refused += report.statuses['429'] ?? 0;
      asked += report.times.length;
    }
  } finally {
    await greedy.close();
  }
  const [usual, slowed] = [percentile(alone, 0.99), percentile(beside, 0.99)];
  const work = `one operator at ${TIMES}× its limit of ${limit}/s`;
  return [
    most(`${work}: p99 of another's receipts, against without it`, slowed / usual, ['×', 2]),
    baseline('— p99 with it', 'ms', [slowed]),
    baseline('— p99 without it', 'ms', [usual]),
    baseline('— its requests', 'requests/s', [asked / rounds / seconds]),
    baseline('— of them refused with 429', '%', [(100 * refused) / asked]),
  ];
}

interface Share {
  readonly url: string;
  readonly generator: Generator;
  readonly perSecond: number;
  readonly seconds: number;
  /** No request begins after so many seconds. */
  readonly until?: number;
}

/** Makes the entries; gives what sends them. */
async function prepare({ url, generator, perSecond, seconds, until }: Share) {
  const entries = Math.round(perSecond * seconds);
  await generator.make(entries);
  const load = {
    url,
    connections: CONNECTIONS,
    entries,
    perSecond,
    sampleEvery: entries,
    ...(until === undefined ? {} : { seconds: until }),
  };
  return (): Promise<LoadReport> => generator.send(load);
}

/** An operator may add what it has not used for two seconds at once: at ten times its limit that is gone in a quarter of a second. */
async function untilBurstIsSpent(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500));
}

function demandOnly(status: string, { statuses, refusals }: LoadReport): void {
  if (Object.keys(statuses).join() === status) return;
  throw new Error(`answered ${JSON.stringify(statuses)}: ${refusals[0]}`);
}
