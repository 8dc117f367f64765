/**
 * Subtree proofs, draft-ietf-plants-merkle-tree-certs section 4: that a range of leaves is part of a tree. The general
 * form behind the proofs of RFC 6962: [0, m) makes a consistency proof, [i, i + 1) an inclusion proof.
 */
import { AttestryError } from '../../errors.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { EMPTY_ROOT, requireHashes } from './hash.ts';
import {
  floorLog2,
  isTreeSize,
  type Range,
  type ReadNode,
  rangeHash,
  splitPoint,
} from './range.ts';
import { climbPath, pathLength, subtreePath } from './subtree-path.ts';

/** Leaves [start, end) of a tree of `size` leaves. */
export interface Subtree extends Range {
  readonly size: number;
}

export interface SubtreeConsistencyClaim extends Subtree {
  /** The hash of the leaves [start, end). */
  readonly subtreeHash: Uint8Array;
  /** The root of the tree of `size` leaves. */
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The claim, if the proof connects the subtree with the root. @throws HASH_MALFORMED, CONSISTENCY_* */
export function verifySubtreeConsistency(claim: SubtreeConsistencyClaim): SubtreeConsistencyClaim {
  requireSubtree(claim);
  const hashes = hashesFromConsistency(claim);
  if (!bytesEqual(hashes.subtree, claim.subtreeHash)) throw mismatch(claim, 'the older hash');
  if (!bytesEqual(hashes.tree, claim.root)) throw mismatch(claim, 'the root');
  return claim;
}

/** The proof of a subtree; empty for an empty one and for the whole tree. @throws CONSISTENCY_SIZE_INVALID */
export function proveSubtree(subtree: Subtree, readNode: ReadNode): Uint8Array[] {
  requireSubtree(subtree);
  const { start, end, size } = subtree;
  if (start === end) return [];
  const proof: Uint8Array[] = [];
  let known = start;
  let rest: Range = { start: 0, end: size };
  while (known !== rest.start || end !== rest.end) {
    const middle = rest.start + splitPoint(rest.end - rest.start);
    const left: Range = { start: rest.start, end: middle };
    const right: Range = { start: middle, end: rest.end };
    const goLeft = end <= middle;
    proof.push(rangeHash(goLeft ? right : left, readNode));
    if (!goLeft && known < middle) known = middle;
    rest = goLeft ? left : right;
  }
  // The verifier has the hash of the whole subtree, not of the part of it that a split has left over.
  if (known !== start) proof.push(rangeHash(rest, readNode));
  return proof.reverse();
}

/** One or two subtrees that cover the leaves [start, end) and few others: the first may begin before `start`. @throws CONSISTENCY_SIZE_INVALID */
export function coverRange({ start, end }: Range): readonly [Range, Range] {
  if (!isTreeSize(start) || !isTreeSize(end) || start > end) throw invalid({ start, end });
  if (end - start <= 1) {
    return [
      { start, end },
      { start: end, end },
    ];
  }
  const last = end - 1;
  const split = highestDifference(start, last);
  const middle = last - (last % 2 ** split);
  // The distance from `start` to `middle`, less one, is what ~start & mask is in the draft.
  const gap = middle - 1 - start;
  const width = gap === 0 ? 1 : 2 ** (floorLog2(gap) + 1);
  return [
    { start: start - (start % width), end: middle },
    { start: middle, end },
  ];
}

/** Whether [start, end) is a subtree: start is a multiple of the smallest power of two not below the width. */
export function isSubtree({ start, end }: Range): boolean {
  if (!isTreeSize(start) || !isTreeSize(end) || start > end) return false;
  const width = end - start;
  return width <= 1 || start % (2 * splitPoint(width)) === 0;
}

function hashesFromConsistency(claim: SubtreeConsistencyClaim): {
  readonly subtree: Uint8Array;
  readonly tree: Uint8Array;
} {
  const empty = claim.start === claim.end;
  const path = empty ? { seeded: false, steps: [] } : subtreePath(claim, claim.size);
  if (claim.proof.length !== pathLength(path)) {
    throw new AttestryError(
      'CONSISTENCY_LENGTH_WRONG',
      `Expected ${pathLength(path)} hashes from ${describeSubtree(claim)}, got ${claim.proof.length}.`,
      { details: { expected: pathLength(path), length: claim.proof.length } },
    );
  }
  // With an empty proof nothing is hashed: the two hashes are only compared.
  if (claim.proof.length > 0) {
    requireHashes('the consistency claim', claim.subtreeHash, claim.root, ...claim.proof);
  }
  // An empty subtree is part of every tree and says nothing of its root.
  if (empty) return { subtree: EMPTY_ROOT, tree: claim.root };
  return climbPath(path, { known: claim.subtreeHash, proof: claim.proof });
}

/** @throws CONSISTENCY_SIZE_INVALID */
export function requireSubtree(subtree: Subtree): void {
  if (!isTreeSize(subtree.size) || subtree.end > subtree.size || !isSubtree(subtree)) {
    throw invalid(subtree, subtree.size);
  }
}

// The number of the highest bit in which two numbers differ, without bitwise operators.
function highestDifference(a: number, b: number): number {
  let bit = -1;
  for (let [x, y] = [a, b]; x !== y; bit++) [x, y] = [Math.floor(x / 2), Math.floor(y / 2)];
  return bit;
}

function describeSubtree({ start, end, size }: Subtree): string {
  return start === 0 ? `size ${end} to size ${size}` : `leaves ${start} to ${end} to size ${size}`;
}

function mismatch(claim: SubtreeConsistencyClaim, what: string): AttestryError {
  return new AttestryError(
    'CONSISTENCY_ROOT_MISMATCH',
    `Expected the proof from ${describeSubtree(claim)} to lead to ${what} claimed, it leads to another.`,
    { details: { start: claim.start, end: claim.end, size: claim.size } },
  );
}

function invalid({ start, end }: Range, size: number = end): AttestryError {
  return new AttestryError(
    'CONSISTENCY_SIZE_INVALID',
    start === 0
      ? `Expected an older size from 0 to the newer size ${size}, below 2^53, got ${end}.`
      : `Expected a range that is a subtree of a tree of ${size} leaves, got [${start}, ${end}).`,
    { details: { start, end, size } },
  );
}
