/** The tally store on LevelDB: inner nodes by prefix, leaves by key, the state and the notes. */
import { LRUCache } from 'lru-cache';
import { concatBytes } from '../core/bytes/equal.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../core/bytes/json.ts';
import { object, type Reader, readShape } from '../core/bytes/shape.ts';
import type { Prefix } from '../core/tally/key.ts';
import type { TallyInner, TallyLeaf } from '../core/tally/node.ts';
import { type LevelFolder, openLevelFolder } from '../store/level-folder.ts';
import { storeCorrupt, storeFailure } from '../store/store-failure.ts';
import { WriteQueue } from '../store/write-queue.ts';
import {
  decodeBranch,
  decodeInner,
  decodeLeaf,
  encodeBranch,
  encodeInner,
  encodeLeaf,
  encodePrefix,
} from './tally-rows.ts';
import type {
  TallyCommit,
  TallyPair,
  TallyReader,
  TallyState,
  TallyStore,
  TallyView,
} from './tally-store.ts';

type Snapshot = ReturnType<LevelFolder['snapshot']>;

const INNER = Uint8Array.of(0x6e);
const LEAF = Uint8Array.of(0x6c);
const STATE_KEY: Uint8Array = Uint8Array.of(0x68);
const PAIR_KEY: Uint8Array = Uint8Array.of(0x70);
// The upper nodes are on every path; 20,000 of them are about 20 MiB.
const KEPT_INNERS = 20_000;
// A view lives for seconds and serves a few proofs.
const KEPT_INNERS_OF_VIEW = 2_000;

const anyText: Reader<string> = (value) => (typeof value === 'string' ? value : '');
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
    if (row === undefined) return { size: 0, root: undefined };
    if (row.length < 8) throw storeCorrupt('The state of the tally is damaged');
    const size = Number(new DataView(row.buffer, row.byteOffset).getBigUint64(0));
    return { size, root: row.length === 8 ? undefined : decodeBranch(row.subarray(8)) };
  }

  inner(prefix: Prefix): TallyInner {
    const kept = this.#inners.get(nameOf(prefix));
    if (kept !== undefined) return kept;
    const row = this.get(innerKey(prefix));
    if (row === undefined) throw storeCorrupt('A node of the tally is gone');
    const inner = decodeInner(prefix, row);
    this.keep(inner);
    return inner;
  }

  leaf(key: Uint8Array): TallyLeaf {
    const row = this.get(concatBytes(LEAF, key));
    if (row === undefined) throw storeCorrupt('A leaf of the tally is gone');
    return decodeLeaf(key, row);
  }

  keep(inner: TallyInner): void {
    this.#inners.set(nameOf(inner.prefix), inner);
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

  inner(prefix: Prefix): TallyInner {
    return this.#reader.inner(prefix);
  }

  leaf(key: Uint8Array): TallyLeaf {
    return this.#reader.leaf(key);
  }

  view(): TallyView {
    const snapshot = this.#db.snapshot();
    const reader = new LevelTallyReader(this.#db, KEPT_INNERS_OF_VIEW, snapshot);
    return {
      state: () => reader.state(),
      inner: (prefix) => reader.inner(prefix),
      leaf: (key) => reader.leaf(key),
      close: () => snapshot.close(),
    };
  }

  async commit({ size, root, leaves, inners }: TallyCommit): Promise<void> {
    const sizeRow = new Uint8Array(8);
    new DataView(sizeRow.buffer).setBigUint64(0, BigInt(size));
    const rows = [
      ...leaves.map((leaf) => put(concatBytes(LEAF, leaf.key), encodeLeaf(leaf))),
      ...inners.map((inner) => put(innerKey(inner.prefix), encodeInner(inner))),
      put(STATE_KEY, root === undefined ? sizeRow : concatBytes(sizeRow, encodeBranch(root))),
    ];
    await this.#writes.run('commit to the tally', () => this.#db.batch(rows));
    for (const inner of inners) this.#reader.keep(inner);
  }

  pair(): TallyPair | undefined {
    const row = this.#reader.get(PAIR_KEY);
    return row && readShape('STORE_CORRUPT', PAIR, parseCanonicalJson(row));
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

function innerKey(prefix: Prefix): Uint8Array {
  return concatBytes(INNER, encodePrefix(prefix));
}

function nameOf(prefix: Prefix): string {
  return Buffer.from(encodePrefix(prefix)).toString('latin1');
}

function put(
  key: Uint8Array,
  value: Uint8Array,
): { type: 'put'; key: Uint8Array; value: Uint8Array } {
  return { type: 'put', key, value };
}
