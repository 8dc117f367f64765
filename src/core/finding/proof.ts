/** What the judges of all kinds of findings have in common: evidence proves, or it does not. */
import { AttestryError, type AttestryErrorCode } from '../../errors.ts';
import type { Checkpoint } from '../note/checkpoint.ts';
import { type VerificationRules, verifyLogCheckpoint } from '../trust/quorum.ts';

/** What is proven against one party. */
export interface Judgement {
  /** The name in the trust root of the log, witness or verifier that did wrong. */
  readonly accused: string;
  readonly code: AttestryErrorCode;
  readonly sentence: string;
}

/** The checkpoint in the note, signed by the log of this origin. @throws CHECKPOINT_*, FINDING_UNPROVEN */
export function ownCheckpoint(origin: string, note: string, rules: VerificationRules): Checkpoint {
  const { checkpoint } = verifyLogCheckpoint(note, rules);
  if (checkpoint.origin !== origin) throw unproven(`a checkpoint is of ${checkpoint.origin}`);
  return checkpoint;
}

/** @throws FINDING_UNPROVEN where the check of a hash or a Merkle proof fails */
export function proving(check: () => unknown): void {
  const code = codeOf(check);
  if (code !== undefined) throw unproven(`a hash or a Merkle proof fails with ${code}`);
}

/** The code that the check refuses with; undefined if it does not. @throws FINDING_UNPROVEN */
export function codeOf(check: () => unknown): AttestryErrorCode | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AttestryError && error.code !== 'FINDING_UNPROVEN') return error.code;
    throw error;
  }
}

export function unproven(why: string): AttestryError {
  return new AttestryError(
    'FINDING_UNPROVEN',
    `The evidence does not prove the accusation: ${why}.`,
  );
}
