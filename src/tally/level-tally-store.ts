/** The tally store on LevelDB: inner nodes by prefix, leaves by key, the state and the notes. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { bytesEqual } from '../core/bytes/equal.ts';
import { formatCanonicalJson } from '../core/bytes/json.ts';
import { anyText, object, type Reader } from '../core/bytes/shape.ts';
import type { Branch, TallyInner, TallyLeaf } from '../core/tally/node.ts';
import { type Disk, SYSTEM_DISK } from '../store/disk.ts';
import { closeLevelFolder, type LevelFolder } from '../store/level-folder.ts';
import { decodeJsonRow } from '../store/rows.ts';
import { storeCorrupt, storeFailure } from '../store/store-failure.ts';
import { WriteQueue } from '../store/write-queue.ts';
import {
  decodeInner,
  decodeLeaf,
  decodeState,
  encodeInner,
  encodeLeaf,
  encodeState,
  innerKey,
  leafKey,
  nameOf,
  PAIR_KEY,
  STATE_KEY,
} from './tally-rows.ts';
import type {
  TallyCommit,
  TallyPair,
  TallyReader,
  TallyState,
  TallyStore,
  TallyView,
} from './tally-store.ts';

interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

type Snapshot = ReturnType<LevelFolder['snapshot']>;

// The upper nodes, and the youngest of each of a thousand models: with more, growth is hardly faster.
const KEPT_INNERS = 8_000;
// A view lives for seconds and serves a few proofs.
const KEPT_INNERS_OF_VIEW = 2000;
const ROWS_AT_ONCE = 1000;

const PAIR: Reader<TallyPair> = object<TallyPair>({ checkpoint: anyText, tally: anyText });

export interface LevelTallyOptions {
  /** Inner nodes kept in memory, about 1.7 KiB each. Default 8,000. */
  readonly keptInners?: number;
  /** The machine's own unless told. */
  readonly disk?: Disk;
}

/** @throws STORE_LOCKED, STORE_CORRUPT, STORE_FAILED */
export async function openLevelTallyStore(
  folder: string,
  { keptInners = KEPT_INNERS, disk = SYSTEM_DISK }: LevelTallyOptions = {},
): Promise<TallyStore> {
  return new LevelTallyStore(await disk.openLevel(folder), keptInners);
}

interface ReaderOptions {
  /** Inner nodes kept in memory. */
  readonly kept: number;
  /** What to read; the newest rows unless told. */
  readonly snapshot?: Snapshot;
  /** Whose nodes in memory are as good as one's own: a branch's hash says which version it means. */
  readonly beside?: LevelTallyReader;
}

class LevelTallyReader implements TallyReader {
  readonly #db: LevelFolder;
  readonly #options: ReaderOptions;
  readonly #inners: LRUCache<string, TallyInner>;

  constructor(db: LevelFolder, options: ReaderOptions) {
    this.#db = db;
    this.#options = options;
    // By size, each of 1: with `max`, every view would make room for all of them at once.
    this.#inners = new LRUCache({ maxSize: options.kept, sizeCalculation: () => 1 });
  }

  state(): TallyState {
    const row = this.get(STATE_KEY);
    return row === undefined ? { size: 0, root: undefined } : decodeState(row);
  }

  inner(branch: Branch): TallyInner {
    const kept = this.kept(branch) ?? this.#options.beside?.kept(branch);
    if (kept !== undefined) return kept;
    const row = this.get(innerKey(branch.prefix));
    if (row === undefined) throw storeCorrupt('A node of the tally is gone');
    const inner = decodeInner(branch, row);
    this.keep(inner);
    return inner;
  }

  /** The node, if it is in memory in the version that the branch means. */
  kept(branch: Branch): TallyInner | undefined {
    const inner = this.#inners.get(nameOf(branch.prefix));
    return inner && bytesEqual(inner.branch.hash, branch.hash) ? inner : undefined;
  }

  leaf(branch: Branch): TallyLeaf {
    const row = this.get(leafKey(branch.prefix.bits));
    if (row === undefined) throw storeCorrupt('A leaf of the tally is gone');
    return decodeLeaf(branch, row);
  }

  keep(inner: TallyInner): void {
    this.#inners.set(nameOf(inner.branch.prefix), inner);
  }

  forget(): void {
    this.#inners.clear();
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      const { snapshot } = this.#options;
      const value = this.#db.getSync(key, snapshot === undefined ? {} : { snapshot });
      return value && new Uint8Array(value.buffer, value.byteOffset, value.length);
    } catch (error) {
      throw storeFailure('read from the tally', error);
    }
  }
}

class LevelTallyStore implements TallyStore {
  readonly #db: LevelFolder;
  readonly #writes = new WriteQueue();
  readonly #reader: LevelTallyReader;

  constructor(db: LevelFolder, kept: number) {
    this.#db = db;
    this.#reader = new LevelTallyReader(db, { kept });
  }

  state(): TallyState {
    return this.#reader.state();
  }

  inner(branch: Branch): TallyInner {
    return this.#reader.inner(branch);
  }

  leaf(branch: Branch): TallyLeaf {
    return this.#reader.leaf(branch);
  }

  view(): TallyView {
    const snapshot = this.#db.snapshot();
    const kept = KEPT_INNERS_OF_VIEW;
    const reader = new LevelTallyReader(this.#db, { kept, snapshot, beside: this.#reader });
    return {
      state: () => reader.state(),
      inner: (branch) => reader.inner(branch),
      leaf: (branch) => reader.leaf(branch),
      close: () => snapshot.close(),
    };
  }

  async commit(commit: TallyCommit): Promise<void> {
    await this.#writes.run('commit to the tally', () => this.#write(rowsOf(commit)));
    for (const inner of commit.inners) this.#reader.keep(inner);
  }

  /** All rows or none; they are gathered in pieces, between which others have a turn. */
  async #write(rows: Iterable<Row>): Promise<void> {
    const batch = this.#db.batch();
    let gathered = 0;
    for (const { key, value } of rows) {
      batch.put(key, value);
      if (++gathered % ROWS_AT_ONCE === 0) await nextTurn();
    }
    await batch.write();
  }

  pair(): TallyPair | undefined {
    const row = this.#reader.get(PAIR_KEY);
    return row && decodeJsonRow(PAIR, row, 'The pair of notes of the tally');
  }

  async putPair(pair: TallyPair): Promise<void> {
    const row = formatCanonicalJson({ ...pair });
    await this.#writes.run('keep the tally note', () =>
      this.#db.put(PAIR_KEY, row, { sync: true }),
    );
  }

  async clear(): Promise<void> {
    this.#reader.forget();
    await this.#writes.run('clear the tally', () => this.#db.clear());
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await closeLevelFolder(this.#db);
  }
}

function* rowsOf({ leaves, inners, ...state }: TallyCommit): Generator<Row> {
  for (const leaf of leaves) yield { key: leafKey(leaf.key), value: encodeLeaf(leaf) };
  for (const inner of inners) {
    yield { key: innerKey(inner.branch.prefix), value: encodeInner(inner) };
  }
  yield { key: STATE_KEY, value: encodeState(state) };
}
