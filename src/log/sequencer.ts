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
import { leavesOfStatement } from '../core/tally/leaves.ts';
import type { TallyLeaf } from '../core/tally/node.ts';
import { AttestryError, refusalOf } from '../errors.ts';
import { signInProcess } from '../keys/openssl-engine.ts';
import { nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { Head, LogCommit, LogStore } from '../store/log-store.ts';
import { FreshLeaves } from '../tally/fresh-leaves.ts';
import { BatchReceipts, proveCommit } from './batch-receipts.ts';
import type { LogLimits } from './limits.ts';
import { tileReader, verifyCommit } from './second-path.ts';

/** Where an entry stands. */
export interface Placement {
  readonly entryHash: Uint8Array;
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

/** What is kept of an admitted entry until it is committed: its statement need not live as long. */
interface QueuedEntry {
  readonly entry: Uint8Array;
  readonly entryHash: Uint8Array;
  /** Hex entry hash. */
  readonly hash: string;
  readonly stream: { readonly key: string; readonly state: StreamState } | undefined;
  /** In the tally, once it has an index. */
  readonly leaves: readonly TallyLeaf[];
  readonly place: Place;
  /** Where the same entry came again while this one was under way. */
  repeated?: Place[];
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
  readonly #underWay = new Map<string, QueuedEntry>();
  /** Streams as they will stand once everything queued is committed. */
  readonly #streams = new Map<string, StreamState>();
  /** Ends the pause in which entries gather for the next commit, once so many are in the queue. */
  #endGather: () => void = () => undefined;
  #enough = 0;
  #running: Promise<void> | undefined;
  #noteKept: Promise<void> = Promise.resolve();
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

  /** Resolves once the checkpoint of every entry whose place has been told is in the database, or the log has failed. */
  get noteKept(): Promise<void> {
    return this.#noteKept;
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
    const hash = encodeHex(entryHash);
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
    const leaves = leavesOfStatement(statement, 0, entryHash);
    // Last of all that may refuse it: a stream that has moved must have its entry in the queue.
    const stream = this.#advance(admitted);
    const queued = { entry, entryHash, hash, stream, leaves, place };
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
    await this.#noteKept;
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
  // for it share the next one, and its syncs. It is over when as many wait as were told, or when it took as long as the
  // commit; where few come, nobody waits.
  async #gather(told: number, commitMs: number): Promise<void> {
    if (told < BUSY_COMMIT || this.#stopped !== undefined) return;
    this.#enough = Math.min(this.#queue.length + told, ENOUGH_FOR_A_COMMIT);
    if (this.#queue.length >= this.#enough) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(commitMs, LONGEST_GATHER_MS));
      this.#endGather = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endGather = () => undefined;
  }

  async #commit(batch: readonly QueuedEntry[]): Promise<void> {
    const { store, headLock, signer, onCheckpoint } = this.#options;
    const before = this.#head;
    const commit = this.#prepare(batch);
    const proven = proveCommit(commit, this.#frontier.hashes);
    // So that only the newest checkpoint can be missing after a crash, which a start makes anew, the same.
    await this.#noteKept;
    if (this.#failed) throw this.#stopped;
    await store.commit(commit);
    verifyCommit(store, commit, { frontier: this.#frontier, proofs: proven.proofs });
    const { head } = commit;
    await headLock.swap(before, head);
    if (this.#failed) throw this.#stopped;
    this.#head = head;
    const note = signCheckpoint({ origin: signer.vkey.name, ...head }, signer, signInProcess);
    this.#noteKept = store
      .putCheckpoint('committed', head.size, note)
      .catch((error: unknown) => this.fail(error));
    const receipts = new BatchReceipts(commit, proven, note);
    for (const [i, entry] of batch.entries()) {
      const { entryHash } = entry;
      const receipt = (): Uint8Array => receipts.format(i);
      this.#settle(entry, { entryHash, index: before.size + i, receipt });
    }
    const leaves = batch.map((entry) => entry.leaves);
    this.freshLeaves.add(before.size, leaves);
    onCheckpoint(head.size, note);
  }

  #prepare(batch: readonly QueuedEntry[]): LogCommit {
    const { store } = this.#options;
    const entries = batch.map(({ entry, entryHash }) => ({ entry, entryHash }));
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
    const { stream, place, repeated = [] } = entry;
    this.#forget(entry);
    if (stream !== undefined && this.#streams.get(stream.key) === stream.state)
      this.#streams.delete(stream.key);
    settle(place, { ...committed, isNew: true });
    for (const again of repeated) settle(again, { ...committed, isNew: false });
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
