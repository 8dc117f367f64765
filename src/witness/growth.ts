/** The judgement of c2sp.org/tlog-witness on a checkpoint whose log and signature are known to be right. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { quote } from '../core/bytes/hex.ts';
import { verifyConsistency } from '../core/merkle/consistency.ts';
import { EMPTY_ROOT } from '../core/merkle/hash.ts';
import type { Checkpoint } from '../core/note/checkpoint.ts';
import { AttestryError } from '../errors.ts';

export interface GrowthClaim {
  /** The size that the sender believes was cosigned last. */
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: Checkpoint;
}

/**
 * The checkpoint, if it extends what was cosigned last (undefined if nothing was). Only the own stored root counts:
 * all that the sender gives is a size to compare and the hashes between the two.
 * @throws WITNESS_SIZE_CONFLICT with the size in its details, WITNESS_PROOF_INVALID
 */
export function verifyGrowth(
  claim: GrowthClaim,
  last: Pick<Checkpoint, 'size' | 'root'> | undefined,
): Checkpoint {
  const { checkpoint, oldSize } = claim;
  const size = last?.size ?? 0;
  if (oldSize !== size) {
    throw new AttestryError(
      'WITNESS_SIZE_CONFLICT',
      `Expected old size ${size}, the size of ${quote(checkpoint.origin)} cosigned last, got ${oldSize}; send a proof from ${size}.`,
      { details: { size } },
    );
  }
  if (last === undefined || size === 0) return verifyBeginning(claim);
  const { size: size2, root: root2 } = checkpoint;
  try {
    verifyConsistency({ size1: size, root1: last.root, size2, root2, proof: claim.proof });
  } catch (cause) {
    throw proofInvalid(claim, cause);
  }
  return checkpoint;
}

// The empty tree is consistent with every tree: there is nothing to prove, so nothing may be sent.
function verifyBeginning(claim: GrowthClaim): Checkpoint {
  const { checkpoint, proof } = claim;
  const rootFits = checkpoint.size > 0 || bytesEqual(checkpoint.root, EMPTY_ROOT);
  if (proof.length > 0 || !rootFits) throw proofInvalid(claim);
  return checkpoint;
}

function proofInvalid({ checkpoint, oldSize }: GrowthClaim, cause?: unknown): AttestryError {
  return new AttestryError(
    'WITNESS_PROOF_INVALID',
    `Expected a consistency proof of ${quote(checkpoint.origin)} from the cosigned size ${oldSize} to ${checkpoint.size}, got one that does not connect the two roots.`,
    { cause },
  );
}
