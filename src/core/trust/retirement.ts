/** Logs that are retired: each ends at a final checkpoint, and the first entry of its successor commits to that. */
import { AttestryError } from '../../errors.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { encodeHex } from '../bytes/hex.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { sha256 } from '../merkle/hash.ts';
import type { Checkpoint } from '../note/checkpoint.ts';
import { checkpointText } from '../note/signable.ts';
import type { Statement } from '../statement/statement.ts';

export interface Retirement {
  /** Entries of the log, for ever. */
  readonly size: number;
  readonly root: Uint8Array;
  /** Origin of the log that goes on. */
  readonly successor: string;
}

interface MaybeRetired {
  readonly origin: string;
  readonly retired: Retirement | undefined;
}

/** What the first entry of a successor is about: hex SHA-256 of the three lines of the final checkpoint. */
export function finalDigest(origin: string, { size, root }: Omit<Retirement, 'successor'>): string {
  return encodeHex(sha256(encodeUtf8(checkpointText(origin, size, root))));
}

/** Whether this is all that the log will ever hold. */
export function isFinal(checkpoint: Checkpoint, { retired }: MaybeRetired): boolean {
  return retired !== undefined && retired.size === checkpoint.size;
}

/** The checkpoint, if it does not lead beyond the log's final one, nor to another. @throws LOG_RETIRED */
export function verifyRetirement(checkpoint: Checkpoint, log: MaybeRetired): Checkpoint {
  const { origin, retired } = log;
  if (retired === undefined || checkpoint.size < retired.size) return checkpoint;
  if (isFinal(checkpoint, log) && bytesEqual(checkpoint.root, retired.root)) return checkpoint;
  throw new AttestryError(
    'LOG_RETIRED',
    `Expected at most the final checkpoint of ${origin}, of size ${retired.size}, got one of size ${checkpoint.size} or of another root.`,
  );
}

/** The statement, if it says that the log before has ended at its final checkpoint. @throws SUCCESSION_MISMATCH */
export function verifySuccession(statement: Statement, predecessor: string): Statement {
  const isRetiring = statement.kind === 'deployment' && statement.predicate.action === 'retire';
  const [subject, ...more] = statement.subject;
  if (isRetiring && more.length === 0 && subject?.digest.sha256 === predecessor) return statement;
  throw new AttestryError(
    'SUCCESSION_MISMATCH',
    `Expected the first entry to be a deployment statement that retires ${predecessor}, the final checkpoint of the log before.`,
  );
}
