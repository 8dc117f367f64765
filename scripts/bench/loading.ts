/**
 * A log of a size that no one would wait for over HTTP: entries are committed through the log's own sequencer, published by
 * its witnesses and tallied, as in a log process, without checking their signatures and without the network between.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLogPart, openTallyPart } from '../../nodes/log-part.ts';
import { Parts } from '../../nodes/process.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { admitStatement, openEntry } from '../../src/core/statement/admission.ts';
import { AttestryError } from '../../src/errors.ts';
import { leafHashBySystem } from '../../src/keys/openssl-hash.ts';
import type { Log } from '../../src/log/log.ts';
import type { LogTally } from '../../src/log/log-tally.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { entryPieces } from './entry-pieces.ts';
import type { Rig } from './rig.ts';

const WITNESS_TIMEOUT_MS = 30_000;
/** The next one is admitted while the one before is synced. */
const PIECES_UNDER_WAY = 2;
/** So far back the leaves for the tally are at hand, and entries need not be read again. */
const MOST_BEHIND = 4_096;
const TELL_EVERY_MS = 10_000;
const SAMPLES = 4_000;

export interface Loaded {
  readonly size: number;
  /** Entries a second: made, admitted, committed, published and tallied; undefined where all were there. */
  readonly rate: number | undefined;
  /** Hashes of some entries of the whole log. */
  readonly hashes: readonly string[];
}

type Tell = (line: string) => void;

/** Brings the stopped log of a rig to the size, if it is not there; goes on from where an earlier load was ended. */
export async function loadLog(rig: Rig, size: number, tell: Tell): Promise<Loaded> {
  const before = await withStore(rig, (store) => store.head()?.size ?? 0);
  const started = performance.now();
  if (before < size) await grow(rig, size, tell);
  const seconds = (performance.now() - started) / 1000;
  const hashes = await withStore(rig, (store) => {
    const count = Math.min(SAMPLES, size);
    return Array.from({ length: count }, (_, i) => {
      const entry = store.entry(Math.floor((i * size) / count));
      if (entry === undefined) throw new RangeError(`Expected ${size} entries.`);
      return encodeHex(leafHashBySystem(entry));
    });
  });
  const rate = before < size ? (size - before) / seconds : undefined;
  return { size: Math.max(before, size), rate, hashes };
}

async function grow(rig: Rig, size: number, tell: Tell): Promise<void> {
  const { signer, trust, data, source } = rig;
  const parts = new Parts();
  try {
    const opened = await openLogPart(parts, {
      signer,
      takeTrust: async () => trust,
      data,
      witnessTimeoutMs: WITNESS_TIMEOUT_MS,
    });
    const { log } = opened;
    const tally = await openTallyPart(parts, opened, {
      signer,
      folder: join(data, 'tally'),
      readEntries: (start, end) => log.reader.entries(start, end),
      findLeaves: (start, end) => log.freshLeaves(start, end),
    });
    const progress = new Progress(log.size, size, tell);
    const underWay: Promise<unknown>[] = [];
    // Numbered by their places, and dated: no two are alike.
    for await (const entries of entryPieces(source, log.size, size)) {
      underWay.push(commitAll(rig, log, entries));
      if (underWay.length >= PIECES_UNDER_WAY) await underWay.shift();
      await talliedUpTo(tally, log.size - MOST_BEHIND);
      progress.tell(log.size);
    }
    await Promise.all(underWay);
    await talliedUpTo(tally, size);
  } finally {
    await parts.close();
  }
}

async function commitAll({ trust }: Rig, log: Log, entries: readonly Uint8Array[]): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const admitted = entries.map((entry) =>
    admitStatement(openEntry(entry, trust, leafHashBySystem), { trust, origin: log.origin, now }),
  );
  for (const placed of await log.commitMany(admitted)) {
    if (placed instanceof AttestryError) throw placed;
  }
}

async function talliedUpTo(tally: LogTally, size: number): Promise<void> {
  while (tally.status.size < size) await sleep(10);
}

class Progress {
  readonly #from: number;
  readonly #to: number;
  readonly #tell: Tell;
  readonly #started = performance.now();
  #told = performance.now();

  constructor(from: number, to: number, tell: Tell) {
    this.#from = from;
    this.#to = to;
    this.#tell = tell;
  }

  tell(size: number): void {
    const now = performance.now();
    if (now - this.#told < TELL_EVERY_MS) return;
    this.#told = now;
    const rate = (size - this.#from) / ((now - this.#started) / 1000);
    this.#tell(`${size} of ${this.#to} entries, ${rate.toFixed(0)} a second`);
  }
}

type Store = Awaited<ReturnType<typeof openLevelLogStore>>;

/** Of a log that is stopped. */
export async function withStore<T>({ data }: Rig, use: (store: Store) => T): Promise<T> {
  const store = await openLevelLogStore(join(data, 'db'));
  try {
    return use(store);
  } finally {
    await store.close();
  }
}
