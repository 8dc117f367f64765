/** Many envelopes for one log in one request: which of them are still to be sent, and what each of them came to. */
import { concatBytes } from '../core/bytes/equal.ts';
import { decodeUtf8, encodeUtf8 } from '../core/bytes/utf8.ts';
import type { Envelope } from '../core/statement/envelope.ts';
import type { VerificationRules } from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import { isTransient, readError } from './peer-refusal.ts';
import {
  type ExpectedEntry,
  parseAnswer,
  type SubmittedEntry,
  verifyAnswer,
} from './submission-answer.ts';

/** Where an envelope stands, or why it does not. */
export type SubmissionResult = SubmittedEntry | AttestryError;

/** What a log takes in one request is 1,000 envelopes and 16 MiB; half of the bytes leaves room for a slow line. */
const BATCH_ENVELOPES = 1000;
const BATCH_BYTES = 8 * 1024 * 1024;
/** An answer repeats the envelope in JSON, and adds a proof and a checkpoint with its cosignatures. */
const ANSWER_OVERHEAD_BYTES = 64 * 1024;
const NEWLINE = encodeUtf8('\n');

/** The envelopes in order, in parts that fit in a request. */
export function* splitBatches(envelopes: readonly Envelope[]): Generator<readonly Envelope[]> {
  let batch: Envelope[] = [];
  let bytes = 0;
  for (const envelope of envelopes) {
    const { length } = envelope.entry;
    if (batch.length === BATCH_ENVELOPES || (batch.length > 0 && bytes + length > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(envelope);
    bytes += length + 1;
  }
  if (batch.length > 0) yield batch;
}

interface Slot {
  readonly expected: ExpectedEntry;
  result: SubmissionResult | undefined;
  isFinal: boolean;
}

export class SubmissionBatch {
  readonly #slots: readonly Slot[];

  /** What `admit` refuses is never sent. */
  constructor(envelopes: readonly Envelope[], admit: (envelope: Envelope) => ExpectedEntry) {
    this.#slots = envelopes.map((envelope) => {
      try {
        return { expected: admit(envelope), result: undefined, isFinal: false };
      } catch (error) {
        if (!(error instanceof AttestryError)) throw error;
        return { expected: { entry: envelope.entry, origin: '' }, result: error, isFinal: true };
      }
    });
  }

  get isDone(): boolean {
    return this.#pending().length === 0;
  }

  /** The request: every envelope that has no final result, one a line. */
  body(): Uint8Array {
    return concatBytes(...this.#pending().flatMap(({ expected }) => [expected.entry, NEWLINE]));
  }

  /** Bytes that the answer to the request may have. */
  get largestAnswer(): number {
    return this.#pending().reduce(
      (sum, { expected }) => sum + expected.entry.length + ANSWER_OVERHEAD_BYTES,
      0,
    );
  }

  /**
   * Takes the answer to the request. @throws the first error that may pass; what came before it and what succeeded is
   * final then, the rest is to be sent again. RESPONSE_INVALID when it is not one line for each envelope
   */
  take(answer: Uint8Array, rules: VerificationRules): void {
    const pending = this.#pending();
    const lines = decodeUtf8(answer).replace(/\n$/, '').split('\n');
    if (lines.length !== pending.length) {
      throw new AttestryError(
        'RESPONSE_INVALID',
        `Expected ${pending.length} lines for as many envelopes, got ${lines.length}.`,
      );
    }
    let passing: AttestryError | undefined;
    for (const [i, slot] of pending.entries()) {
      const result = readLine(lines[i] as string, slot.expected, rules);
      const isError = result instanceof AttestryError;
      if (isError && passing === undefined && isTransient(result)) passing = result;
      slot.result = result;
      // Behind one that was put off, a refusal may only be its consequence: the next statement of the same meter.
      slot.isFinal = !isError || passing === undefined;
    }
    if (passing !== undefined) throw passing;
  }

  /** Every envelope without a result of its own failed with this. Errors that are defects are thrown. */
  giveUp(error: unknown): void {
    if (!(error instanceof AttestryError)) throw error;
    for (const slot of this.#pending()) slot.result ??= error;
  }

  /** In the order of the envelopes. */
  results(): readonly SubmissionResult[] {
    return this.#slots.map(({ result }) => result as SubmissionResult);
  }

  #pending(): readonly Slot[] {
    return this.#slots.filter(({ isFinal }) => !isFinal);
  }
}

function readLine(
  line: string,
  expected: ExpectedEntry,
  rules: VerificationRules,
): SubmissionResult {
  try {
    const bytes = encodeUtf8(line);
    return readError(bytes) ?? verifyAnswer(parseAnswer(bytes), expected, rules);
  } catch (error) {
    if (error instanceof AttestryError) return error;
    throw error;
  }
}
