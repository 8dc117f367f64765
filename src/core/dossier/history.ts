/** What the statements of a dossier say about each other: gaps in a meter's stream, and withdrawals. */
import { AttestryError } from '../../errors.ts';
import { encodeHex } from '../bytes/hex.ts';
import type { VerifiedReceipt } from '../receipt/verify.ts';
import { advanceStream, type StreamState, streamAfter, streamKey } from '../statement/stream.ts';
import type { Problem } from './problem.ts';

/**
 * A problem for each usage statement that does not continue its meter's stream on its log. A meter counts one model, so
 * a dossier of that model shows the stream from its first statement on: one that was left out leaves a gap.
 */
export function* streamProblems(statements: readonly VerifiedReceipt[]): Iterable<Problem> {
  const streams = new Map<string, StreamState>();
  for (const { statement, envelope, checkpoint } of statements) {
    if (statement.kind !== 'usage') continue;
    const { origin } = checkpoint.log;
    const key = JSON.stringify([origin, streamKey(statement)]);
    try {
      advanceStream(streams.get(key), statement, envelope.payload);
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      yield { code: error.code, message: error.message, origin };
    }
    // One gap is one problem, so the stream goes on from here.
    streams.set(key, streamAfter(statement, envelope.payload));
  }
}

/** A problem for each revocation of the model, and for each statement that a revocation names. */
export function* withdrawals(
  model: string,
  statements: readonly VerifiedReceipt[],
): Iterable<Problem> {
  const known = new Set(statements.map(({ entryHash }) => encodeHex(entryHash)));
  for (const { statement, checkpoint, index } of statements) {
    if (statement.kind !== 'revocation') continue;
    const { context, reason, target } = statement.predicate;
    const { origin } = checkpoint.log;
    const why = `(${reason}, issued ${context.issuedAt}, entry ${index})`;
    if (target.entryHash === undefined) {
      const message = `${context.operator} withdrew model ${model} ${why}.`;
      yield { code: 'MODEL_WITHDRAWN', message, origin };
    } else if (known.has(target.entryHash)) {
      const message = `${context.operator} withdrew statement ${target.entryHash} ${why}.`;
      yield { code: 'STATEMENT_WITHDRAWN', message, origin };
    }
  }
}
