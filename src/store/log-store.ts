/**
 * What a log keeps, as narrowly as it can be said, so that another database can take level's place.
 *
 * A store promises three things: a commit is whole or not there; once a promise of a write has resolved, the write
 * survives a kill and a power cut; and a read that fails throws STORE_FAILED or STORE_CORRUPT, it never looks like an
 * absent row. It does not promise that rows are right: LevelDB returns a flipped bit as if it had been written, and loses
 * the tail of a damaged write-ahead log without a word. Whoever reads to sign or to serve must hash what it read, and
 * compare the head with the head lock, which lies outside the store.
 */
import type { StreamState } from '../core/statement/stream.ts';

export interface Head {
  /** Number of entries. */
  readonly size: number;
  /** RFC 6962 root over them, 32 bytes. */
  readonly root: Uint8Array;
}

/** The whole row of one tile as it stands after the commit: 32 bytes for each of its 1 to 256 hashes. */
interface TileRow {
  readonly level: number;
  readonly index: number;
  readonly hashes: Uint8Array;
  /** The middle nodes of a full tile of the lowest level, which a reader need not compute then. */
  readonly middle?: Uint8Array;
}

/** That the entry at `index`, of this kind, is about `model` (64 hex digits). */
export interface ModelMention {
  readonly model: string;
  readonly index: number;
  readonly kind: string;
}

interface NewEntry {
  readonly entry: Uint8Array;
  /** RFC 6962 leaf hash of the entry, 32 bytes. */
  readonly entryHash: Uint8Array;
}

/** Everything that changes when entries are appended. */
export interface LogCommit {
  /** Index of the first new entry: the size of the log before this commit. */
  readonly from: number;
  readonly entries: readonly NewEntry[];
  readonly tiles: readonly TileRow[];
  /** The head after this commit. */
  readonly head: Head;
  /** State of each usage stream that the entries advance, by stream key. */
  readonly streams: ReadonlyMap<string, StreamState>;
  readonly mentions: readonly ModelMention[];
  /** What a log still has to keep of the commits before this one; a mirror of a log has none. */
  readonly before?: EarlierCommits;
}

/** Commits before the one that is written. A log writes on while it signs, and keeps a checkpoint with a later commit. */
export interface EarlierCommits {
  /** Their committed checkpoints, to be kept now. */
  readonly checkpoints: readonly StoredCheckpoint[];
  /** Heads of those whose checkpoint is in no commit yet: told by `unkept` after a start. */
  readonly unkept: readonly Head[];
}

/** `committed`: signed by the log alone. `witnessed`: cosigned by the quorum as well. */
export type CheckpointState = 'committed' | 'witnessed';

export interface StoredCheckpoint {
  readonly size: number;
  readonly note: string;
}

/** An entry whose hash leads elsewhere: to the entry that has it too, or to none. */
export interface Misplaced {
  readonly index: number;
  readonly found: number | undefined;
}

export interface LogStore {
  /** The head of the last commit; undefined before the first. */
  head(): Head | undefined;
  /** Heads of earlier commits whose checkpoint was kept neither before the last commit nor with it; it may be by now. */
  unkept(): readonly Head[];
  /**
   * Writes all of a commit in one synced batch. After STORE_FAILED it is unknown whether the batch is stored: the store
   * takes no more writes until it is opened anew. TABLE_MISMATCH says that it is stored, and that a look-up row of older
   * entries, written with it, reads back differently. @throws HEAD_CONFLICT when `from` is not the size, ENTRY_DUPLICATE
   */
  commit(commit: LogCommit): Promise<void>;
  /** The entry's bytes; undefined from the size on. @throws STORE_CORRUPT when it is gone */
  entry(index: number): Uint8Array | undefined;
  /**
   * The entries of [start, end), where `end` is at most the size. Entries may be views of the memory of their neighbours:
   * whoever keeps one for long copies it. @throws STORE_CORRUPT when one is gone
   */
  entries(start: number, end: number): Promise<Uint8Array[]>;
  /** The same at once, for whoever must not wait for a turn of the event loop. */
  entriesSync(start: number, end: number): Uint8Array[];
  /**
   * The same entries in the encoding of an entry bundle, however many, as pieces to be put end to end; each begins and ends
   * with an entry, and its bytes are the caller's to change.
   */
  bundlePieces(start: number, end: number): Promise<Uint8Array[]>;
  /** The same at once, for a thread that has nothing else to do meanwhile. */
  bundlePiecesSync(start: number, end: number): Uint8Array[];
  /** The row of a tile; undefined where the log is too short for it. @throws STORE_CORRUPT when it is gone */
  tile(level: number, index: number): Uint8Array | undefined;
  /** The middle nodes of a full tile of the lowest level; undefined where none were written with it. */
  middle(index: number): Uint8Array | undefined;
  /**
   * Resolves once hashes are looked up as fast as can be: a store of many entries learns them after a start, and until then a
   * look-up takes milliseconds. For whoever looks up many, and can wait some seconds at most. @throws STORE_CORRUPT
   */
  ready(): Promise<void>;
  /** Where the entry with this leaf hash is: the first one, should there be more. */
  indexOf(entryHash: Uint8Array): number | undefined;
  /**
   * Entries that are not found by the hash that their tile has, ascending but for those of a damaged look-up row: all of them,
   * or those of one hash in so many. It takes turns with whatever else the thread has to do. @throws STORE_FAILED
   */
  misplaced(oneIn?: number): AsyncIterable<Misplaced>;
  /** Where a usage stream stands. */
  stream(key: string): StreamState | undefined;
  /** Every usage stream with its state, ascending by the UTF-8 bytes of the key. */
  streams(): AsyncIterable<[string, StreamState]>;
  /** At most `limit` (1,000 unless told) mentions of a model, ascending by index, beginning at index `from`. */
  mentions(model: string, from?: number, limit?: number): Promise<ModelMention[]>;
  /** At most `limit` (1,000 unless told) distinct models, ascending, beginning with `from` itself if it is one. */
  models(from?: string, limit?: number): Promise<string[]>;
  /** Keeps a checkpoint, synced. The first note kept for a state and size stays: a later one is dropped. */
  putCheckpoint(state: CheckpointState, size: number, note: string): Promise<void>;
  /** The smallest kept checkpoint that covers the entry at `index`: its size is above the index. */
  checkpointCovering(state: CheckpointState, index: number): Promise<StoredCheckpoint | undefined>;
  /** Every kept checkpoint of the state, the smallest first. */
  checkpoints(state: CheckpointState): AsyncIterable<StoredCheckpoint>;
  /** The kept checkpoint of the largest size. */
  latestCheckpoint(state: CheckpointState): Promise<StoredCheckpoint | undefined>;
  /** Waits for writes under way, then lets go of the folder. Everything after it fails with STORE_FAILED. */
  close(): Promise<void>;
}
