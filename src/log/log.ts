/** A log: admit, commit, publish, and prove what was committed. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { frontierAt } from '../core/merkle/frontier.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import { type ReadMiddle, tileNodeReader } from '../core/merkle/tile.ts';
import { signCheckpoint } from '../core/note/checkpoint.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import { formatVkey, type NoteSigner } from '../core/note/vkey.ts';
import type { Receipt } from '../core/receipt/receipt.ts';
import {
  type AdmittedEntry,
  admitStatement,
  type OpenedEntry,
  openEntry,
} from '../core/statement/admission.ts';
import { verifyKeyStanding } from '../core/statement/standing.ts';
import type { TallyLeaf } from '../core/tally/node.ts';
import type { TrustedLog, TrustRoot } from '../core/trust/trust-root.ts';
import { isWithin } from '../core/trust/window.ts';
import { AttestryError, refusalOf } from '../errors.ts';
import { type VerifyMany, verifyEach, verifyInPool } from '../keys/openssl-engine.ts';
import { leafHashBySystem, nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { CheckpointState, Head, LogStore, StoredCheckpoint } from '../store/log-store.ts';
import { tileReader } from '../store/tile-reader.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from './limits.ts';
import { LogReader } from './log-reader.ts';
import { OperatorRate } from './operator-rate.ts';
import { Publisher, type WitnessStatus } from './publisher.ts';
import { recoverHead, recoverPublished, verifyAgainstSeen, verifyRoot } from './recovery.ts';
import { scrubEntries, scrubSteps } from './scrub.ts';
import { type Placement, Sequencer } from './sequencer.ts';
import type { WitnessPort } from './witness-port.ts';

export interface LogOptions {
  /** Signs checkpoints; the key's name is the log's origin. */
  readonly signer: NoteSigner;
  /** Whose statements are admitted, and how many witnesses a published checkpoint needs. */
  readonly trust: TrustRoot;
  /** Written to by this log alone while it is open. */
  readonly store: LogStore;
  readonly headLock: HeadLock;
  readonly witnesses: readonly WitnessPort[];
  /** It takes no more statements: what it holds is final. False unless told. */
  readonly isRetiring?: boolean;
  /** Unix seconds. */
  readonly now: () => number;
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
  readonly limits?: Partial<LogLimits>;
  /** Checks operators' signatures; libuv's pool unless told. */
  readonly verifyMany?: VerifyMany;
  /** Checks signatures on notes; OpenSSL unless told. */
  readonly engine?: SignatureEngine | undefined;
  /** Told once of what must stop the process: nothing is signed after it. */
  readonly onFatal: (error: unknown) => void;
}

export type Submission = Placement;

/** Counts since the start. */
export interface LogCounters {
  readonly accepted: number;
  readonly repeated: number;
  readonly batches: number;
}

export interface LogStatus {
  /** What the trust root says of this log. */
  readonly log: TrustedLog;
  readonly head: Head;
  readonly published: StoredCheckpoint | undefined;
  readonly queued: number;
  readonly witnesses: readonly WitnessStatus[];
  /** How many of them a published checkpoint needs. */
  readonly quorum: number;
  /** Entries re-hashed by the background scrub since the start, of those not checked at the start. */
  readonly scrubbed: number;
  readonly counters: LogCounters;
}

/**
 * How far ahead of the log's clock an operator's may be. Less than everyone allows who judges the entry later by the time
 * at which witnesses saw it: their clocks may lag behind the log's.
 */
const SUBMISSION_SKEW_SECONDS = 60;

/** Recovers and starts a log. @throws CONFIG_INVALID, STORE_CORRUPT, LOG_RETIRED, and what `recoverHead` throws: the log must not run then */
export async function openLog(options: LogOptions): Promise<Log> {
  const { store, signer, headLock, witnesses, engine } = options;
  const trusted = findLog(options);
  const limits = { ...DEFAULT_LOG_LIMITS, ...options.limits };
  const { scrubbedAtStart } = limits;
  const head = await recoverHead({
    store,
    headLock,
    witnesses,
    vkey: signer.vkey,
    scrubbedAtStart,
    engine,
  });
  const published = await recoverPublished({ ...options, vkey: signer.vkey }, head);
  verifyEnd(head, trusted);
  const note = await keepCheckpoints(options, head);
  // Begun now, and waited for by those who need it.
  void store.ready();
  return new Log({ ...options, limits, trusted, head, note, published });
}

/**
 * Signs the head and what was written before it without its checkpoint: of the same head the same note, so receipts that
 * were given before stay as they are. Gives the head's note. @throws ROOT_MISMATCH
 */
async function keepCheckpoints({ store, signer }: LogOptions, head: Head): Promise<string> {
  const sign = (signed: Head): string =>
    signCheckpoint({ origin: signer.vkey.name, ...signed }, signer);
  for (const unkept of store.unkept()) {
    verifyRoot(store, unkept);
    await store.putCheckpoint('committed', unkept.size, sign(unkept));
  }
  const note = sign(head);
  await store.putCheckpoint('committed', head.size, note);
  return note;
}

/** A retired log that holds anything else than it ended with must not sign that. @throws LOG_RETIRED */
function verifyEnd({ size, root }: Head, { origin, retired }: TrustedLog): void {
  if (retired === undefined || (retired.size === size && bytesEqual(retired.root, root))) return;
  throw new AttestryError(
    'LOG_RETIRED',
    `The trust root says that ${origin} ended with ${retired.size} entries, but ${size} are here, or others.`,
  );
}

/** What a key signs that the trust root does not name, nobody would believe. */
function findLog({ signer, trust }: LogOptions): TrustedLog {
  const { name } = signer.vkey;
  const trusted = trust.logs.get(name);
  if (trusted !== undefined && formatVkey(trusted.vkey) === formatVkey(signer.vkey)) return trusted;
  throw new AttestryError(
    'CONFIG_INVALID',
    `Expected the trust root to name log ${name} with the key ${formatVkey(signer.vkey)}; give the trust root or the key that belongs to it.`,
  );
}

interface StartedLog extends LogOptions {
  readonly limits: LogLimits;
  readonly trusted: TrustedLog;
  readonly head: Head;
  /** The signed checkpoint of the head. */
  readonly note: string;
  readonly published: StoredCheckpoint | undefined;
}

export class Log {
  readonly origin: string;
  readonly reader: LogReader;
  readonly #options: StartedLog;
  readonly #sequencer: Sequencer;
  readonly #publisher: Publisher;
  readonly #rate: OperatorRate;
  readonly #counters = { accepted: 0, repeated: 0, batches: 0 };
  #scrubbed = 0;
  readonly #scrubbing: Promise<void>;
  #stopped = false;

  constructor(options: StartedLog) {
    const { store, signer, limits, clockMs } = options;
    this.#options = options;
    this.origin = signer.vkey.name;
    const readMiddle: ReadMiddle = (index) => store.middle(index);
    const readNode = tileNodeReader(tileReader(store), nodeHashBySystem, readMiddle);
    this.#rate = new OperatorRate({
      perSecond: limits.operatorEntriesPerSecond,
      burst: limits.operatorBurst,
      clockMs,
    });
    this.#publisher = this.#makePublisher(readNode);
    this.#sequencer = new Sequencer({
      ...options,
      frontier: frontierAt(options.head.size, readNode, nodeHashBySystem),
      onCheckpoint: (size, note) => this.#onCheckpoint({ size, note }),
      onFatal: (error) => this.#stop(error),
    });
    this.reader = new LogReader({
      store,
      readNode,
      vkey: signer.vkey,
      head: () => this.#sequencer.head,
      covering: {
        committed: (index) => this.#sequencer.checkpointCovering(index),
        witnessed: async (index) =>
          this.#publisher.keptCovering(index) ??
          (await store.checkpointCovering('witnessed', index)),
      },
      onDamage: (error) => this.#sequencer.fail(error),
      engine: options.engine,
    });
    this.#publisher.start({ size: options.head.size, note: options.note });
    this.#scrubbing = this.#scrub(options.head.size - limits.scrubbedAtStart);
  }

  /** The entry, if it may stand in this log; nothing is stored yet. @throws every code of admission, RATE_LIMITED */
  async admit(entry: Uint8Array): Promise<AdmittedEntry> {
    return demand(await this.admitMany([entry]));
  }

  /** Of each entry what `admit` gives, or its refusal. */
  async admitMany(entries: readonly Uint8Array[]): Promise<(AdmittedEntry | AttestryError)[]> {
    const { verifyMany = verifyInPool } = this.#options;
    const opened = entries.map((entry) => refusalOf(() => this.#open(entry)));
    const claims = opened.map((one) => (one instanceof AttestryError ? [] : one.claims));
    const held = await verifyEach(claims, verifyMany);
    await this.#options.store.ready();
    return opened.map((one, i) => {
      if (one instanceof AttestryError) return one;
      if (held[i]) return refusalOf(() => this.#admitOpened(one));
      return new AttestryError('SIGNATURE_INVALID', 'A signature of the envelope does not verify.');
    });
  }

  /** Where the admitted entry stands, once it is committed. @throws QUEUE_FULL, STREAM_*, NODE_STOPPING, STORE_FAILED */
  async commit(admitted: AdmittedEntry): Promise<Submission> {
    return demand(await this.commitMany([admitted]));
  }

  /**
   * Of each entry, in this order, what `commit` gives, or its refusal; once all are committed or refused. Takes what
   * `admitMany` gives: refusals stay in their places.
   */
  // Not async: such a function would hold the statements in memory until all are committed.
  commitMany(
    admitted: readonly (AdmittedEntry | AttestryError)[],
  ): Promise<(Submission | AttestryError)[]> {
    return this.#sequencer.enqueue(admitted).then((submissions) => {
      for (const submission of submissions) this.#count(submission);
      return submissions;
    });
  }

  #count(submission: Submission | AttestryError): void {
    if (submission instanceof AttestryError) return;
    if (submission.isNew) this.#counters.accepted++;
    else this.#counters.repeated++;
  }

  /** Whether a quorum has cosigned a checkpoint that covers the entry, within the time. */
  waitForWitnesses(index: number, timeoutMs: number): Promise<boolean> {
    return this.#publisher.waitFor(index, timeoutMs);
  }

  /** Whether more than `size` entries are published, within the time. */
  waitForGrowth(size: number, timeoutMs: number): Promise<boolean> {
    return this.#publisher.waitForGrowth(size, timeoutMs);
  }

  /** The entry's receipt in one state; it never changes. @throws ENTRY_UNKNOWN when the state is not reached */
  async receipt(entryHash: Uint8Array, state: CheckpointState): Promise<Receipt> {
    const { store } = this.#options;
    await store.ready();
    const index = store.indexOf(entryHash);
    if (index === undefined) {
      throw new AttestryError(
        'ENTRY_UNKNOWN',
        `${this.origin} holds no entry ${encodeHex(entryHash)}.`,
      );
    }
    return await this.reader.receipt({ index, entryHash }, state);
  }

  /** The tally's leaves of the entries [start, end), where they are at hand. */
  freshLeaves(start: number, end: number): readonly TallyLeaf[] | undefined {
    return this.#sequencer.freshLeaves.between(start, end);
  }

  /** Number of entries that are committed and may be served. */
  get size(): number {
    return this.#sequencer.head.size;
  }

  status(): LogStatus {
    return {
      log: this.#options.trusted,
      head: this.#sequencer.head,
      published: this.#publisher.published,
      queued: this.#sequencer.queued,
      witnesses: this.#publisher.witnesses,
      quorum: this.#options.trust.witnessQuorum,
      scrubbed: this.#scrubbed,
      counters: this.#counters,
    };
  }

  /** Commits what is queued and stops asking witnesses; the store and the lock are then the caller's to close. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#sequencer.close();
    await this.#publisher.close();
    await this.#scrubbing;
  }

  #open(entry: Uint8Array): OpenedEntry {
    const { trust, trusted, isRetiring = false } = this.#options;
    if (isRetiring || trusted.retired !== undefined) {
      throw new AttestryError(
        'LOG_RETIRED',
        `${this.origin} takes no more statements${trusted.retired === undefined ? '' : `; ${trusted.retired.successor} does`}.`,
      );
    }
    const opened = openEntry(entry, trust, leafHashBySystem);
    this.#rate.demand(opened.operator.id);
    return opened;
  }

  #admitOpened(opened: OpenedEntry): AdmittedEntry {
    const { trust, now } = this.#options;
    const admitted = admitStatement(opened, {
      trust,
      origin: this.origin,
      now: now(),
      skewSeconds: SUBMISSION_SKEW_SECONDS,
      ...(this.size === 0 ? { index: 0 } : {}),
    });
    const seen = { origin: this.origin, index: undefined, time: now() };
    verifyKeyStanding(opened.envelope.signatures, seen, trust);
    this.#rate.take(opened.operator.id);
    return admitted;
  }

  #makePublisher(readNode: ReadNode): Publisher {
    const { witnesses, trust, limits, published, store, now, clockMs } = this.#options;
    const known = new Map(trust.witnesses.map((witness) => [witness.name, witness]));
    return new Publisher({
      witnesses,
      quorum: trust.witnessQuorum,
      organisationOf: (name) => {
        const witness = known.get(name);
        return witness && isWithin(now(), witness.window) ? witness.operator : undefined;
      },
      limits,
      readNode,
      clockMs,
      published,
      keep: ({ size, note }) => store.putCheckpoint('witnessed', size, note),
      onDissent: (witness) => this.#askDissenter(witness),
      onFatal: (error) => this.#sequencer.fail(error),
    });
  }

  #onCheckpoint(checkpoint: StoredCheckpoint): void {
    this.#counters.batches++;
    this.#publisher.offer(checkpoint);
  }

  /** What a witness claims stops the log only if a checkpoint with our own signature proves it. */
  async #askDissenter(witness: WitnessPort): Promise<void> {
    const seen = await witness.latestSeen(this.origin).catch(() => undefined);
    if (seen !== undefined)
      verifyAgainstSeen(seen, this.#sequencer.head, {
        ...this.#options,
        vkey: this.#options.signer.vkey,
      });
  }

  /** Re-hashes, while the log runs, the entries that the start did not. */
  async #scrub(size: number): Promise<void> {
    try {
      for (const step of scrubSteps(Math.max(0, size))) {
        if (this.#stopped) return;
        await scrubEntries(this.#options.store, step, this.#options.head.size);
        this.#scrubbed += step.end - step.start;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      this.#sequencer.fail(error);
    }
  }

  /** The sequencer has failed, or was made to: one fault stops everything. */
  #stop(error: unknown): void {
    this.#stopped = true;
    this.#publisher.stop();
    this.#options.onFatal(error);
  }
}

/** The one result. @throws its refusal */
function demand<T>([result]: readonly (T | AttestryError)[]): T {
  if (result === undefined) throw new RangeError('Expected one result.');
  if (result instanceof AttestryError) throw result;
  return result;
}
