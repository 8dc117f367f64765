import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT, nodeHash } from '../../../src/core/merkle/hash.ts';
import {
  type InclusionClaim,
  proveInclusion,
  rootFromInclusion,
  verifyInclusion,
} from '../../../src/core/merkle/inclusion.ts';
import { rangeHash } from '../../../src/core/merkle/range.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { hexOf, NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';
import { anyBit, spoiledProofs, withBitFlipped } from './proof-mutations.ts';

const tree = new NaiveTree(naiveLeaves(3000));

function claimOf(index: number, size: number): InclusionClaim {
  const leafHash = tree.leaves[index] as Uint8Array;
  return { leafHash, index, size, root: tree.root(size), proof: tree.path(index, size) };
}

const anyClaim = fc
  .integer({ min: 1, max: 3000 })
  .chain((size) => fc.nat(size - 1).map((index) => claimOf(index, size)));

describe('proveInclusion', () => {
  it('gives the path of RFC 6962 for every leaf of every size to 300', () => {
    for (let size = 1; size <= 300; size++) {
      for (let index = 0; index < size; index++) {
        const proof = proveInclusion(index, size, tree.node);
        expect(hexOf(...proof)).toBe(hexOf(...tree.path(index, size)));
      }
    }
  });

  it('gives the path of RFC 6962 beyond', () => {
    fc.assert(
      fc.property(anyClaim, ({ index, size, proof }) => {
        expect(hexOf(...proveInclusion(index, size, tree.node))).toBe(hexOf(...proof));
      }),
    );
  });

  it('refuses an index that is not below the size', () => {
    for (const [index, size] of [
      [0, 0],
      [7, 7],
      [8, 7],
      [-1, 7],
      [0.5, 7],
      [Number.NaN, 7],
      [0, 2 ** 53],
    ] as const) {
      expect(codeOf(() => proveInclusion(index, size, tree.node))).toBe(
        'INCLUSION_INDEX_OUT_OF_RANGE',
      );
    }
  });
});

describe('verifyInclusion', () => {
  it('returns the claim for every leaf of every size to 300', () => {
    for (let size = 1; size <= 300; size++) {
      for (let index = 0; index < size; index++) {
        const claim = claimOf(index, size);
        expect(verifyInclusion(claim)).toBe(claim);
      }
    }
  });

  it('refuses a proof with a hash dropped, added, swapped or changed by one bit', () => {
    fc.assert(
      fc.property(anyClaim, anyBit, (claim, bit) => {
        for (const { proof, lengthChanged } of spoiledProofs(claim.proof, bit)) {
          expect(codeOf(() => verifyInclusion({ ...claim, proof }))).toBe(
            lengthChanged ? 'INCLUSION_LENGTH_WRONG' : 'INCLUSION_ROOT_MISMATCH',
          );
        }
      }),
    );
  });

  it('refuses another leaf and another root', () => {
    fc.assert(
      fc.property(anyClaim, anyBit, (claim, bit) => {
        const leafHash = withBitFlipped(claim.leafHash, bit);
        const root = withBitFlipped(claim.root, bit);
        expect(codeOf(() => verifyInclusion({ ...claim, leafHash }))).toBe(
          'INCLUSION_ROOT_MISMATCH',
        );
        expect(codeOf(() => verifyInclusion({ ...claim, root }))).toBe('INCLUSION_ROOT_MISMATCH');
      }),
    );
  });

  it('refuses the leaf at every other index of the tree', () => {
    for (const size of [2, 7, 8, 33, 100]) {
      for (let index = 0; index < size; index++) {
        const claim = claimOf(index, size);
        for (let other = 0; other < size; other++) {
          const code = codeOf(() => verifyInclusion({ ...claim, index: other }));
          expect(code.startsWith('INCLUSION_')).toBe(other !== index);
        }
      }
    }
  });

  it('refuses the proof of an inner node as one of a leaf', () => {
    const claim = claimOf(4, 8);
    const [sibling, ...proof] = claim.proof;
    const leafHash = nodeHash(claim.leafHash, sibling as Uint8Array);
    expect(codeOf(() => verifyInclusion({ ...claim, leafHash, proof }))).toBe(
      'INCLUSION_LENGTH_WRONG',
    );
  });

  it('refuses an index or size that is out of range or no number for a tree', () => {
    const claim = claimOf(3, 7);
    for (const index of [7, 8, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(codeOf(() => verifyInclusion({ ...claim, index }))).toBe(
        'INCLUSION_INDEX_OUT_OF_RANGE',
      );
    }
    for (const size of [0, 3, -7, 7.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(codeOf(() => verifyInclusion({ ...claim, size }))).toBe(
        'INCLUSION_INDEX_OUT_OF_RANGE',
      );
    }
  });

  it('refuses hashes that are not 32 bytes, an empty leaf with an empty root too', () => {
    const claim = claimOf(3, 7);
    const nothing = new Uint8Array(0);
    const short = new Uint8Array(31);
    const first = claim.proof.with(0, new Uint8Array(64));
    for (const spoiled of [
      { ...claim, leafHash: short },
      { ...claim, root: short },
      { ...claim, proof: first },
      { leafHash: nothing, root: nothing, index: 0, size: 1, proof: [] },
    ]) {
      expect(codeOf(() => verifyInclusion(spoiled))).toBe('HASH_MALFORMED');
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
    for (const size of [2 ** 31, 2 ** 32 + 1, 2 ** 40 + 2 ** 31 + 3, 2 ** 53 - 1]) {
      const root = rangeHash({ start: 0, end: size }, readNode);
      for (const index of [0, 2 ** 31 - 1, Math.floor(size / 3), size - 2, size - 1]) {
        const proof = proveInclusion(index, size, readNode);
        const claim = { leafHash: EMPTY_ROOT, index, size, root, proof };
        expect(verifyInclusion(claim)).toBe(claim);
        expect(codeOf(() => verifyInclusion({ ...claim, proof: proof.slice(1) }))).toBe(
          'INCLUSION_LENGTH_WRONG',
        );
      }
    }
  });
});

describe('rootFromInclusion', () => {
  it('gives the root that a proof leads to', () => {
    const claim = claimOf(41, 300);
    expect(rootFromInclusion(claim)).toEqual(claim.root);
    const otherLeaf = tree.leaves[42] as Uint8Array;
    expect(rootFromInclusion({ ...claim, leafHash: otherLeaf })).not.toEqual(claim.root);
  });
});
