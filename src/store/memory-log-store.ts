/** The log store in memory, with the behaviour of the one on disk: for tests, and for simulating crashes. */
import { compareBytes } from '../core/bytes/equal.ts';
import { decodeHex, encodeHex } from '../core/bytes/hex.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { encodeBundle } from '../core/merkle/bundle.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import type { StreamState } from '../core/statement/stream.ts';
import { AttestryError } from '../errors.ts';
import { isChosen } from './hash-replay.ts';
import type {
  CheckpointState,
  Head,
  LogCommit,
  LogStore,
  Misplaced,
  ModelMention,
  StoredCheckpoint,
} from './log-store.ts';
import { storeCorrupt } from './store-failure.ts';
import {
  checkCommit,
  checkContinuation,
  checkNumber,
  checkRange,
  checkTilePlace,
  FIRST_MODEL,
  hasTile,
  MENTIONS_PER_PAGE,
  MODELS_PER_PAGE,
} from './store-rules.ts';
import { WriteQueue } from './write-queue.ts';

/** What a folder is to the store on disk: it outlives the store that is opened on it. */
export class MemoryDisk {
  head: Head | undefined;
  unkept: readonly Head[] = [];
  readonly entries = new Map<number, Uint8Array>();
  /** By `level/index`. */
  readonly tiles = new Map<string, Uint8Array>();
  /** By index of the tile. */
  readonly middles = new Map<number, Uint8Array>();
  /** By hex entry hash. */
  readonly indexes = new Map<string, number>();
  readonly streams = new Map<string, StreamState>();
  /** Kind by index, by model. */
  readonly mentions = new Map<string, Map<number, string>>();
  readonly checkpoints: Readonly<Record<CheckpointState, Map<number, string>>> = {
    committed: new Map(),
    witnessed: new Map(),
  };
  /** Whether a store holds this disk. */
  held = false;
}

/** A log store on a disk in memory; the disk may be opened again after `close`. @throws STORE_LOCKED */
export function openMemoryLogStore(disk: MemoryDisk = new MemoryDisk()): LogStore {
  if (disk.held) {
    throw new AttestryError('STORE_LOCKED', 'Expected a disk that no store holds; close it first.');
  }
  disk.held = true;
  return new MemoryLogStore(disk);
}

class MemoryLogStore implements LogStore {
  readonly #held: MemoryDisk;
  readonly #writes = new WriteQueue();
  #open = true;

  constructor(disk: MemoryDisk) {
    this.#held = disk;
  }

  head(): Head | undefined {
    const { head } = this.#disk();
    return head && copyOfHead(head);
  }

  unkept(): readonly Head[] {
    return this.#disk().unkept.map(copyOfHead);
  }

  async commit(commit: LogCommit): Promise<void> {
    checkCommit(commit);
    const own = copyOf(commit);
    await this.#writes.run('commit to the log', async () => {
      checkContinuation(own, this);
      apply(this.#disk(), own);
    });
  }

  entry(index: number): Uint8Array | undefined {
    const entry = this.#disk().entries.get(checkNumber(index));
    if (entry === undefined && index < (this.head()?.size ?? 0)) {
      throw storeCorrupt(`The entry at index ${index} is gone`);
    }
    return entry?.slice();
  }

  async entries(start: number, end: number): Promise<Uint8Array[]> {
    return this.entriesSync(start, end);
  }

  entriesSync(start: number, end: number): Uint8Array[] {
    checkRange(this.head(), start, end);
    return Array.from({ length: end - start }, (_, i) => this.entry(start + i) as Uint8Array);
  }

  async bundlePieces(start: number, end: number): Promise<Uint8Array[]> {
    return this.bundlePiecesSync(start, end);
  }

  bundlePiecesSync(start: number, end: number): Uint8Array[] {
    return this.entriesSync(start, end).map((entry) => encodeBundle([entry]));
  }

  tile(level: number, index: number): Uint8Array | undefined {
    checkTilePlace(level, index);
    const row = this.#disk().tiles.get(`${level}/${index}`);
    if (row === undefined && hasTile(this.head(), level, index)) {
      throw storeCorrupt(`Tile ${index} of level ${level} is gone`);
    }
    return row?.slice();
  }

  middle(index: number): Uint8Array | undefined {
    return this.#disk().middles.get(checkNumber(index))?.slice();
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  indexOf(entryHash: Uint8Array): number | undefined {
    return this.#disk().indexes.get(encodeHex(entryHash));
  }

  async *misplaced(oneIn: number = 1): AsyncGenerator<Misplaced> {
    const { head, tiles, indexes } = this.#disk();
    for (let index = 0; index < (head?.size ?? 0); index++) {
      const at = (index % TILE_WIDTH) * HASH_LENGTH;
      const row = tiles.get(`0/${Math.floor(index / TILE_WIDTH)}`) ?? new Uint8Array();
      const hash = row.subarray(at, at + HASH_LENGTH);
      if (hash.length < HASH_LENGTH || !isChosen(hash, 0, oneIn)) continue;
      const found = indexes.get(encodeHex(hash));
      if (found !== index) yield { index, found };
    }
  }

  stream(key: string): StreamState | undefined {
    return this.#disk().streams.get(key);
  }

  async *streams(): AsyncGenerator<[string, StreamState]> {
    yield* [...this.#disk().streams].sort(([a], [b]) => compareBytes(encodeUtf8(a), encodeUtf8(b)));
  }

  async mentions(
    model: string,
    from: number = 0,
    limit: number = MENTIONS_PER_PAGE,
  ): Promise<ModelMention[]> {
    decodeHex(model, 32);
    checkNumber(from);
    const kinds = this.#disk().mentions.get(model) ?? new Map<number, string>();
    return [...kinds]
      .filter(([index]) => index >= from)
      .sort(([a], [b]) => a - b)
      .slice(0, checkNumber(limit))
      .map(([index, kind]) => ({ model, index, kind }));
  }

  async models(from: string = FIRST_MODEL, limit: number = MODELS_PER_PAGE): Promise<string[]> {
    decodeHex(from, 32);
    const models = [...this.#disk().mentions.keys()].sort();
    return models.filter((model) => model >= from).slice(0, checkNumber(limit));
  }

  async putCheckpoint(state: CheckpointState, size: number, note: string): Promise<void> {
    checkNumber(size);
    await this.#writes.run(`keep the ${state} checkpoint of size ${size}`, async () => {
      const kept = this.#disk().checkpoints[state];
      if (!kept.has(size)) kept.set(size, note);
    });
  }

  async checkpointCovering(
    state: CheckpointState,
    index: number,
  ): Promise<StoredCheckpoint | undefined> {
    checkNumber(index);
    return this.#checkpoints(state).find(({ size }) => size > index);
  }

  async *checkpoints(state: CheckpointState): AsyncGenerator<StoredCheckpoint> {
    yield* this.#checkpoints(state);
  }

  async latestCheckpoint(state: CheckpointState): Promise<StoredCheckpoint | undefined> {
    return this.#checkpoints(state).at(-1);
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    if (this.#open) this.#held.held = false;
    this.#open = false;
  }

  #checkpoints(state: CheckpointState): StoredCheckpoint[] {
    return [...this.#disk().checkpoints[state]]
      .map(([size, note]) => ({ size, note }))
      .sort((a, b) => a.size - b.size);
  }

  #disk(): MemoryDisk {
    if (this.#open) return this.#held;
    throw new AttestryError('STORE_FAILED', 'Expected an open store; this one is closed.');
  }
}

function apply(disk: MemoryDisk, commit: LogCommit): void {
  commit.entries.forEach(({ entry, entryHash }, i) => {
    disk.entries.set(commit.from + i, entry);
    disk.indexes.set(encodeHex(entryHash), commit.from + i);
  });
  for (const { level, index, hashes, middle } of commit.tiles) {
    disk.tiles.set(`${level}/${index}`, hashes);
    if (middle !== undefined) disk.middles.set(index, middle);
  }
  for (const [key, state] of commit.streams) disk.streams.set(key, state);
  for (const { model, index, kind } of commit.mentions) {
    const kinds = disk.mentions.get(model) ?? new Map<number, string>();
    disk.mentions.set(model, kinds.set(index, kind));
  }
  const { checkpoints = [], unkept = [] } = commit.before ?? {};
  for (const { size, note } of checkpoints) disk.checkpoints.committed.set(size, note);
  disk.unkept = unkept;
  disk.head = commit.head;
}

// A disk keeps what was written, whatever the caller does to its arrays afterwards.
function copyOf(commit: LogCommit): LogCommit {
  const { from, entries, tiles, head, streams, mentions, before } = commit;
  return {
    from,
    entries: entries.map(({ entry, entryHash }) => ({
      entry: entry.slice(),
      entryHash: entryHash.slice(),
    })),
    tiles: tiles.map(({ hashes, middle, ...place }) => ({
      ...place,
      hashes: hashes.slice(),
      ...(middle === undefined ? {} : { middle: middle.slice() }),
    })),
    head: copyOfHead(head),
    streams: new Map(Array.from(streams, ([key, state]) => [key, { ...state }])),
    mentions: mentions.map((mention) => ({ ...mention })),
    before: {
      checkpoints: (before?.checkpoints ?? []).map((checkpoint) => ({ ...checkpoint })),
      unkept: (before?.unkept ?? []).map(copyOfHead),
    },
  };
}

function copyOfHead({ size, root }: Head): Head {
  return { size, root: root.slice() };
}
