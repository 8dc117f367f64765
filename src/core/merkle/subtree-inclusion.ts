/** Inclusion of a leaf in a subtree, draft-ietf-plants-merkle-tree-certs section 4.3: the subtree taken as a tree of its own. */
import { type InclusionClaim, proveInclusion, verifyInclusion } from './inclusion.ts';
import type { Range, ReadNode } from './range.ts';
import { requireSubtree } from './subtree.ts';

export interface SubtreeInclusionClaim extends Range {
  readonly leafHash: Uint8Array;
  /** The leaf's number in the whole tree: from `start`, below `end`. */
  readonly index: number;
  /** The hash of the leaves [start, end). */
  readonly subtreeHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The claim, if the proof leads from the leaf to the subtree's hash. @throws CONSISTENCY_SIZE_INVALID, HASH_MALFORMED, INCLUSION_* */
export function verifySubtreeInclusion(claim: SubtreeInclusionClaim): SubtreeInclusionClaim {
  requireSubtree({ start: claim.start, end: claim.end, size: claim.end });
  const inner: InclusionClaim = {
    leafHash: claim.leafHash,
    index: claim.index - claim.start,
    size: claim.end - claim.start,
    root: claim.subtreeHash,
    proof: claim.proof,
  };
  verifyInclusion(inner);
  return claim;
}

/** The proof of leaf `index` in the subtree [start, end). @throws CONSISTENCY_SIZE_INVALID, INCLUSION_INDEX_OUT_OF_RANGE */
export function proveSubtreeInclusion(
  index: number,
  subtree: Range,
  readNode: ReadNode,
): Uint8Array[] {
  const { start, end } = subtree;
  requireSubtree({ start, end, size: end });
  // A subtree starts at a multiple of the width of every complete subtree in it.
  return proveInclusion(index - start, end - start, (level, at) =>
    readNode(level, start / 2 ** level + at),
  );
}
