/** The log store on LevelDB. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { encodeHex } from '../core/bytes/hex.ts';
import { count, digest, object } from '../core/bytes/shape.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { rootFromTiles } from '../core/merkle/tile.ts';
import type { StreamState } from '../core/statement/stream.ts';
import { putRows, verifyLookUps } from './commit-rows.ts';
import { type Disk, SYSTEM_DISK } from './disk.ts';
import { EntryReader } from './entry-reader.ts';
import { HashIndex, type StoredHashes } from './hash-index.ts';
import { findMisplaced } from './hash-replay.ts';
import { decodeHeads } from './head-row.ts';
import { type KeptTables, keptTablesIn } from './kept-tables.ts';
import { closeLevelFolder, type LevelFolder } from './level-folder.ts';
import * as keys from './level-keys.ts';
import { eachRow, getRow, readFailure, scanRows } from './level-reads.ts';
import type {
  CheckpointState,
  Head,
  LogCommit,
  LogStore,
  Misplaced,
  ModelMention,
  StoredCheckpoint,
} from './log-store.ts';
import { decodeJsonRow, decodeTextRow, numberIn } from './rows.ts';
import { storeCorrupt, storeFailure } from './store-failure.ts';
import { claimFormat } from './store-format.ts';
import {
  checkCommit,
  checkContinuation,
  checkNumber,
  checkTilePlace,
  FIRST_MODEL,
  hasTile,
  MENTIONS_PER_PAGE,
  MODELS_PER_PAGE,
} from './store-rules.ts';
import { tileReader } from './tile-reader.ts';
import { WriteQueue } from './write-queue.ts';

// Without `sync` LevelDB answers before the write is on disk, and a power cut takes back what was acknowledged.
const SYNCED = { sync: true } as const;
const FORMAT = { key: keys.FORMAT_KEY, format: encodeUtf8('attestry log 4'), what: 'a log' };

const STREAM_STATE = object<StreamState>({
  sequence: count,
  digest,
  windowEnd: count,
  model: digest,
});

/**
 * The log store in a folder, which is made if it is not there; one process at a time may hold it.
 * @throws STORE_LOCKED, STORE_FAILED, STORE_CORRUPT, and CONFIG_INVALID for a database of another kind or version
 */
export async function openLevelLogStore(
  folder: string,
  disk: Disk = SYSTEM_DISK,
): Promise<LogStore> {
  const db = await disk.openLevel(folder);
  try {
    await claimFormat(db, folder, FORMAT);
  } catch (error) {
    await db.close();
    throw storeFailure(`read the database in ${folder}`, error);
  }
  return new LevelLogStore(db, keptTablesIn(folder, disk));
}

/** A process that stops has a deadline, and of a billion entries there are gigabytes to keep. */
const LONGEST_KEEP_MS = 3_000;

/** Rows that are asked for again and again. */
const OFTEN_BYTES = 8 * 1024 * 1024;

class LevelLogStore implements LogStore {
  readonly #db: LevelFolder;
  readonly #writes = new WriteQueue();
  readonly #entries: EntryReader;
  /** From the first question or commit on: who reads a log from end to end needs none. */
  #index: HashIndex | undefined;
  readonly #hashes: StoredHashes;
  readonly #kept: KeptTables;
  /**
   * Upper tiles and streams as the database gave them since they were last written. Each is needed for every commit or proof,
   * and lies below all that was written later.
   */
  readonly #often = new LRUCache<string, Uint8Array>({
    maxSize: OFTEN_BYTES,
    sizeCalculation: (row, name) => row.length + name.length,
  });
  /** The largest size of a kept checkpoint, once it has been asked for. */
  readonly #largestKept = new Map<CheckpointState, number>();

  constructor(db: LevelFolder, kept: KeptTables) {
    this.#db = db;
    this.#kept = kept;
    this.#entries = new EntryReader(db, () => this.head());
    this.#hashes = {
      tile: (index) => this.tile(0, index),
      lookUpRow: (index) => getRow(this.#db, keys.lookUpKey(index)),
      rootAt: (size) => rootFromTiles(size, tileReader(this)),
    };
  }

  head(): Head | undefined {
    return this.#heads()[0];
  }

  unkept(): readonly Head[] {
    return this.#heads().slice(1);
  }

  async commit(commit: LogCommit): Promise<void> {
    checkCommit(commit);
    await this.#writes.run('commit to the log', async () => {
      checkContinuation(commit, this);
      const begun = this.#entries.begunRow(commit.from);
      const lookUps = this.#hashIndex().appendAll(commit.entries);
      // Put by put: a list of operations is copied and looked through member by member on its way to the database.
      const batch = this.#db.batch();
      putRows({ commit, begun, lookUps }, (key, value) => void batch.put(key, value));
      await batch.write(SYNCED).finally(() => this.#forgetOld(commit));
      verifyLookUps(lookUps, this.#hashes);
      for (const { size } of commit.before?.checkpoints ?? []) this.#noteKept('committed', size);
    });
  }

  entry(index: number): Uint8Array | undefined {
    if (checkNumber(index) >= this.#size()) return undefined;
    // A copy: a view would hold its whole row in memory.
    return this.entriesSync(index, index + 1)[0]?.slice();
  }

  entriesSync(start: number, end: number): Uint8Array[] {
    return this.#entries.entriesSync(start, end);
  }

  async entries(start: number, end: number): Promise<Uint8Array[]> {
    return await this.#entries.entries(start, end);
  }

  async bundlePieces(start: number, end: number): Promise<Uint8Array[]> {
    return await this.#entries.bundlePieces(start, end);
  }

  bundlePiecesSync(start: number, end: number): Uint8Array[] {
    return this.#entries.bundlePiecesSync(start, end);
  }

  tile(level: number, index: number): Uint8Array | undefined {
    checkTilePlace(level, index);
    const key = keys.tileKey(level, index);
    const row = level === 0 ? getRow(this.#db, key) : this.#getOften(tileName(level, index), key);
    if (row === undefined && hasTile(this.head(), level, index)) {
      throw storeCorrupt(`Tile ${index} of level ${level} is gone`);
    }
    return row;
  }

  middle(index: number): Uint8Array | undefined {
    return getRow(this.#db, keys.middleKey(index));
  }

  ready(): Promise<void> {
    return this.#hashIndex().ready;
  }

  indexOf(entryHash: Uint8Array): number | undefined {
    return this.#hashIndex().find(entryHash);
  }

  async *misplaced(oneIn: number = 1): AsyncGenerator<Misplaced> {
    yield* findMisplaced(this.#hashes, { size: this.#size(), oneIn });
  }

  stream(key: string): StreamState | undefined {
    const row = this.#getOften(key, keys.streamRowKey(key));
    return row === undefined
      ? undefined
      : decodeJsonRow(STREAM_STATE, row, 'The state of a usage stream');
  }

  async *streams(): AsyncGenerator<[string, StreamState]> {
    for await (const [key, row] of eachRow(this.#db, keys.STREAM_RANGE)) {
      yield [
        decodeTextRow(key.subarray(1), 'A text'),
        decodeJsonRow(STREAM_STATE, row, 'The state of a usage stream'),
      ];
    }
  }

  async mentions(
    model: string,
    from: number = 0,
    limit: number = MENTIONS_PER_PAGE,
  ): Promise<ModelMention[]> {
    const range = keys.mentionRange(model, checkNumber(from));
    const rows = await scanRows(this.#db, { ...range, limit: checkNumber(limit) });
    return rows.map(([key, kind]) => ({
      model,
      index: numberIn(key, 1 + HASH_LENGTH),
      kind: decodeTextRow(kind, 'A text'),
    }));
  }

  async models(from: string = FIRST_MODEL, limit: number = MODELS_PER_PAGE): Promise<string[]> {
    checkNumber(limit);
    const found: string[] = [];
    const range = keys.mentionsFrom(from);
    try {
      const iterator = this.#db.keys(range);
      try {
        while (found.length < limit) {
          const key = await iterator.next();
          if (key === undefined) break;
          const model = encodeHex(key.subarray(1, 1 + HASH_LENGTH));
          found.push(model);
          // On to the next model, however many mentions this one has; an index is always below 2^53-1.
          iterator.seek(keys.mentionKey(model, Number.MAX_SAFE_INTEGER));
        }
      } finally {
        await iterator.close();
      }
    } catch (error) {
      throw readFailure(error);
    }
    return found;
  }

  async putCheckpoint(state: CheckpointState, size: number, note: string): Promise<void> {
    const key = keys.checkpointKey(state, size);
    await this.#writes.run(`keep the ${state} checkpoint of size ${size}`, async () => {
      const largest =
        this.#largestKept.get(state) ?? (await this.latestCheckpoint(state))?.size ?? -1;
      this.#largestKept.set(state, largest);
      this.#noteKept(state, size);
      // Of a larger size there is none: not asked for, since what is not there is looked for in every level of the database.
      if (size <= largest && getRow(this.#db, key) !== undefined) return;
      await this.#db.put(key, encodeUtf8(note), SYNCED);
    });
  }

  async checkpointCovering(
    state: CheckpointState,
    index: number,
  ): Promise<StoredCheckpoint | undefined> {
    return this.#checkpoint(keys.checkpointsFrom(state, checkNumber(index) + 1), false);
  }

  async *checkpoints(state: CheckpointState): AsyncGenerator<StoredCheckpoint> {
    for await (const row of eachRow(this.#db, keys.checkpointsFrom(state, 0)))
      yield decodeCheckpoint(row);
  }

  async latestCheckpoint(state: CheckpointState): Promise<StoredCheckpoint | undefined> {
    return this.#checkpoint(keys.checkpointsFrom(state, 0), true);
  }

  async close(): Promise<void> {
    this.#index?.stop();
    await this.#writes.idle();
    await this.#keepTables();
    await closeLevelFolder(this.#db);
  }

  async #keepTables(): Promise<void> {
    const keep = async (): Promise<void> => this.#index?.keep(this.#size());
    // What cannot be kept, or not in time, is learned from the tiles at the next start.
    const kept = keep().catch(() => undefined);
    await Promise.race([kept, sleep(LONGEST_KEEP_MS, undefined, { ref: false })]);
  }

  #hashIndex(): HashIndex {
    this.#index ??= HashIndex.open(this.#hashes, this.#size(), { kept: this.#kept });
    return this.#index;
  }

  /** A row that was read since it was last written, or the database's. */
  #getOften(name: string, key: Uint8Array): Uint8Array | undefined {
    const kept = this.#often.get(name);
    if (kept !== undefined) return kept;
    const row = getRow(this.#db, key);
    if (row !== undefined) this.#often.set(name, row);
    return row;
  }

  #noteKept(state: CheckpointState, size: number): void {
    const largest = this.#largestKept.get(state);
    if (largest !== undefined && largest < size) this.#largestKept.set(state, size);
  }

  /** That of the last commit, then those of `unkept`. */
  #heads(): Head[] {
    const row = getRow(this.#db, keys.HEAD_KEY);
    return row === undefined ? [] : decodeHeads(row);
  }

  #forgetOld({ tiles, streams }: LogCommit): void {
    for (const { level, index } of tiles) this.#often.delete(tileName(level, index));
    for (const key of streams.keys()) this.#often.delete(key);
  }

  async #checkpoint(range: keys.KeyRange, last: boolean): Promise<StoredCheckpoint | undefined> {
    const [row] = await scanRows(this.#db, { ...range, reverse: last, limit: 1 });
    return row && decodeCheckpoint(row);
  }

  #size(): number {
    return this.head()?.size ?? 0;
  }
}

function decodeCheckpoint([key, note]: readonly [Uint8Array, Uint8Array]): StoredCheckpoint {
  return { size: numberIn(key, 1), note: decodeTextRow(note, 'A text') };
}

// Unlike any stream's key, which begins with a bracket.
function tileName(level: number, index: number): string {
  return `${level}/${index}`;
}
