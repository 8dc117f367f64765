/**
 * Getting closed windows into the log: in their order, the same signed bytes every time, until the log has given a witnessed
 * receipt. A log that has other statements of the meter is never argued with: the meter stops.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import type { Receipt } from '../core/receipt/receipt.ts';
import type { Envelope } from '../core/statement/envelope.ts';
import { AttestryError } from '../errors.ts';
import type { MeterStore } from './meter-store.ts';

/** What a log answered. */
export interface LoggedWindow {
  readonly receipt: Receipt;
  readonly state: 'committed' | 'witnessed';
}

/** Submits an envelope, the same one again where it is called again, and verifies the answer. `LogClient.submit` is one. */
export type SubmitWindow = (envelope: Envelope) => Promise<LoggedWindow>;

export interface SubmissionsOptions {
  readonly store: MeterStore;
  readonly submit: SubmitWindow;
  /** Unix seconds. */
  readonly now: () => number;
  /** Windows without a witnessed receipt from before, ascending. */
  readonly pending: readonly number[];
}

const LONGEST_PAUSE_SECONDS = 60;

export class Submissions {
  readonly #options: SubmissionsOptions;
  /** Ascending; whether the log has committed the window. */
  readonly #pending: Map<number, boolean>;
  #running: Promise<void> | undefined;
  #failures = 0;
  #notBefore = 0;
  #unimproved = 0;
  #improveAfter = 0;
  #lastError: AttestryError | undefined;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    const { store, pending } = options;
    this.#pending = new Map(
      pending.map((sequence) => [sequence, store.logReceipt(sequence) !== undefined]),
    );
  }

  /** Windows that are closed and not in the log. */
  get unlogged(): number {
    return [...this.#pending.values()].filter((isLogged) => !isLogged).length;
  }

  /** Windows in the log whose receipt is not witnessed yet. */
  get unwitnessed(): number {
    return this.#pending.size - this.unlogged;
  }

  /** What the last attempt failed with; undefined after one that did not. */
  get lastError(): AttestryError | undefined {
    return this.#lastError;
  }

  /** Takes a window that is closed and on disk. */
  add(sequence: number): void {
    this.#pending.set(sequence, false);
  }

  /**
   * Submits what is pending. What a log or the network refuses is tried again by a later call, after a pause that grows.
   * @throws METER_STREAM_DIVERGED, STORE_FAILED
   */
  async run(): Promise<void> {
    this.#running ??= this.#attempt().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Resolves when an attempt under way has ended, well or badly. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#running]);
  }

  async #attempt(): Promise<void> {
    const { now } = this.#options;
    if (now() < this.#notBefore) return;
    try {
      await this.#submitAll();
      this.#failures = 0;
      this.#lastError = undefined;
    } catch (error) {
      if (!(error instanceof AttestryError) || isFatal(error)) throw error;
      this.#lastError = error;
      this.#notBefore = now() + pauseAfter(error, this.#failures++);
    }
  }

  async #submitAll(): Promise<void> {
    const committed = [...this.#pending].filter(([, isLogged]) => isLogged);
    for (const [sequence, isLogged] of this.#pending) {
      if (!isLogged) await this.#submit(sequence);
    }
    await this.#improve(committed.map(([sequence]) => sequence));
  }

  /** Asks again for receipts that were not witnessed: after the new windows, which a missing witness must not delay. */
  async #improve(committed: readonly number[]): Promise<void> {
    const { now } = this.#options;
    if (committed.length === 0 || now() < this.#improveAfter) return;
    const before = this.#pending.size;
    for (const sequence of committed) {
      if (this.unlogged > 0) return;
      await this.#submit(sequence);
    }
    this.#unimproved = this.#pending.size < before ? 0 : this.#unimproved + 1;
    this.#improveAfter = now() + pauseOf(this.#unimproved);
  }

  async #submit(sequence: number): Promise<void> {
    const { store, submit } = this.#options;
    const envelope = store.window(sequence) as Envelope;
    const { receipt, state } = await this.#refusalsNamed(sequence, () => submit(envelope));
    if (!bytesEqual(receipt.envelope.entry, envelope.entry)) {
      throw new AttestryError(
        'RESPONSE_INVALID',
        `Expected the log's receipt of window ${sequence}, got one of another entry.`,
      );
    }
    await store.putLogReceipt(sequence, receipt, state === 'witnessed');
    if (state === 'witnessed') this.#pending.delete(sequence);
    else this.#pending.set(sequence, true);
  }

  async #refusalsNamed<T>(sequence: number, submit: () => Promise<T>): Promise<T> {
    try {
      return await submit();
    } catch (error) {
      if (!(error instanceof AttestryError) || !error.code.startsWith('STREAM_')) throw error;
      throw new AttestryError(
        'METER_STREAM_DIVERGED',
        `The log refuses window ${sequence} (${error.code}): it holds other statements of this meter. Another program uses the meter's id, or its folder was put back to an older state. Start a new meter with a new id and folder, and keep this folder for the record.`,
        { cause: error, details: { ...error.details, sequence } },
      );
    }
  }
}

function isFatal({ code }: AttestryError): boolean {
  return code === 'METER_STREAM_DIVERGED' || code === 'STORE_FAILED' || code === 'STORE_CORRUPT';
}

/** Seconds. */
function pauseAfter({ details }: AttestryError, failures: number): number {
  const { retryAfterSeconds } = details;
  const asked = typeof retryAfterSeconds === 'number' ? retryAfterSeconds : 0;
  return Math.max(asked, pauseOf(failures));
}

/** Seconds: 1, 2, 4 and so on. */
function pauseOf(failures: number): number {
  return Math.min(LONGEST_PAUSE_SECONDS, 2 ** failures);
}
