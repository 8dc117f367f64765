/**
 * The sequencer: the single writer of a log. It takes admitted entries, gives each its place, and says so only when
 * nothing short of losing the disk can take it back: one synced batch, read back and recomputed, head lock, signature.
 */
import { type AppendedProofs, proveAppended } from '../core/merkle/appended.ts';
import type { Frontier } from '../core/merkle/frontier.ts';
import { tilesAfter } from '../core/merkle/growth.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import { tileNodeReader } from '../core/merkle/tile.ts';
import { signCheckpoint } from '../core/note/checkpoint.ts';
import type { NoteSigner } from '../core/note/vkey.ts';
import type { AdmittedEntry } from '../core/statement/admission.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import { leavesOfStatement } from '../core/tally/leaves.ts';
import type { TallyLeaf } from '../core/tally/node.ts';
import { AttestryError, refusalOf } from '../errors.ts';
import { signInProcess } from '../keys/openssl-engine.ts';
import { nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { Head, LogCommit, LogStore, StoredCheckpoint } from '../store/log-store.ts';
import { textOf } from '../store/store-rules.ts';
import { tileReader } from '../store/tile-reader.ts';
import { FreshLeaves } from '../tally/fresh-leaves.ts';
import { BatchReceipts } from './batch-receipts.ts';
import type { LogLimits } from './limits.ts';
import { verifyCommit } from './second-path.ts';

/** Where an entry stands. */
export interface Placement {
  readonly entryHash: Uint8Array;
  readonly index: number;
  /** False for an entry that was there already, or was on its way. */
  readonly isNew: boolean;
  /** RFC 8785 bytes of the committed receipt; at hand only for an entry that was committed while this was waited for. */
  readonly receipt?: () => Uint8Array;
}

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

/** What is kept of an admitted entry until it is committed: its statement need not live as long. */
interface QueuedEntry {
  readonly entry: Uint8Array;
  readonly entryHash: Uint8Array;
  /** Its hash as text. */
  readonly hash: string;
  readonly stream: { readonly key: string; readonly state: StreamState } | undefined;
  /** In the tally, once it has an index. */
  readonly tallyLeaves: readonly TallyLeaf[];
  readonly place: Place;
  /** Where the same entry came again while this one was under way. */
  repeated?: Place[];
}

interface SignedCommit extends StoredCheckpoint {
  /** Index of its first entry. */
  readonly from: number;
}

/** Entries that came together: whoever sent them is told once all are settled. */
interface Group {
  readonly placements: (Placement | AttestryError)[];
  left: number;
  readonly resolve: (placements: (Placement | AttestryError)[]) => void;
}

/** One entry's place among those that it came with. */
interface Place {
  readonly group: Group;
  readonly at: number;
}

/** A commit of so many entries says that the log is busy. */
const BUSY_COMMIT = 8;
const ENOUGH_FOR_A_COMMIT = 256;
const LONGEST_GATHER_MS = 5;

/** Those who have been told last, and until when they are waited for. */
interface Told {
  readonly entries: number;
  readonly untilMs: number;
}

const NOBODY: Told = { entries: 0, untilMs: 0 };

/** A commit that is in the database and agrees on both paths, but not in the head lock: nobody has been told. */
interface WrittenCommit extends PreparedCommit {
  readonly batch: readonly QueuedEntry[];
  readonly startedMs: number;
}

interface PreparedCommit {
  readonly commit: LogCommit & Required<Pick<LogCommit, 'before'>>;
  readonly proofs: AppendedProofs['proofs'];
}

export class Sequencer {
  /** Of entries whose commit has been locked. */
  readonly freshLeaves = new FreshLeaves();
  readonly #options: SequencerOptions;
  /** In the head lock. */
  #head: Head;
  /** In the database: the head, or the commit that is being locked, or the one after it. */
  #written: Head;
  // Owned by #write: grows only by what was read back from the database.
  readonly #frontier: Frontier;
  readonly #readNode: ReadNode;
  readonly #queue: QueuedEntry[] = [];
  #queuedBytes = 0;
  /** Entries in the queue or in the commit under way, by their hash as text. */
  readonly #underWay = new Map<string, QueuedEntry>();
  /** Streams as they will stand once everything queued is committed. */
  readonly #streams = new Map<string, StreamState>();
  #running: Promise<void> | undefined;
  #locking: Promise<void> = Promise.resolve();
  #told: Told = NOBODY;
  /** Ends the pause in which entries gather for the next commit, once so many are in the queue. */
  #endGather: () => void = () => undefined;
  #enough = 0;
  /** Signed, and not in the database yet: kept with the next commit that is written, or once nothing is to be written. */
  #unkept: readonly SignedCommit[] = [];
  #stopped: AttestryError | undefined;
  #failed = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#head = options.head;
    this.#written = options.head;
    this.#frontier = options.frontier;
    this.#readNode = tileNodeReader(tileReader(options.store), nodeHashBySystem);
  }

  get head(): Head {
    return this.#head;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** The smallest checkpoint that covers the entry at `index`. */
  async checkpointCovering(index: number): Promise<StoredCheckpoint | undefined> {
    const unkept = this.#unkept.find(({ from, size }) => from <= index && index < size);
    return unkept ?? (await this.#options.store.checkpointCovering('committed', index));
  }

  /**
   * Of each entry its place, once committed, or its refusal, which leaves nothing behind: NODE_STOPPING, QUEUE_FULL,
   * STREAM_*; STORE_FAILED when the commit fails and its outcome is unknown. What was refused before stays refused.
   */
  enqueue(
    admitted: readonly (AdmittedEntry | AttestryError)[],
  ): Promise<(Placement | AttestryError)[]> {
    return new Promise((resolve) => {
      const group: Group = { placements: [], left: admitted.length, resolve };
      if (group.left === 0) resolve([]);
      for (const [at, entry] of admitted.entries()) {
        const refused =
          entry instanceof AttestryError
            ? entry
            : refusalOf(() => this.#enqueueOne(entry, { group, at }));
        if (refused !== undefined) settle({ group, at }, refused);
      }
    });
  }

  /** Settled at once if it is known, otherwise when it is committed. */
  #enqueueOne(admitted: AdmittedEntry, place: Place): undefined {
    if (this.#stopped !== undefined) throw this.#stopped;
    const { entry, entryHash, statement } = admitted;
    const hash = textOf(entryHash);
    const underWay = this.#underWay.get(hash);
    if (underWay !== undefined) {
      underWay.repeated ??= [];
      underWay.repeated.push(place);
      return;
    }
    const known = this.#options.store.indexOf(entryHash);
    if (known !== undefined) {
      settle(place, { entryHash, index: known, isNew: false });
      return;
    }
    this.#demandRoom(entry.length);
    const tallyLeaves = leavesOfStatement(statement, 0, entryHash);
    // Last of all that may refuse it: a stream that has moved must have its entry in the queue.
    const stream = this.#advance(admitted);
    const queued = { entry, entryHash, hash, stream, tallyLeaves, place };
    this.#queue.push(queued);
    this.#queuedBytes += entry.length;
    this.#underWay.set(hash, queued);
    if (this.#queue.length >= this.#enough) this.#endGather();
    this.#running ??= this.#run();
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

  // While one batch is written and locked the next one gathers: batches are small when idle and large under load. Two syncs
  // of the disk are one after the other in every commit, and in the time of the second the next commit is written already.
  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.length > 0) {
      await this.#gather();
      const batch = this.#queue.splice(0, this.#options.limits.batchEntries);
      const written = await this.#attempt(batch, () => this.#write(batch));
      await this.#locking;
      if (written !== undefined) this.#locking = this.#attempt(batch, () => this.#lock(written));
      if (this.#queue.length === 0) await this.#locking;
      if (this.#queue.length === 0) await this.#attempt([], () => this.#keep());
    }
    this.#running = undefined;
  }

  // Whoever has just been told of a commit submits again at once: with a little more time, they share the next one, and its
  // syncs. It is over when as many wait as were told, or when it took as long as the commit; where few come, nobody waits.
  async #gather(): Promise<void> {
    const { entries, untilMs } = this.#told;
    this.#told = NOBODY;
    const leftMs = untilMs - this.#options.clockMs();
    this.#enough = Math.min(entries, ENOUGH_FOR_A_COMMIT);
    const isEnough = entries < BUSY_COMMIT || this.#queue.length >= this.#enough;
    if (isEnough || leftMs <= 0 || this.#stopped !== undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#endGather = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endGather = () => undefined;
  }

  // After a failed commit nothing is known but the lock: the process must start anew and look.
  async #attempt<T>(batch: readonly QueuedEntry[], step: () => Promise<T>): Promise<T | undefined> {
    try {
      if (this.#failed) throw this.#stopped;
      return await step();
    } catch (error) {
      this.fail(error);
      this.#reject(batch);
      return undefined;
    }
  }

  async #write(batch: readonly QueuedEntry[]): Promise<WrittenCommit> {
    const { store, clockMs } = this.#options;
    const startedMs = clockMs();
    const { commit, proofs } = this.#prepare(batch);
    await store.commit(commit);
    this.#forgetKept(commit.before.checkpoints);
    verifyCommit(store, commit, { frontier: this.#frontier, proofs, readNode: this.#readNode });
    this.#written = commit.head;
    return { batch, startedMs, commit, proofs };
  }

  async #lock({ batch, startedMs, commit, proofs }: WrittenCommit): Promise<void> {
    const { headLock, signer, clockMs, onCheckpoint } = this.#options;
    const { from, head } = commit;
    await headLock.swap(this.#head, head);
    if (this.#failed) throw this.#stopped;
    this.#head = head;
    const note = signCheckpoint({ origin: signer.vkey.name, ...head }, signer, signInProcess);
    this.#unkept = [...this.#unkept, { from, size: head.size, note }];
    const receipts = new BatchReceipts(commit, proofs, note);
    for (const [i, entry] of batch.entries()) {
      const { entryHash } = entry;
      const receipt = (): Uint8Array => receipts.format(i);
      this.#settle(entry, { entryHash, index: from + i, isNew: true, receipt });
    }
    const nowMs = clockMs();
    const untilMs = nowMs + Math.min(nowMs - startedMs, LONGEST_GATHER_MS);
    this.#told = { entries: batch.length, untilMs };
    this.freshLeaves.add(from, batch);
    onCheckpoint(head.size, note);
  }

  #prepare(batch: readonly QueuedEntry[]): PreparedCommit {
    const { store } = this.#options;
    const from = this.#written.size;
    const entries = batch.map(({ entry, entryHash }) => ({ entry, entryHash }));
    const leafHashes = entries.map(({ entryHash }) => entryHash);
    const edge = { from, before: this.#frontier.hashes };
    const { root, proofs } = proveAppended({ ...edge, leafHashes }, nodeHashBySystem);
    const readTile = tileReader(store);
    const tiles = tilesAfter({ size: from, leafHashes, readTile, hashNode: nodeHashBySystem });
    const streams = new Map(
      batch.flatMap(({ stream }) => (stream ? [[stream.key, stream.state]] : [])),
    );
    const head = { size: from + batch.length, root };
    // What is written and not signed yet is named, so that a start can sign it: the receipt of an entry stays the same.
    const unkept = this.#written === this.#head ? [] : [this.#written];
    const before = { checkpoints: this.#unkept, unkept };
    return { commit: { from, entries, tiles, head, streams, mentions: [], before }, proofs };
  }

  async #keep(): Promise<void> {
    const kept = this.#unkept;
    for (const { size, note } of kept)
      await this.#options.store.putCheckpoint('committed', size, note);
    this.#forgetKept(kept);
  }

  #forgetKept(kept: readonly StoredCheckpoint[]): void {
    this.#unkept = this.#unkept.filter((signed) => !kept.includes(signed));
  }

  #settle(entry: QueuedEntry, placement: Placement): void {
    const { stream, place, repeated = [] } = entry;
    this.#forget(entry);
    if (stream !== undefined && this.#streams.get(stream.key) === stream.state)
      this.#streams.delete(stream.key);
    settle(place, placement);
    for (const again of repeated) settle(again, { ...placement, isNew: false });
  }

  #forget({ entry, hash }: QueuedEntry): void {
    this.#queuedBytes -= entry.length;
    this.#underWay.delete(hash);
  }

  #reject(batch: readonly QueuedEntry[]): void {
    const refusal = this.#stopped as AttestryError;
    for (const entry of batch) {
      this.#forget(entry);
      for (const place of [entry.place, ...(entry.repeated ?? [])]) settle(place, refusal);
    }
  }
}

function settle({ group, at }: Place, placement: Placement | AttestryError): void {
  group.placements[at] = placement;
  group.left--;
  if (group.left === 0) group.resolve(group.placements);
}
