/**
 * The sequencer: the single writer of a log. It takes admitted entries, gives each its place, and says so only when
 * nothing short of losing the disk can take it back: one synced batch, read back and recomputed, head lock, signature.
 */
import { encodeHex } from '../core/bytes/hex.ts';
import type { Frontier } from '../core/merkle/frontier.ts';
import { growTiles } from '../core/merkle/growth.ts';
import { signCheckpoint } from '../core/note/checkpoint.ts';
import type { NoteSigner } from '../core/note/vkey.ts';
import type { AdmittedEntry } from '../core/statement/admission.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import { AttestryError } from '../errors.ts';
import { signInProcess } from '../keys/openssl-engine.ts';
import { nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { Head, LogCommit, LogStore } from '../store/log-store.ts';
import { BatchReceipts, proveCommit } from './batch-receipts.ts';
import { FreshLeaves } from './fresh-leaves.ts';
import type { LogLimits } from './limits.ts';
import { tileReader, verifyCommit } from './second-path.ts';

/** Where an entry stands. */
export interface Placement {
  readonly index: number;
  /** False for an entry that was there already, or was on its way. */
  readonly isNew: boolean;
  /** RFC 8785 bytes of the committed receipt; at hand only for an entry that was committed while this was waited for. */
  readonly receipt?: () => Uint8Array;
}

type Committed = Required<Omit<Placement, 'isNew'>>;

export interface SequencerOptions {
  readonly store: LogStore;
  readonly headLock: HeadLock;
  readonly signer: NoteSigner;
  readonly limits: LogLimits;
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
  /** The recovered head, and the tree at it. */
  readonly head: Head;
  readonly frontier: Frontier;
  /** Told of each new checkpoint, after it is on disk. */
  readonly onCheckpoint: (size: number, note: string) => void;
  /** Told once of what must stop the log; it has taken no further entry then. */
  readonly onFatal: (error: unknown) => void;
}

interface QueuedEntry {
  readonly admitted: AdmittedEntry;
  /** Hex entry hash. */
  readonly hash: string;
  readonly stream: { readonly key: string; readonly state: StreamState } | undefined;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

/** A commit of so many entries says that the log is busy. */
const BUSY_COMMIT = 8;
const ENOUGH_FOR_A_COMMIT = 256;
const LONGEST_GATHER_MS = 20;

export class Sequencer {
  /** Of entries whose commit has been locked. */
  readonly freshLeaves = new FreshLeaves();
  readonly #options: SequencerOptions;
  #head: Head;
  // Owned by #commit: grows only by what was read back from the database.
  readonly #frontier: Frontier;
  readonly #queue: QueuedEntry[] = [];
  #queuedBytes = 0;
  /** Entries in the queue or in the commit under way, by hex entry hash. */
  readonly #underWay = new Map<string, Promise<Committed>>();
  /** Streams as they will stand once everything queued is committed. */
  readonly #streams = new Map<string, StreamState>();
  #running: Promise<void> | undefined;
  #stopped: AttestryError | undefined;
  #failed = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#head = options.head;
    this.#frontier = options.frontier;
  }

  get head(): Head {
    return this.#head;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /**
   * The entry's place, once committed. Refusals come at once and leave nothing behind.
   * @throws NODE_STOPPING, QUEUE_FULL, STREAM_*; STORE_FAILED when the commit fails and its outcome is unknown
   */
  async enqueue(admitted: AdmittedEntry): Promise<Placement> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const hash = encodeHex(admitted.entryHash);
    const underWay = this.#underWay.get(hash);
    if (underWay !== undefined) return { ...(await underWay), isNew: false };
    const known = this.#options.store.indexOf(admitted.entryHash);
    if (known !== undefined) return { index: known, isNew: false };
    this.#demandRoom(admitted.entry.length);
    const stream = this.#advance(admitted);
    const committed = new Promise<Committed>((resolve, reject) => {
      this.#queue.push({ admitted, hash, stream, resolve, reject });
    });
    this.#queuedBytes += admitted.entry.length;
    this.#underWay.set(hash, committed);
    this.#running ??= this.#run();
    return { ...(await committed), isNew: true };
  }

  /** Commits what is queued, then takes nothing more. */
  async close(): Promise<void> {
    this.#stopped ??= new AttestryError(
      'NODE_STOPPING',
      'The log is shutting down; try again later.',
      {
        details: { retryAfterSeconds: 5 },
      },
    );
    await this.#running;
  }

  /**
   * Signs nothing more and takes nothing more, because of what `cause` says of the log. Whether entries that were on
   * their way are logged shows when the log is opened anew.
   */
  fail(cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stopped = new AttestryError(
      'STORE_FAILED',
      'The log has stopped; whether the entry is logged is unknown until it is started again. Submit the same bytes again then.',
      { cause },
    );
    this.#reject(this.#queue.splice(0));
    this.#options.onFatal(cause);
  }

  #demandRoom(bytes: number): void {
    const { queuedEntries, queuedBytes } = this.#options.limits;
    if (this.#queue.length < queuedEntries && this.#queuedBytes + bytes <= queuedBytes) return;
    throw new AttestryError(
      'QUEUE_FULL',
      `${this.#queue.length} entries wait to be committed; nothing was taken. Try again after Retry-After.`,
      { details: { retryAfterSeconds: 1 } },
    );
  }

  #advance({ statement, envelope }: AdmittedEntry): QueuedEntry['stream'] {
    if (statement.kind !== 'usage') return undefined;
    const key = streamKey(statement);
    const before = this.#streams.get(key) ?? this.#options.store.stream(key);
    const state = advanceStream(before, statement, envelope.payload);
    this.#streams.set(key, state);
    return { key, state };
  }

  // While one batch is being synced the next one gathers: batches are small when idle and large under load.
  async #run(): Promise<void> {
    const { limits, clockMs } = this.#options;
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, limits.batchEntries);
      const startedMs = clockMs();
      try {
        await this.#commit(batch);
      } catch (error) {
        // After a failed commit nothing is known but the lock: the process must start anew and look.
        this.fail(error);
        this.#reject(batch);
      }
      await this.#gather(batch.length, clockMs() - startedMs);
    }
    this.#running = undefined;
  }

  // Whoever has just been told of this commit submits again at once: with a little more time, they and those who have waited
  // for it share the next one, and its syncs. They pay with as much time again; where few come or enough wait, nobody does.
  async #gather(committed: number, commitMs: number): Promise<void> {
    if (committed < BUSY_COMMIT || this.#queue.length >= ENOUGH_FOR_A_COMMIT) return;
    if (this.#stopped !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, Math.min(commitMs, LONGEST_GATHER_MS)));
  }

  async #commit(batch: readonly QueuedEntry[]): Promise<void> {
    const { store, headLock, signer, onCheckpoint } = this.#options;
    const before = this.#head;
    const commit = this.#prepare(batch);
    const proven = proveCommit(commit, this.#frontier.hashes);
    await store.commit(commit);
    await verifyCommit(store, commit, { frontier: this.#frontier, proofs: proven.proofs });
    const { head } = commit;
    await headLock.swap(before, head);
    if (this.#failed) throw this.#stopped;
    this.#head = head;
    const note = signCheckpoint({ origin: signer.vkey.name, ...head }, signer, signInProcess);
    await store.putCheckpoint('committed', head.size, note);
    const receipts = new BatchReceipts(commit, proven, note);
    for (const [i, entry] of batch.entries()) {
      this.#settle(entry, { index: before.size + i, receipt: () => receipts.format(i) });
    }
    const admitted = batch.map((entry) => entry.admitted);
    this.freshLeaves.add(before.size, admitted);
    onCheckpoint(head.size, note);
  }

  #prepare(batch: readonly QueuedEntry[]): LogCommit {
    const { store } = this.#options;
    const entries = batch.map(({ admitted }) => ({
      entry: admitted.entry,
      entryHash: admitted.entryHash,
    }));
    const leafHashes = entries.map(({ entryHash }) => entryHash);
    const from = this.#head.size;
    const { tiles, size, root } = growTiles({
      size: from,
      leafHashes,
      readTile: tileReader(store),
      hashNode: nodeHashBySystem,
    });
    const streams = new Map(
      batch.flatMap(({ stream }) => (stream ? [[stream.key, stream.state]] : [])),
    );
    return { from, entries, tiles, head: { size, root }, streams, mentions: [] };
  }

  #settle(entry: QueuedEntry, committed: Committed): void {
    const { stream, resolve } = entry;
    this.#forget(entry);
    if (stream !== undefined && this.#streams.get(stream.key) === stream.state)
      this.#streams.delete(stream.key);
    resolve(committed);
  }

  #forget({ admitted, hash }: QueuedEntry): void {
    this.#queuedBytes -= admitted.entry.length;
    this.#underWay.delete(hash);
  }

  #reject(batch: readonly QueuedEntry[]): void {
    for (const entry of batch) {
      this.#forget(entry);
      entry.reject(this.#stopped);
    }
  }
}
