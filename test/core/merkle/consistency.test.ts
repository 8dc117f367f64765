import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ConsistencyClaim,
  proveConsistency,
  verifyConsistency,
} from '../../../src/core/merkle/consistency.ts';
import { EMPTY_ROOT, nodeHash } from '../../../src/core/merkle/hash.ts';
import { rangeHash } from '../../../src/core/merkle/range.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { hexOf, NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';
import { anyBit, spoiledProofs, withBitFlipped } from './proof-mutations.ts';

const tree = new NaiveTree(naiveLeaves(3000));

function claimOf(size1: number, size2: number): ConsistencyClaim {
  const proof = tree.proof(size1, size2);
  return { size1, root1: tree.root(size1), size2, root2: tree.root(size2), proof };
}

const anyClaim = fc
  .integer({ min: 1, max: 3000 })
  .chain((size2) => fc.integer({ min: 1, max: size2 }).map((size1) => claimOf(size1, size2)));

describe('proveConsistency', () => {
  it('gives the proof of RFC 6962 between all sizes to 300', () => {
    for (let size2 = 1; size2 <= 300; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const proof = proveConsistency(size1, size2, tree.node);
        expect(hexOf(...proof)).toBe(hexOf(...tree.proof(size1, size2)));
      }
    }
  });

  it('gives the proof of RFC 6962 beyond', () => {
    fc.assert(
      fc.property(anyClaim, ({ size1, size2, proof }) => {
        expect(hexOf(...proveConsistency(size1, size2, tree.node))).toBe(hexOf(...proof));
      }),
    );
  });

  it('is empty from size 0, which is what a witness is sent first', () => {
    expect(proveConsistency(0, 0, tree.node)).toEqual([]);
    expect(proveConsistency(0, 9, tree.node)).toEqual([]);
  });

  it('refuses sizes that are not in order', () => {
    for (const [size1, size2] of [
      [8, 7],
      [-1, 7],
      [1.5, 7],
      [1, 2 ** 53],
      [Number.NaN, 7],
    ] as const) {
      expect(codeOf(() => proveConsistency(size1, size2, tree.node))).toBe(
        'CONSISTENCY_SIZE_INVALID',
      );
    }
  });
});

describe('verifyConsistency', () => {
  it('returns the claim between all sizes to 300', () => {
    for (let size2 = 1; size2 <= 300; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const claim = claimOf(size1, size2);
        expect(verifyConsistency(claim)).toBe(claim);
      }
    }
  });

  it('refuses a proof with a hash dropped, added, swapped or changed by one bit', () => {
    fc.assert(
      fc.property(anyClaim, anyBit, (claim, bit) => {
        for (const { proof, lengthChanged } of spoiledProofs(claim.proof, bit)) {
          expect(codeOf(() => verifyConsistency({ ...claim, proof }))).toBe(
            lengthChanged ? 'CONSISTENCY_LENGTH_WRONG' : 'CONSISTENCY_ROOT_MISMATCH',
          );
        }
      }),
    );
  });

  it('refuses another root on either side', () => {
    fc.assert(
      fc.property(anyClaim, anyBit, (claim, bit) => {
        const root1 = withBitFlipped(claim.root1, bit);
        const root2 = withBitFlipped(claim.root2, bit);
        for (const spoiled of [
          { ...claim, root1 },
          { ...claim, root2 },
        ]) {
          expect(codeOf(() => verifyConsistency(spoiled))).toBe('CONSISTENCY_ROOT_MISMATCH');
        }
      }),
    );
  });

  it('refuses a log that rewrote one entry', () => {
    const rewritten = new NaiveTree(tree.leaves.slice(0, 300).with(37, EMPTY_ROOT));
    for (let size1 = 38; size1 < 300; size1++) {
      const claim = {
        ...claimOf(size1, 300),
        root2: rewritten.root(),
        proof: rewritten.proof(size1),
      };
      expect(codeOf(() => verifyConsistency(claim))).toBe('CONSISTENCY_ROOT_MISMATCH');
    }
  });

  it('demands an empty proof and one root for equal sizes', () => {
    const claim = claimOf(9, 9);
    expect(verifyConsistency(claim)).toBe(claim);
    const root2 = tree.root(8);
    expect(codeOf(() => verifyConsistency({ ...claim, root2 }))).toBe('CONSISTENCY_ROOT_MISMATCH');
    const proof = [claim.root1];
    expect(codeOf(() => verifyConsistency({ ...claim, proof }))).toBe('CONSISTENCY_LENGTH_WRONG');
  });

  it('takes two empty trees with the empty root only', () => {
    const claim = { size1: 0, root1: EMPTY_ROOT, size2: 0, root2: EMPTY_ROOT, proof: [] };
    expect(verifyConsistency(claim)).toBe(claim);
    const other = tree.root(1);
    for (const roots of [{ root1: other }, { root2: other }, { root1: other, root2: other }]) {
      expect(codeOf(() => verifyConsistency({ ...claim, ...roots }))).toBe(
        'CONSISTENCY_ROOT_MISMATCH',
      );
    }
    const proof = [EMPTY_ROOT];
    expect(codeOf(() => verifyConsistency({ ...claim, proof }))).toBe('CONSISTENCY_LENGTH_WRONG');
  });

  it('refuses a claim from size 0, which proves nothing', () => {
    const claim = { ...claimOf(1, 5), size1: 0, root1: EMPTY_ROOT, proof: [] };
    expect(codeOf(() => verifyConsistency(claim))).toBe('CONSISTENCY_SIZE_INVALID');
  });

  it('refuses sizes that are not in order or no numbers for a tree', () => {
    const claim = claimOf(3, 7);
    for (const size1 of [8, -3, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => verifyConsistency({ ...claim, size1 }))).toBe('CONSISTENCY_SIZE_INVALID');
    }
    for (const size2 of [2, 0, 7.5, Number.NaN, 2 ** 53]) {
      expect(codeOf(() => verifyConsistency({ ...claim, size2 }))).toBe('CONSISTENCY_SIZE_INVALID');
    }
  });

  it('refuses hashes that are not 32 bytes', () => {
    const claim = claimOf(3, 7);
    const short = new Uint8Array(31);
    for (const spoiled of [
      { ...claim, root1: short },
      { ...claim, root2: short },
      { ...claim, proof: claim.proof.with(1, new Uint8Array(0)) },
    ]) {
      expect(codeOf(() => verifyConsistency(spoiled))).toBe('HASH_MALFORMED');
    }
  });

  it('judges trees of up to 2^53-1 leaves', () => {
    // All leaves alike, so that every complete subtree of one height has one hash.
    const levels = [EMPTY_ROOT];
    for (let level = 1; level <= 53; level++) {
      const below = levels[level - 1] as Uint8Array;
      levels.push(nodeHash(below, below));
    }
    const readNode = (level: number): Uint8Array => levels[level] as Uint8Array;
    const rootOf = (end: number): Uint8Array => rangeHash({ start: 0, end }, readNode);
    const sizes = [1, 2 ** 31 + 5, 2 ** 32, 2 ** 45 + 2 ** 31 + 7, 2 ** 53 - 2, 2 ** 53 - 1];
    for (const size1 of sizes) {
      for (const size2 of sizes.filter((size) => size > size1)) {
        const proof = proveConsistency(size1, size2, readNode);
        const claim = { size1, root1: rootOf(size1), size2, root2: rootOf(size2), proof };
        expect(verifyConsistency(claim)).toBe(claim);
      }
    }
  });
});
