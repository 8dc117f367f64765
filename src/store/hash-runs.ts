/**
 * Runs of consecutive entries, in which a log's entries are looked up by their hash. A run is complete before any of its
 * look-up rows is written, so each row is written once and none is ever written anew, however large the log grows. Runs grow
 * with the log: there are 64 of the first length, then 32 for each doubling.
 */

/** Entries of each of the first runs. A power of two, as all lengths are. */
export const FIRST_RUN = 32_768;
const RUNS_EACH_DOUBLING = 32;
/** In the mean, as hashes are even. */
export const HASHES_PER_ROW = 16;

export interface HashRun {
  /** Its first entry, a multiple of the length. */
  readonly start: number;
  readonly length: number;
  /** Runs of one length. */
  readonly generation: number;
  /** Among those of its generation. */
  readonly number: number;
}

/** The run in which the entry at `index` stands, or is to stand. */
export function runAt(index: number, firstRun: number = FIRST_RUN): HashRun {
  let generation = 0;
  while (index >= startOf(generation + 1, firstRun)) generation++;
  const length = firstRun * 2 ** generation;
  const number = Math.floor((index - startOf(generation, firstRun)) / length);
  return runOf(generation, number, firstRun);
}

/** The run with this number, from 0 on, in its generation. */
export function runOf(generation: number, number: number, firstRun: number = FIRST_RUN): HashRun {
  const length = firstRun * 2 ** generation;
  return { start: startOf(generation, firstRun) + number * length, length, generation, number };
}

/** All runs that begin below `size`, the oldest first. */
export function runsBelow(size: number, firstRun: number = FIRST_RUN): HashRun[] {
  const runs: HashRun[] = [];
  for (let start = 0; start < size; start += runs.at(-1)?.length ?? 0) {
    runs.push(runAt(start, firstRun));
  }
  return runs;
}

/** The first entry after all runs of a generation. */
export function endOfGeneration(generation: number, firstRun: number = FIRST_RUN): number {
  return startOf(generation + 1, firstRun);
}

/** Entries of all runs of a generation. */
export function entriesOfGeneration(generation: number, firstRun: number = FIRST_RUN): number {
  return endOfGeneration(generation, firstRun) - startOf(generation, firstRun);
}

/** The first entry of a generation's first run. */
function startOf(generation: number, firstRun: number): number {
  return generation === 0 ? 0 : RUNS_EACH_DOUBLING * firstRun * 2 ** generation;
}

/** Rows of a run come with entries of the run after it, spread over all of it; this one with the entry at this index. */
export function comesWith(run: HashRun, row: number, firstRun: number = FIRST_RUN): number {
  const after = runAt(run.start + run.length, firstRun);
  return after.start + (row + 1) * entriesPerRow(run, after) - 1;
}

/** How many entries of the run `after` go by for each row of the run before it. */
export function entriesPerRow(run: HashRun, after: HashRun): number {
  return (HASHES_PER_ROW * after.length) / run.length;
}

/** Which of the run's rows is for this hash: rows divide the range of its first four bytes evenly. */
export function rowNumber(run: HashRun, hash: Uint8Array): number {
  return partOf(hash, 0, run.length / HASHES_PER_ROW);
}

/** In which of so many even parts of the range of its first four bytes the hash lies that begins in `bytes` at `at`. */
export function partOf(bytes: Uint8Array, at: number, parts: number): number {
  return Math.floor(((wordAt(bytes, at) >>> 0) / 2 ** 32) * parts);
}

/** Four bytes, big-endian, as a signed integer. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
