/** Submitting to a log and fetching receipts from it. What comes back is verified before it is called a success. */
import { decodeHex } from '../core/bytes/hex.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import { admitEntry } from '../core/statement/admission.ts';
import type { Envelope } from '../core/statement/envelope.ts';
import { contextOf, parseStatement } from '../core/statement/statement.ts';
import type { VerificationRules } from '../core/trust/quorum.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import {
  type BoundedRequest,
  type BoundedResponse,
  boundedFetch,
  type Fetch,
} from './bounded-fetch.ts';
import { isTransient, peerRefusal, retryAfterMs } from './peer-refusal.ts';
import {
  DEFAULT_TIMEOUT_MS,
  type RetryClock,
  type RetryOptions,
  retry,
  SYSTEM_CLOCK,
} from './retry.ts';
import {
  type EntryState,
  type ExpectedEntry,
  parseAnswer,
  type SubmittedEntry,
  verifyAnswer,
  verifyServedReceipt,
} from './submission-answer.ts';
import { SubmissionBatch, type SubmissionResult, splitBatches } from './submission-batch.ts';

export interface LogClientOptions {
  /** What the log's paths begin with, with or without a slash at the end. */
  readonly url: string;
  /** Everything that comes back is verified against it. */
  readonly trust: TrustRoot;
  /** Checks signatures; the pure one where none is given. */
  readonly engine?: SignatureEngine;
  readonly fetch?: Fetch;
  /** Unix seconds; this machine's clock unless told. */
  readonly now?: () => number;
  readonly clock?: RetryClock;
}

export interface SubmitOptions extends RetryOptions {
  /** What to wait for; `committed` unless told. */
  readonly wait?: EntryState;
}

/** Per request; a log waits 10 s for its witnesses before it answers. */
const REQUEST_TIMEOUT_MS = 20_000;
const LARGEST_RECEIPT_ANSWER = 1024 * 1024;
const WITNESS_TIMEOUT_MS = 30_000;
const FIRST_POLL_MS = 200;
const LONGEST_POLL_MS = 2000;

export class LogClient {
  readonly #options: LogClientOptions;
  readonly #url: string;
  readonly #clock: RetryClock;

  constructor(options: LogClientOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  /**
   * Where the envelope stands in the log, with a verified receipt. Submitting the same envelope again is safe: it gives
   * the same index. With `wait: 'witnessed'` the state may still be `committed` when the time is up: look at it.
   * @throws every code of admission before anything is sent; what the log refuses with; RESPONSE_INVALID and every code
   * of verification when the log's answer does not prove what it says
   */
  async submit(envelope: Envelope, options: SubmitOptions = {}): Promise<SubmittedEntry> {
    const deadline = this.#deadline(options);
    const expected = this.#admit(envelope);
    const submitted = await this.#retry(options, async (leftMs) => {
      const { body } = await this.#post(expected.entry, {
        leftMs,
        wait: options.wait,
        maxBytes: LARGEST_RECEIPT_ANSWER,
      });
      return verifyAnswer(parseAnswer(body), expected, this.#rules());
    });
    return options.wait === 'witnessed' ? await this.#witness(submitted, deadline) : submitted;
  }

  /**
   * One result for each envelope, in order: where it stands, or why not. Sent as NDJSON, at most 1,000 a request; from
   * the first one that a busy log puts off, the rest is sent again, so that the statements of a meter stay in order.
   */
  async submitMany(
    envelopes: readonly Envelope[],
    options: SubmitOptions = {},
  ): Promise<readonly SubmissionResult[]> {
    const results: SubmissionResult[] = [];
    for (const envelopesOfBatch of splitBatches(envelopes)) {
      const batch = new SubmissionBatch(envelopesOfBatch, (envelope) => this.#admit(envelope));
      results.push(...(await this.#submitBatch(batch, options)));
    }
    return results;
  }

  /** The verified receipt of an entry; `witnessed` unless told. @throws ENTRY_UNKNOWN when the state is not reached */
  async receipt(
    entryHash: string,
    state: EntryState = 'witnessed',
    options: RetryOptions = {},
  ): Promise<SubmittedEntry> {
    return await this.#retry(options, (leftMs) => this.#fetchReceipt(entryHash, state, leftMs));
  }

  /** The witnessed receipt, as soon as there is one. @throws WITNESS_TIMEOUT after `timeoutMs`, 30,000 unless told */
  async waitForWitnesses(
    entryHash: string,
    timeoutMs: number = WITNESS_TIMEOUT_MS,
  ): Promise<SubmittedEntry> {
    const deadline = this.#clock.clockMs() + timeoutMs;
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(LONGEST_POLL_MS, pauseMs * 2)) {
      const leftMs = deadline - this.#clock.clockMs();
      if (leftMs <= 0) throw witnessTimeout(entryHash, timeoutMs);
      let askedMs = 0;
      try {
        return await this.#fetchReceipt(entryHash, 'witnessed', leftMs);
      } catch (error) {
        if (!isPending(error)) throw error;
        askedMs = retryAfterMs(error);
      }
      const waitMs = Math.max(pauseMs, askedMs);
      await this.#clock.sleep(Math.min(waitMs, Math.max(1, deadline - this.#clock.clockMs())));
    }
  }

  async #submitBatch(
    batch: SubmissionBatch,
    options: SubmitOptions,
  ): Promise<readonly SubmissionResult[]> {
    const deadline = this.#deadline(options);
    const rules = this.#rules();
    await this.#retry(options, async (leftMs) => {
      if (batch.isDone) return;
      // Not `witnessed`: a log waits for one line after the other, and a missing quorum would outlast the request.
      const { body } = await this.#post(batch.body(), {
        leftMs,
        wait: 'committed',
        maxBytes: batch.largestAnswer,
        ndjson: true,
      });
      batch.take(body, rules);
    }).catch((error: unknown) => batch.giveUp(error));
    if (options.wait !== 'witnessed') return batch.results();
    const results: SubmissionResult[] = [];
    for (const result of batch.results()) {
      results.push(
        result instanceof AttestryError ? result : await this.#witness(result, deadline),
      );
    }
    return results;
  }

  /** What no auditor with this trust root would accept is not sent. */
  #admit({ entry, payload }: Envelope): ExpectedEntry {
    const origin = contextOf(parseStatement(payload)).log;
    admitEntry(entry, { ...this.#rules(), origin });
    return { entry, origin };
  }

  /** The submitted entry once it is witnessed, or as it is when the time is up. */
  async #witness(submitted: SubmittedEntry, deadline: number): Promise<SubmittedEntry> {
    const leftMs = deadline - this.#clock.clockMs();
    if (submitted.state === 'witnessed' || leftMs <= 0) return submitted;
    try {
      return await this.waitForWitnesses(submitted.entryHash, leftMs);
    } catch (error) {
      if (error instanceof AttestryError && error.code === 'WITNESS_TIMEOUT') return submitted;
      throw error;
    }
  }

  async #post(
    body: Uint8Array,
    {
      leftMs,
      wait = 'committed',
      ndjson = false,
      maxBytes,
    }: {
      readonly leftMs: number;
      readonly wait: EntryState | undefined;
      readonly ndjson?: boolean;
      readonly maxBytes: number;
    },
  ): Promise<BoundedResponse> {
    return await this.#fetch(`/v1/entries?wait=${wait}`, leftMs, {
      method: 'POST',
      headers: { 'content-type': ndjson ? 'application/x-ndjson' : 'application/json' },
      body,
      maxBytes,
    });
  }

  async #fetchReceipt(
    entryHash: string,
    state: EntryState,
    leftMs: number,
  ): Promise<SubmittedEntry> {
    decodeHex(entryHash, 32);
    const { body } = await this.#fetch(`/v1/receipts/${entryHash}?state=${state}`, leftMs, {
      maxBytes: LARGEST_RECEIPT_ANSWER,
    });
    return verifyServedReceipt(body, { entryHash, state }, this.#rules());
  }

  async #fetch(
    path: string,
    leftMs: number,
    request: Omit<BoundedRequest, 'timeoutMs' | 'fetch'>,
  ): Promise<BoundedResponse> {
    const { fetch } = this.#options;
    const url = `${this.#url}${path}`;
    const response = await boundedFetch(url, {
      ...request,
      timeoutMs: Math.max(1, Math.min(REQUEST_TIMEOUT_MS, leftMs)),
      ...(fetch === undefined ? {} : { fetch }),
    });
    if (response.status >= 200 && response.status < 300) return response;
    throw peerRefusal(url, response);
  }

  #retry<T>(options: RetryOptions, attempt: (leftMs: number) => Promise<T>): Promise<T> {
    return retry(attempt, options, this.#clock);
  }

  #deadline({ timeoutMs = DEFAULT_TIMEOUT_MS }: RetryOptions): number {
    return this.#clock.clockMs() + timeoutMs;
  }

  #rules(): VerificationRules {
    const { trust, engine, now } = this.#options;
    return {
      trust,
      now: now?.() ?? Math.floor(Date.now() / 1000),
      ...(engine === undefined ? {} : { engine }),
    };
  }
}

function isPending(error: unknown): error is AttestryError {
  return error instanceof AttestryError && (error.code === 'ENTRY_UNKNOWN' || isTransient(error));
}

function witnessTimeout(entryHash: string, timeoutMs: number): AttestryError {
  return new AttestryError(
    'WITNESS_TIMEOUT',
    `Expected a quorum of witnesses on entry ${entryHash.slice(0, 16)}… within ${timeoutMs} ms; ask for the receipt again later.`,
    { details: { entryHash, timeoutMs } },
  );
}
