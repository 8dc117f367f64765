/** Inclusion proofs, RFC 6962 section 2.1.1: that a leaf stands at an index of a tree. */
import { AttestryError } from '../../errors.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { encodeHex } from '../bytes/hex.ts';
import { type HashNode, nodeHash, requireHashes } from './hash.ts';
import { isTreeSize, type ReadNode } from './range.ts';
import { proveSubtree } from './subtree.ts';
import { climbPath, pathLength, subtreePath } from './subtree-path.ts';

export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  /** The leaf's number, from 0. */
  readonly index: number;
  /** The number of leaves of the tree. */
  readonly size: number;
  readonly root: Uint8Array;
  /** The leaf's sibling first, the root's child last. */
  readonly proof: readonly Uint8Array[];
}

/** The claim, if the proof leads from the leaf to the root. @throws HASH_MALFORMED, INCLUSION_* */
export function verifyInclusion(
  claim: InclusionClaim,
  hashNode: HashNode = nodeHash,
): InclusionClaim {
  requireHashes('the inclusion claim', claim.root);
  const root = rootFromInclusion(claim, hashNode);
  if (!bytesEqual(root, claim.root)) {
    throw new AttestryError(
      'INCLUSION_ROOT_MISMATCH',
      `Expected the proof of leaf ${claim.index} to lead to root ${encodeHex(claim.root)} of size ${claim.size}, it leads to ${encodeHex(root)}.`,
      { details: { index: claim.index, size: claim.size } },
    );
  }
  return claim;
}

/** The root that the proof leads to, judged by nobody yet. @throws HASH_MALFORMED, INCLUSION_INDEX_OUT_OF_RANGE, INCLUSION_LENGTH_WRONG */
export function rootFromInclusion(
  claim: Omit<InclusionClaim, 'root'>,
  hashNode: HashNode = nodeHash,
): Uint8Array {
  const { index, size, leafHash, proof } = claim;
  requireIndex(index, size);
  requireHashes('the inclusion claim', leafHash, ...proof);
  const path = subtreePath({ start: index, end: index + 1 }, size);
  if (proof.length !== pathLength(path)) {
    throw new AttestryError(
      'INCLUSION_LENGTH_WRONG',
      `Expected ${pathLength(path)} hashes for leaf ${index} of ${size}, got ${proof.length}.`,
      { details: { expected: pathLength(path), length: proof.length } },
    );
  }
  return climbPath(path, { known: leafHash, proof }, hashNode).tree;
}

/** The proof of leaf `index` in the tree of `size` leaves. @throws INCLUSION_INDEX_OUT_OF_RANGE */
export function proveInclusion(index: number, size: number, readNode: ReadNode): Uint8Array[] {
  requireIndex(index, size);
  return proveSubtree({ start: index, end: index + 1, size }, readNode);
}

function requireIndex(index: number, size: number): void {
  if (!isTreeSize(index) || !isTreeSize(size) || index >= size) {
    throw new AttestryError(
      'INCLUSION_INDEX_OUT_OF_RANGE',
      `Expected an index below the size ${size}, got ${index}.`,
      { details: { index, size } },
    );
  }
}
