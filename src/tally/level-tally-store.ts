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
import type { TallyCommit, TallyPair, TallyState, TallyStore } from './tally-store.ts';

const INNER = Uint8Array.of(0x6e);
const LEAF = Uint8Array.of(0x6c);
const STATE_KEY: Uint8Array = Uint8Array.of(0x68);
const PAIR_KEY: Uint8Array = Uint8Array.of(0x70);
// The upper nodes are on every path; 20,000 of them are about 20 MiB.
const KEPT_INNERS = 20_000;

const anyText: Reader<string> = (value) => (typeof value === 'string' ? value : '');
const PAIR: Reader<TallyPair> = object<TallyPair>({ checkpoint: anyText, tally: anyText });

/** @throws STORE_LOCKED, STORE_CORRUPT, STORE_FAILED */
export async function openLevelTallyStore(folder: string): Promise<TallyStore> {
  return new LevelTallyStore(await openLevelFolder(folder));
}

class LevelTallyStore implements TallyStore {
  readonly #db: LevelFolder;
  readonly #writes = new WriteQueue();
  readonly #inners = new LRUCache<string, TallyInner>({ max: KEPT_INNERS });

  constructor(db: LevelFolder) {
    this.#db = db;
  }

  state(): TallyState {
    const row = this.#get(STATE_KEY);
    if (row === undefined) return { size: 0, root: undefined };
    const size = Number(new DataView(row.buffer, row.byteOffset).getBigUint64(0));
    return { size, root: row.length === 8 ? undefined : decodeBranch(row.subarray(8)) };
  }

  inner(prefix: Prefix): TallyInner {
    const key = concatBytes(INNER, encodePrefix(prefix));
    const name = Buffer.from(key).toString('latin1');
    const kept = this.#inners.get(name);
    if (kept !== undefined) return kept;
    const row = this.#get(key);
    if (row === undefined) throw storeCorrupt('A node of the tally is gone');
    const inner = decodeInner(prefix, row);
    this.#inners.set(name, inner);
    return inner;
  }

  leaf(key: Uint8Array): TallyLeaf {
    const row = this.#get(concatBytes(LEAF, key));
    if (row === undefined) throw storeCorrupt('A leaf of the tally is gone');
    return decodeLeaf(key, row);
  }

  async commit({ size, root, leaves, inners }: TallyCommit): Promise<void> {
    const sizeRow = new Uint8Array(8);
    new DataView(sizeRow.buffer).setBigUint64(0, BigInt(size));
    const rows = [
      ...leaves.map((leaf) => put(concatBytes(LEAF, leaf.key), encodeLeaf(leaf))),
      ...inners.map((inner) =>
        put(concatBytes(INNER, encodePrefix(inner.prefix)), encodeInner(inner)),
      ),
      put(STATE_KEY, root === undefined ? sizeRow : concatBytes(sizeRow, encodeBranch(root))),
    ];
    await this.#writes.run('commit to the tally', () => this.#db.batch(rows));
    for (const inner of inners) {
      const name = Buffer.from(concatBytes(INNER, encodePrefix(inner.prefix))).toString('latin1');
      this.#inners.set(name, inner);
    }
  }

  pair(): TallyPair | undefined {
    const row = this.#get(PAIR_KEY);
    return row && readShape('STORE_CORRUPT', PAIR, parseCanonicalJson(row));
  }

  async putPair(pair: TallyPair): Promise<void> {
    const row = formatCanonicalJson({ ...pair });
    await this.#writes.run('keep the tally note', () =>
      this.#db.put(PAIR_KEY, row, { sync: true }),
    );
  }

  async clear(): Promise<void> {
    this.#inners.clear();
    await this.#writes.run('clear the tally', () => this.#db.clear());
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#db.close();
  }

  #get(key: Uint8Array): Uint8Array | undefined {
    try {
      const value = this.#db.getSync(key);
      return value && new Uint8Array(value.buffer, value.byteOffset, value.length);
    } catch (error) {
      throw storeFailure('read from the tally', error);
    }
  }
}

function put(
  key: Uint8Array,
  value: Uint8Array,
): { type: 'put'; key: Uint8Array; value: Uint8Array } {
  return { type: 'put', key, value };
}
