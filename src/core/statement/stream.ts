/**
 * A meter's stream: usage statements in order, without a missing number, each committing to the one before. So the time
 * between two windows is a claim of no usage, and a dropped statement leaves a gap that anyone sees.
 */
import { AttestryError, type AttestryErrorCode } from '../../errors.ts';
import { encodeHex } from '../bytes/hex.ts';
import { canonicalText } from '../bytes/json.ts';
import { parseTime } from '../bytes/time.ts';
import { sha256 } from '../merkle/hash.ts';
import { modelsOf, type StatementOf } from './statement.ts';

export interface StreamState {
  /** Of the newest statement. */
  readonly sequence: number;
  /** Hex SHA-256 of the newest statement's payload. */
  readonly digest: string;
  /** Unix seconds. */
  readonly windowEnd: number;
  readonly model: string;
}

/** One key per operator and meter. */
export function streamKey(statement: StatementOf<'usage'>): string {
  const { context, meter } = statement.predicate;
  return canonicalText([context.operator, meter.id]);
}

/**
 * The stream after this statement. @throws STREAM_SEQUENCE_MISMATCH, STREAM_PREVIOUS_MISMATCH, STREAM_WINDOW_OVERLAP,
 * STREAM_MODEL_CHANGED, each with the expected sequence and previous digest in its details.
 */
export function advanceStream(
  state: StreamState | undefined,
  statement: StatementOf<'usage'>,
  payload: Uint8Array,
): StreamState {
  const { meter, window } = statement.predicate;
  const model = modelsOf(statement)[0];
  const expectedSequence = state === undefined ? 0 : state.sequence + 1;
  const expectedPrevious = state?.digest ?? null;
  const refusal = (code: AttestryErrorCode, expected: string): AttestryError =>
    new AttestryError(code, `Expected ${expected} for meter ${meter.id}.`, {
      details: { expectedSequence, expectedPrevious },
    });
  if (meter.sequence !== expectedSequence) {
    throw refusal(
      'STREAM_SEQUENCE_MISMATCH',
      `sequence ${expectedSequence}, got ${meter.sequence},`,
    );
  }
  if (meter.previous !== expectedPrevious) {
    throw refusal(
      'STREAM_PREVIOUS_MISMATCH',
      `previous ${expectedPrevious}, got ${meter.previous},`,
    );
  }
  if (state !== undefined && model !== state.model) {
    throw refusal('STREAM_MODEL_CHANGED', `model ${state.model}, got ${model},`);
  }
  if (state !== undefined && parseTime(window.start) < state.windowEnd) {
    throw refusal('STREAM_WINDOW_OVERLAP', `a window from ${state.windowEnd} (unix seconds) on`);
  }
  return streamAfter(statement, payload);
}

/** The state that a stream is in after this statement, whatever came before. */
export function streamAfter(statement: StatementOf<'usage'>, payload: Uint8Array): StreamState {
  const { meter, window } = statement.predicate;
  return {
    sequence: meter.sequence,
    digest: encodeHex(sha256(payload)),
    windowEnd: parseTime(window.end),
    model: modelsOf(statement)[0] as string,
  };
}
