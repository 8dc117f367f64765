/** What an operator's program needs to speak: signing a statement, and taking a meter's stream further. */
import { formatTime } from '../core/bytes/time.ts';
import { type Envelope, signEnvelope } from '../core/statement/envelope.ts';
import { formatStatement, parseStatement, type Statement } from '../core/statement/statement.ts';
import { streamAfter } from '../core/statement/stream.ts';
import type { Meter } from '../core/statement/usage.ts';
import { AttestryError } from '../errors.ts';

/** The envelope of a statement, signed with each 32-byte seed; `envelope.entry` is what to keep and to submit. @throws STATEMENT_*, USAGE_*, CLAIM_MISMATCH */
export function signStatement(statement: Statement, seeds: readonly Uint8Array[]): Envelope {
  return signEnvelope(formatStatement(statement), seeds);
}

/** Where a meter's next usage statement goes on. */
export interface NextUsage extends Pick<Meter, 'sequence' | 'previous'> {
  /** The meter and what it counts, where there is a statement before. */
  readonly meter?: Pick<Meter, 'id' | 'method'>;
  readonly model?: string;
  /** RFC 3339: the next window starts no earlier. */
  readonly from?: string;
}

/** What follows the meter's newest statement, or begins its stream. @throws STATEMENT_* when that is no usage statement */
export function nextUsage(previous?: Envelope): NextUsage {
  if (previous === undefined) return { sequence: 0, previous: null };
  const statement = parseStatement(previous.payload);
  if (statement.kind !== 'usage') {
    throw new AttestryError(
      'STATEMENT_MALFORMED',
      `Expected the meter's usage statement before, got a statement of kind ${statement.kind}.`,
    );
  }
  const { sequence, digest, windowEnd, model } = streamAfter(statement, previous.payload);
  const { id, method } = statement.predicate.meter;
  return {
    sequence: sequence + 1,
    previous: digest,
    meter: { id, method },
    model,
    from: formatTime(windowEnd),
  };
}
