/** A log as it grows: what it takes on disk and in memory, how fast it starts, reads and takes entries at a large size. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashesOnLevel } from '../../src/core/merkle/tile.ts';
import { baseline, type Figure, median, most, percentile, rate } from './figures.ts';
import type { MemoryWatch } from './memory.ts';
import type { OpenBench } from './open-bench.ts';
import type { Plan } from './plan.ts';
import { startServing } from './rig.ts';
import type { Rounds } from './rounds.ts';
import type { Bench } from './submission.ts';

const READ_CONNECTIONS = 4;
const READS_PER_SECOND = 300;
// LevelDB puts in order what the check of the whole log made it look at.
const WARM_UPS = 3;
// A percentile of one round is that of its few slowest reads.
const READ_ROUNDS = 9;

/** Receipts from a small log and a large one, in turns. */
export async function readingFigures(
  { small, large }: { readonly small: OpenBench; readonly large: OpenBench },
  { reads: count, firstReads }: Pick<Plan, 'reads' | 'firstReads'>,
): Promise<Figure[]> {
  const sizes = [await readSize(small.rig.url), await readSize(large.rig.url)];
  // As fast as they are answered: a process compiles its code at the first reads, and one that has just started has not
  // collected garbage yet as one does that has worked.
  for (const bench of [small, large])
    await measureReads(bench, { count: firstReads, round: 0, perSecond: undefined });
  const runs: { readonly few: number; readonly many: number }[] = [];
  for (let round = 0; round < WARM_UPS + READ_ROUNDS; round++) {
    const reads = { count, round, perSecond: READS_PER_SECOND };
    runs.push({ few: await measureReads(small, reads), many: await measureReads(large, reads) });
  }
  const warm = runs.slice(WARM_UPS);
  const few = median(warm.map((run) => run.few));
  const many = median(warm.map((run) => run.many));
  const ratio = median(warm.map((run) => run.many / run.few));
  return [
    most(`receipts served, p99, at ${sizes[0]} entries`, few, ['ms', 10]),
    most(`receipts served, p99, at ${sizes[1]} entries`, many, ['ms', 10]),
    most('the same, large log against small', ratio, ['×', 1.5]),
  ];
}

export interface LargeMaterial {
  readonly rounds: Rounds;
  readonly entryBytes: number;
  /** Of the log process since the rounds began. */
  readonly watch: MemoryWatch;
}

/** What the rounds have shown of a large log, and its start; it is killed and started again. */
export async function largeFigures(
  bench: OpenBench,
  { rounds, entryBytes, watch }: LargeMaterial,
): Promise<Figure[]> {
  const { rig, hashes, startMs, loadRate } = bench;
  const memory = await watch.stop();
  const size = await readSize(rig.url);
  const disk = await measureDisk(bench, entryBytes);
  await rig.killLog();
  const restartMs = await startServing(rig, hashes);
  const at = `at ${size} entries`;
  return [
    ...(loadRate === undefined
      ? []
      : [baseline('entries loaded without HTTP, with their tally', 'entries/s', [loadRate])]),
    rate(`NDJSON submission ${at}, against the small log`, rounds.large, {
      unit: 'entries/s',
      limits: rounds.batches,
      atLeast: 0.85,
    }),
    most(`memory ${at}, under load, the process's own`, memory.ownMiB, ['MiB', 512]),
    most('— with the program and mapped files of the database', memory.residentMiB, ['MiB', 512]),
    most(`start ${at}, after a clean stop, until a receipt is served`, startMs / 1000, ['s', 2]),
    most(`start ${at}, after kill -9, until a receipt is served`, restartMs / 1000, ['s', 5]),
    most(`disk ${at}, against entries and tiles`, disk.factor, ['×', 1.5]),
    baseline(`disk for an entry of ${entryBytes} bytes`, 'bytes', [disk.perEntry]),
  ];
}

interface Reads {
  readonly count: number;
  readonly round: number;
  /** As fast as they are answered where undefined. */
  readonly perSecond: number | undefined;
}

/** The 99th percentile of the milliseconds in which receipts are served. */
async function measureReads(
  { rig, generator, hashes }: OpenBench,
  { count, round, perSecond }: Reads,
): Promise<number> {
  // Spread over the log, and in each round others, as far as there are so many.
  const [step, first] = [hashes.length / count, round / (WARM_UPS + READ_ROUNDS)];
  const paths = Array.from({ length: count }, (_, i) => {
    const hash = hashes[Math.floor((i + first) * step)] as string;
    return `/v1/receipts/${hash}?state=committed`;
  });
  const sent = await generator.send({
    url: rig.url,
    connections: READ_CONNECTIONS,
    entries: 0,
    ...(perSecond === undefined ? {} : { perSecond }),
    paths,
    sampleEvery: count,
  });
  if (sent.statuses['200'] !== count) throw new Error(`answered ${JSON.stringify(sent.statuses)}`);
  return percentile(sent.times, 0.99);
}

/** How many times the entries' own bytes and their tiles the database takes. */
async function measureDisk(
  { rig }: Bench,
  entryBytes: number,
): Promise<{ factor: number; perEntry: number; size: number }> {
  const size = await readSize(rig.url);
  let hashes = 0;
  for (let level = 0; hashesOnLevel(level, size) > 0; level++) hashes += hashesOnLevel(level, size);
  const taken = await bytesOf(join(rig.data, 'db'));
  return { size, perEntry: taken / size, factor: taken / (size * entryBytes + hashes * 32) };
}

export interface ProcessState {
  /** Since it was asked last. */
  readonly loopDelayP99Ms: number;
  readonly cpuSeconds: number;
}

/** What the log process says of itself. */
export async function readProcessState(url: string): Promise<ProcessState> {
  const read = await readMetrics(url);
  return {
    loopDelayP99Ms: read('nodejs_eventloop_lag_p99_seconds') * 1000,
    cpuSeconds: read('process_cpu_seconds_total'),
  };
}

async function readMetrics(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return (name) => {
    const value = new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`Expected a metric ${name}.`);
    return Number(value);
  };
}

/** Waits until a log that was started has hashed all of its entries again: that is work beside every other. */
export async function waitForScrub(url: string): Promise<void> {
  const scrubbed = async (): Promise<number> =>
    (await readMetrics(url))('attestry_log_scrubbed_entries_total');
  for (let before = -1, now = await scrubbed(); now > before; now = await scrubbed()) {
    before = now;
    await sleep(500);
  }
}

async function readSize(url: string): Promise<number> {
  const { size } = (await (await fetch(`${url}/v1/log`)).json()) as { size: number };
  return size;
}

async function bytesOf(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
