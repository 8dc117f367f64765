/**
 * A meter: counts the requests of one model for one operator, gives each a usage receipt, and states its windows to a log.
 * A request is on disk before it is answered; a window is on disk, signed, before it is submitted; so a kill at any moment
 * loses nothing and counts nothing twice.
 */
import { LRUCache } from 'lru-cache';
import { bytesEqual } from '../core/bytes/equal.ts';
import { decodeHex, encodeHex, quote } from '../core/bytes/hex.ts';
import type { Json } from '../core/bytes/json.ts';
import { formatTime } from '../core/bytes/time.ts';
import { sha256 } from '../core/merkle/hash.ts';
import {
  checkBuckets,
  formatBuckets,
  TOKEN_BUCKETS,
  type TokenBuckets,
} from '../core/metering/buckets.ts';
import { type CustomerCommitment, commitCustomer, SALT_BYTES } from '../core/metering/customer.ts';
import type { RequestProof } from '../core/metering/request-proof.ts';
import { proveRequest, type SumTree, summarizeRequest } from '../core/metering/sum-tree.ts';
import {
  leafOfReceipt,
  type ReceiptSigner,
  readUsageReceipt,
  type SignedUsageReceipt,
  signUsageReceipt,
  type UsageReceipt,
  type VerifiedUsageReceipt,
} from '../core/metering/usage-receipt.ts';
import type { Context } from '../core/statement/context.ts';
import type { Subject } from '../core/statement/resource.ts';
import { AttestryError } from '../errors.ts';
import { opensslSigner } from '../keys/openssl-signer.ts';
import type { Place } from './meter-rows.ts';
import {
  type MeterStore,
  openMeterStore,
  type StoredRequest,
  type StoredSalt,
} from './meter-store.ts';
import { OpenWindow, type WindowRules } from './open-window.ts';
import { type MeterState, readTree, recover } from './recovery.ts';
import { Submissions, type SubmitWindow } from './submissions.ts';
import { signWindow } from './window-statement.ts';

export interface MeterOptions extends Partial<WindowRules> {
  /** The meter's own: its queue and its receipts. */
  readonly folder: string;
  /** The operator's 32-byte seed. */
  readonly seed: Uint8Array;
  /** `id` names the stream in the log, `method` says how tokens are counted. */
  readonly meter: { readonly id: string; readonly method: string };
  /** The model that is counted. */
  readonly subject: Subject;
  readonly context: Omit<Context, 'issuedAt'>;
  readonly submit: SubmitWindow;
  /** Unix seconds. */
  readonly now: () => number;
  /** From a source that is fit for keys. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Seconds after a window's latest end by which receipts promise it to be in the log. Default: a day. */
  readonly promiseSeconds?: number;
  /** Milliseconds between two looks at the clock and the queue; 0 for none but those that `tick` is called for. Default: 1,000. */
  readonly tickMs?: number;
}

export interface MeteredRequest {
  /** Unique among all requests of the operator; with nothing in it that names the customer. */
  readonly requestId: string;
  readonly usage: TokenBuckets;
  /** Goes into the receipt as a salted commitment and nowhere else. */
  readonly customer?: Json;
}

export interface RecordedRequest {
  /** For the customer to keep. */
  readonly receipt: SignedUsageReceipt;
  /** Opens the commitment in the receipt: for the customer. Undefined without a customer, and once that one was erased. */
  readonly salt: Uint8Array | undefined;
}

export interface MeterStatus {
  /** In the window that is being counted. */
  readonly openRequests: number;
  /** Closed windows that the log has not taken yet. */
  readonly unloggedWindows: number;
  /** Windows in the log that the witnesses' quorum has not cosigned yet. */
  readonly unwitnessedWindows: number;
  /** Why the last submission did not work, if it did not. */
  readonly lastError: AttestryError | undefined;
}

const WINDOW_SECONDS = 3600;
const MAX_REQUESTS = 10_000;
const PROMISE_SECONDS = 86_400;
const TICK_MS = 1000;
const KEPT_TREES = 16;

/**
 * The meter of a folder, which is made if it is not there; one process at a time may hold it.
 * @throws STORE_LOCKED, STORE_FAILED, STORE_CORRUPT, and CONFIG_INVALID for the folder of another meter
 */
export async function openMeter(options: MeterOptions): Promise<Meter> {
  const { windowSeconds = WINDOW_SECONDS, maxRequests = MAX_REQUESTS } = options;
  if (!Number.isInteger(windowSeconds) || windowSeconds < 1 || 3600 % windowSeconds !== 0) {
    throw new RangeError(`Expected windowSeconds to divide 3600, got ${windowSeconds}.`);
  }
  if (!Number.isSafeInteger(maxRequests) || maxRequests < 1) {
    throw new RangeError(`Expected maxRequests of at least 1, got ${maxRequests}.`);
  }
  const { context, meter, subject } = options;
  const store = await openMeterStore(options.folder, {
    operator: context.operator,
    log: context.log,
    meter: meter.id,
    model: subject.digest.sha256,
  });
  try {
    const state = await recover(store, { windowSeconds, maxRequests });
    return new Meter(options, store, state);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A recorded request that may still be on its way to the disk. */
interface InFlight extends RecordedRequest {
  readonly stored: Promise<void>;
}

export class Meter {
  readonly #options: MeterOptions;
  readonly #store: MeterStore;
  readonly #rules: WindowRules;
  readonly #signer: ReceiptSigner;
  readonly #submissions: Submissions;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #trees = new LRUCache<number, SumTree>({ max: KEPT_TREES });
  readonly #timer: NodeJS.Timeout | undefined;
  #window: OpenWindow;
  #latest: number;
  #previous: string | null;
  /** Resolves when the window closed last is on disk. */
  #closing: Promise<void> = Promise.resolve();
  /** Why nothing more is taken. */
  #stopped: unknown;

  /** Use `openMeter`. */
  constructor(options: MeterOptions, store: MeterStore, state: MeterState) {
    this.#options = options;
    this.#store = store;
    this.#rules = state.rules;
    this.#signer = opensslSigner(options.seed);
    this.#window = state.window;
    this.#latest = state.latest;
    this.#previous = state.previous;
    const { now, submit, tickMs = TICK_MS } = options;
    this.#submissions = new Submissions({ store, submit, now, pending: state.pending });
    if (tickMs > 0) {
      this.#timer = setInterval(() => this.#tickUnasked(), tickMs);
      this.#timer.unref();
    }
  }

  /**
   * The receipt of a request, once it is on disk. The same id again gives the same receipt and counts once.
   * @throws METERING_USAGE_MALFORMED, USAGE_RECEIPT_MALFORMED, TALLY_OVERFLOW, METER_REQUEST_CONFLICT for the same id with
   * other numbers or another customer, METER_STREAM_DIVERGED, STORE_*
   */
  async record(request: MeteredRequest): Promise<RecordedRequest> {
    this.#requireRunning();
    checkBuckets(request.usage);
    const known = this.#find(request.requestId);
    if (known !== undefined) requireSame(request, known);
    const { receipt, salt, stored } = known ?? this.#take(request);
    await stored;
    return { receipt, salt };
  }

  /** Closes the window if it is over, and submits what is closed. What a log refuses is tried again later. @throws METER_STREAM_DIVERGED, STORE_* */
  async tick(): Promise<void> {
    this.#requireRunning();
    this.#closeIfOver(this.#time());
    const done = this.#closing.then(() => this.#submissions.run());
    this.#stopOnFailure(done);
    await done;
  }

  /**
   * The proof that a request stands in its logged window; an auditor takes it once the log's receipt is a witnessed one.
   * @throws METER_REQUEST_UNKNOWN, METER_WINDOW_OPEN, STORE_*
   */
  async proofFor(requestId: string): Promise<RequestProof> {
    const place = this.#store.place(requestId);
    if (place === undefined) {
      throw new AttestryError(
        'METER_REQUEST_UNKNOWN',
        `Expected a request that was recorded, got ${quote(requestId)}.`,
      );
    }
    const window = this.#store.logReceipt(place.sequence);
    if (window === undefined) {
      throw new AttestryError(
        'METER_WINDOW_OPEN',
        `Window ${place.sequence} of the meter is not in the log yet; ask again later.`,
        { details: { sequence: place.sequence } },
      );
    }
    const tree = await this.#treeOf(place.sequence);
    const receipt = this.#store.receipt(place);
    return { receipt, path: proveRequest(tree, place.index), window };
  }

  /**
   * Destroys the salts of this customer's receipts, and makes sure that their bytes are gone from the folder; gives how many.
   * The commitments stay and mean nothing any more, to whoever has not kept a salt. @throws METER_ERASURE_INCOMPLETE, STORE_*
   */
  async eraseCustomer(customer: Json): Promise<number> {
    await this.#store.idle();
    const erased: StoredSalt[] = [];
    for await (const stored of this.#store.salts()) {
      const { value } = commitCustomer(customer, stored.salt);
      if (bytesEqual(decodeHex(value), stored.commitment)) erased.push(stored);
    }
    await this.#store.eraseSalts(erased);
    return erased.length;
  }

  get status(): MeterStatus {
    return {
      openRequests: this.#window.size,
      unloggedWindows: this.#submissions.unlogged,
      unwitnessedWindows: this.#submissions.unwitnessed,
      lastError: this.#submissions.lastError,
    };
  }

  /** Waits for what is under way. The open window stays open: it goes on when the folder is opened again. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped ??= new AttestryError('NODE_STOPPING', 'The meter is closed.');
    await this.#submissions.idle();
    await this.#store.close();
  }

  #take({ requestId, usage, customer }: MeteredRequest): InFlight {
    const time = this.#time();
    this.#closeIfOver(time);
    const window = this.#window;
    window.checkRoom(usage);
    const place: Place = { sequence: window.sequence, index: window.size };
    const secret = customer === undefined ? undefined : this.#commit(customer);
    const receipt = this.#sign({ requestId, usage, place, time, customer: secret?.customer });
    const leaf = leafOfReceipt(receipt);
    window.add(summarizeRequest(leaf), usage, time);
    return this.#keep({ requestId, place, receipt: receipt.signed, salt: secret });
  }

  #commit(customer: Json): NonNullable<StoredRequest['salt']> & { customer: CustomerCommitment } {
    const salt = this.#options.randomBytes(SALT_BYTES);
    const commitment = commitCustomer(customer, salt);
    return { salt, commitment: decodeHex(commitment.value), customer: commitment };
  }

  #sign({ requestId, usage, place, time, customer }: SignedRequest): VerifiedUsageReceipt {
    const { context, meter, subject, promiseSeconds = PROMISE_SECONDS } = this.#options;
    const receipt: UsageReceipt = {
      version: 1,
      operator: context.operator,
      log: context.log,
      meter: meter.id,
      model: subject.digest.sha256,
      requestId,
      at: formatTime(time),
      due: formatTime(this.#window.endWith(time) + promiseSeconds),
      window: place,
      quantities: formatBuckets(usage),
      ...(customer === undefined ? {} : { customer }),
    };
    return { receipt, signed: signUsageReceipt(receipt, this.#signer) };
  }

  #keep(request: StoredRequest): InFlight {
    const stored = this.#store.putRequest(request).finally(() => {
      this.#inFlight.delete(request.requestId);
    });
    this.#stopOnFailure(stored);
    const inFlight = { receipt: request.receipt, salt: request.salt?.salt, stored };
    this.#inFlight.set(request.requestId, inFlight);
    return inFlight;
  }

  #find(requestId: string): InFlight | undefined {
    const inFlight = this.#inFlight.get(requestId);
    if (inFlight !== undefined) return inFlight;
    const place = this.#store.place(requestId);
    if (place === undefined) return undefined;
    const [receipt, salt] = [this.#store.receipt(place), this.#store.salt(place)];
    return { receipt, salt, stored: Promise.resolve() };
  }

  #closeIfOver(time: number): void {
    if (!this.#window.isOver(time)) return;
    const window = this.#window.close(time);
    const envelope = signWindow(window, {
      ...this.#options,
      previous: this.#previous,
      issuedAt: time,
    });
    this.#trees.set(window.sequence, window.tree);
    this.#previous = encodeHex(sha256(envelope.payload));
    this.#window = new OpenWindow(window.sequence + 1, window.end, this.#rules);
    this.#closing = this.#store.putWindow(window.sequence, envelope).then(() => {
      this.#submissions.add(window.sequence);
    });
    this.#stopOnFailure(this.#closing);
  }

  async #treeOf(sequence: number): Promise<SumTree> {
    const kept = this.#trees.get(sequence);
    if (kept !== undefined) return kept;
    const tree = await readTree(this.#store, sequence);
    this.#trees.set(sequence, tree);
    return tree;
  }

  // A clock that goes back must not put a request into a window that is closed.
  #time(): number {
    this.#latest = Math.max(this.#latest, this.#options.now());
    return this.#latest;
  }

  #tickUnasked(): void {
    if (this.#stopped === undefined) this.#stopOnFailure(this.tick());
  }

  // What is in memory may then be more than what is on disk: only opening the folder anew finds out.
  #stopOnFailure(done: Promise<void>): void {
    done.catch((error: unknown) => {
      this.#stopped ??= error;
    });
  }

  #requireRunning(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }
}

interface SignedRequest {
  readonly requestId: string;
  readonly usage: TokenBuckets;
  readonly place: Place;
  /** Unix seconds. */
  readonly time: number;
  readonly customer: CustomerCommitment | undefined;
}

/** Refuses other numbers, or another customer, under an id that is known. After an erasure the customer cannot be compared. */
function requireSame(request: MeteredRequest, known: RecordedRequest): void {
  const { quantities, customer } = readUsageReceipt(known.receipt.payload);
  const usage = formatBuckets(request.usage);
  const other = TOKEN_BUCKETS.find((name) => usage[name] !== quantities[name]);
  const isOther = (request.customer === undefined) !== (customer === undefined);
  const isMismatch =
    request.customer !== undefined &&
    known.salt !== undefined &&
    commitCustomer(request.customer, known.salt).value !== customer?.value;
  if (other === undefined && !isOther && !isMismatch) return;
  throw new AttestryError(
    'METER_REQUEST_CONFLICT',
    `Request ${quote(request.requestId)} was recorded before with another ${other ?? 'customer'}; give every request an id of its own.`,
  );
}
