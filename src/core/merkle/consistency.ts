/** Consistency proofs, RFC 6962 section 2.1.2: that a tree is an older one with leaves appended. */
import { AttestryError } from '../../errors.ts';
import { bytesEqual } from '../bytes/equal.ts';
import type { ReadNode } from './range.ts';
import { proveSubtree, verifySubtreeConsistency } from './subtree.ts';

export interface ConsistencyClaim {
  /** The number of leaves of the older tree. */
  readonly size1: number;
  readonly root1: Uint8Array;
  /** The number of leaves of the newer tree. */
  readonly size2: number;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * The claim, if the proof shows that the newer tree begins with the older one. A claim from size 0 to a larger one
 * is refused: it holds for every root, so it proves nothing. @throws HASH_MALFORMED, CONSISTENCY_*
 */
export function verifyConsistency(claim: ConsistencyClaim): ConsistencyClaim {
  const { size1, root1, size2, root2, proof } = claim;
  if (size1 === 0 && size2 !== 0) {
    throw new AttestryError(
      'CONSISTENCY_SIZE_INVALID',
      `Expected an older tree with leaves: every tree of ${size2} leaves is consistent with the empty one.`,
      { details: { size1, size2 } },
    );
  }
  verifySubtreeConsistency({
    start: 0,
    end: size1,
    size: size2,
    subtreeHash: root1,
    root: root2,
    proof,
  });
  // The subtree rules say nothing of the root when both trees are empty.
  if (size1 === size2 && !bytesEqual(root1, root2)) {
    throw new AttestryError(
      'CONSISTENCY_ROOT_MISMATCH',
      `Expected one root of size ${size1}, got two.`,
      { details: { size1, size2 } },
    );
  }
  return claim;
}

/** The proof from `size1` to `size2` leaves; empty from 0, and where both are equal. @throws CONSISTENCY_SIZE_INVALID */
export function proveConsistency(size1: number, size2: number, readNode: ReadNode): Uint8Array[] {
  return proveSubtree({ start: 0, end: size1, size: size2 }, readNode);
}
