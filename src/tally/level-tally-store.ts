/** The tally store on LevelDB: inner nodes by prefix, leaves by key, the state and the notes. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { bytesEqual } from '../core/bytes/equal.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../core/bytes/json.ts';
import { anyText, object, type Reader, readShape } from '../core/bytes/shape.ts';
import type { Branch, TallyInner, TallyLeaf } from '../core/tally/node.ts';
import { type LevelFolder, openLevelFolder } from '../store/level-folder.ts';
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

// The upper nodes are on every path. 8,000 of them take about 14 MiB; with more, growth is no faster.
const KEPT_INNERS = 8000;
// A view lives for seconds and serves a few proofs.
const KEPT_INNERS_OF_VIEW = 2000;
const ROWS_AT_ONCE = 1000;

const PAIR: Reader<TallyPair> = object<TallyPair>({ checkpoint: anyText, tally: anyText });

/** @throws STORE_LOCKED, STORE_CORRUPT, STORE_FAILED */
export async function openLevelTallyStore(folder: string): Promise<TallyStore> {
  return new LevelTallyStore(await openLevelFolder(folder));
}

class LevelTallyReader implements TallyReader {
  readonly #db: LevelFolder;
  readonly #snapshot: Snapshot | undefined;
  readonly #inners: LRUCache<string, TallyInner>;

  constructor(db: LevelFolder, kept: number, snapshot?: Snapshot) {
    this.#db = db;
    this.#inners = new LRUCache({ max: kept });
    this.#snapshot = snapshot;
  }

  state(): TallyState {
    const row = this.get(STATE_KEY);
    return row === undefined ? { size: 0, root: undefined } : decodeState(row);
  }

  inner(branch: Branch): TallyInner {
    const name = nameOf(branch.prefix);
    const kept = this.#inners.get(name);
    if (kept !== undefined && bytesEqual(kept.branch.hash, branch.hash)) return kept;
    const row = this.get(innerKey(branch.prefix));
    if (row === undefined) throw storeCorrupt('A node of the tally is gone');
    const inner = decodeInner(branch, row);
    this.#inners.set(name, inner);
    return inner;
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
      const value = this.#db.getSync(
        key,
        this.#snapshot === undefined ? {} : { snapshot: this.#snapshot },
      );
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

  constructor(db: LevelFolder) {
    this.#db = db;
    this.#reader = new LevelTallyReader(db, KEPT_INNERS);
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
    const reader = new LevelTallyReader(this.#db, KEPT_INNERS_OF_VIEW, snapshot);
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
    if (row === undefined) return undefined;
    try {
      return readShape('STORE_CORRUPT', PAIR, parseCanonicalJson(row));
    } catch (cause) {
      throw storeCorrupt('The notes of the tally are damaged', cause);
    }
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
    await this.#db.close();
  }
}

function* rowsOf({ leaves, inners, ...state }: TallyCommit): Generator<Row> {
  for (const leaf of leaves) yield { key: leafKey(leaf.key), value: encodeLeaf(leaf) };
  for (const inner of inners) {
    yield { key: innerKey(inner.branch.prefix), value: encodeInner(inner) };
  }
  yield { key: STATE_KEY, value: encodeState(state) };
}
