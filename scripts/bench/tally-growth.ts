/** How a tally grows: insertions a second, proofs and their verification, and memory, at several sizes on a real store. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { parseTime } from '../../src/core/bytes/time.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import { encodeKey, hourOf } from '../../src/core/tally/key.ts';
import { EMPTY_TALLY, type TallyLeaf } from '../../src/core/tally/node.ts';
import { type Question, verifyTally } from '../../src/core/tally/proof.ts';
import { decodeTallyProof, encodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { type ProveInput, proveTally } from '../../src/core/tally/prove.ts';
import { questionsAbout, type UsageRange } from '../../src/core/tally/questions.ts';
import { commitLeaves } from '../../src/tally/leaf-commit.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import type { TallyStore } from '../../src/tally/tally-store.ts';

/** A proof of one question: encoded bytes, and the median milliseconds to make, and to decode and verify it. */
export interface ProofFigure {
  readonly bytes: number;
  readonly leaves: number;
  readonly proveMs: number;
  readonly verifyMs: number;
}

export interface TallyGrowthRow {
  readonly size: number;
  /** Leaves taken in a second, over the whole growth from nothing. */
  readonly insertionsPerSecond: number;
  /** The same over the last tenth alone. */
  readonly lastInsertionsPerSecond: number;
  /** Processor time of all threads for one insertion, over the whole growth; what other processes do does not count. */
  readonly cpuMicroseconds: number;
  /** Everything about a model with 100 statements. */
  readonly everything: ProofFigure;
  /** One sum of a model's usage over 720 hours. */
  readonly total: ProofFigure;
  /** 720 sums, one an hour. */
  readonly hourly: ProofFigure;
  /** The most memory the process held while it grew and proved. */
  readonly peakRssBytes: number;
}

/** As many as the follower takes in one commit. */
const STEP = 4096;
const RUNS = 9;
const MODELS = 1000;
const HOURS = 720;
const LISTED = 100;
const START = '2026-10-01T00:00:00Z';
const END = '2026-10-31T00:00:00Z';
const FIRST_HOUR = hourOf(parseTime(START));

/** One row a size, each on a fresh store in a temporary folder. `told` hears of each size as it begins. */
export async function measureTallyGrowth(
  sizes: readonly number[],
  told: (size: number) => void = () => {},
): Promise<TallyGrowthRow[]> {
  const rows: TallyGrowthRow[] = [];
  for (const size of sizes) {
    told(size);
    const folder = await mkdtemp(join(tmpdir(), 'attestry-tally-'));
    const store = await openLevelTallyStore(folder);
    try {
      rows.push(await measureSize(store, size));
    } finally {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

async function measureSize(store: TallyStore, size: number): Promise<TallyGrowthRow> {
  let peakRssBytes = 0;
  const note = (): void => {
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
  };
  const lastTenth = Math.floor(size * 0.9);
  const first = await grow(store, { from: 0, to: lastTenth, size }, note);
  const last = await grow(store, { from: lastTenth, to: size, size }, note);
  const seconds = first.seconds + last.seconds;
  const range = (by: UsageRange['by']): UsageRange => ({ from: START, to: END, by });
  const everything = measureProof(store, questionsAbout(MODEL_LISTED, null));
  const total = measureProof(store, questionsAbout(MODEL_BUSY, range('total')));
  const hourly = measureProof(store, questionsAbout(MODEL_BUSY, range('hour')));
  note();
  return {
    size,
    insertionsPerSecond: size / seconds,
    lastInsertionsPerSecond: (size - lastTenth) / last.seconds,
    cpuMicroseconds: (first.cpuMicroseconds + last.cpuMicroseconds) / size,
    everything,
    total,
    hourly,
    peakRssBytes,
  };
}

/** What it takes, without making the leaves. */
async function grow(
  store: TallyStore,
  span: { readonly from: number; readonly to: number; readonly size: number },
  afterStep: () => void,
): Promise<{ seconds: number; cpuMicroseconds: number }> {
  let seconds = 0;
  let cpuMicroseconds = 0;
  for (let from = span.from; from < span.to; from += STEP) {
    const to = Math.min(span.to, from + STEP);
    const leaves = Array.from({ length: to - from }, (_, i) => leafAt(from + i, span.size));
    const started = performance.now();
    const cpu = process.cpuUsage();
    await commitLeaves(store, { size: to, leaves });
    seconds += (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    cpuMicroseconds += user + system;
    afterStep();
  }
  return { seconds, cpuMicroseconds };
}

function measureProof(store: TallyStore, questions: readonly Question[]): ProofFigure {
  const { root: top } = store.state();
  const root = top?.hash ?? EMPTY_TALLY;
  const reads: Omit<ProveInput, 'questions'> = {
    root: top,
    readInner: (branch) => store.inner(branch),
    readLeaf: (branch) => store.leaf(branch),
  };
  const made = Array.from({ length: RUNS }, () =>
    timed(() => encodeTallyProof(proveTally({ ...reads, questions }))),
  );
  const bytes = (made[0] as (typeof made)[number]).value;
  const verified = Array.from({ length: RUNS }, () =>
    timed(() => verifyTally({ root, questions, proof: decodeTallyProof(bytes) })),
  );
  const answers = (verified[0] as (typeof verified)[number]).value;
  return {
    bytes: bytes.length,
    leaves: answers.reduce((sum, { count }) => sum + count, 0),
    proveMs: median(made.map(({ ms }) => ms)),
    verifyMs: median(verified.map(({ ms }) => ms)),
  };
}

const MODELS_HEX = Array.from({ length: MODELS }, (_, i) =>
  encodeHex(sha256(encodeUtf8(`model ${i}`))),
);
const MODEL_LISTED = encodeHex(sha256(encodeUtf8('model that is listed')));
const MODEL_BUSY = encodeHex(sha256(encodeUtf8('model that is busy')));

/** Usage as a log sees it: hours go forward; a tenth is about one busy model, exactly a hundred about the listed one. */
function leafAt(index: number, size: number): TallyLeaf {
  const entryHash = sha256(encodeUtf8(`entry ${index}`));
  const random = new DataView(entryHash.buffer, entryHash.byteOffset).getUint32(0);
  const hour = FIRST_HOUR + Math.floor((index * HOURS) / size);
  const sums = [1n + BigInt(random % 50), 70_000n, 20_000n, 0n, BigInt(random % 9000), 200n, 3n];
  return {
    key: encodeKey({ model: modelAt(index, size, random), kind: 'usage', hour, index }),
    entryHash,
    sums,
  };
}

function modelAt(index: number, size: number, random: number): string {
  if (index % Math.floor(size / LISTED) === 0 && index < Math.floor(size / LISTED) * LISTED)
    return MODEL_LISTED;
  return random % 10 === 0 ? MODEL_BUSY : (MODELS_HEX[random % MODELS] as string);
}

function timed<T>(run: () => T): { value: T; ms: number } {
  const started = performance.now();
  const value = run();
  return { value, ms: performance.now() - started };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
