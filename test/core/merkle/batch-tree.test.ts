import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { MerkleTree } from 'merkletreejs';
import { describe, expect, it } from 'vitest';
import { buildBatchTree } from '../../../src/core/merkle/batch-tree.ts';
import { Frontier } from '../../../src/core/merkle/frontier.ts';
import { leafHash } from '../../../src/core/merkle/hash.ts';
import { proveInclusion, verifyInclusion } from '../../../src/core/merkle/inclusion.ts';
import { hexOf, NaiveTree } from '../../helpers/naive-tree.ts';

function data(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new TextEncoder().encode(`row ${i}`));
}

const hashPair = (pair: Buffer): Buffer =>
  createHash('sha256').update(Uint8Array.of(1)).update(pair).digest();

describe('buildBatchTree', () => {
  it('agrees with core and the naive tree for every leaf of every size to 300', () => {
    const rows = data(300);
    const naive = new NaiveTree(rows.map(leafHash));
    for (let size = 1; size <= 300; size++) {
      const tree = buildBatchTree(rows.slice(0, size));
      expect(tree.size).toBe(size);
      expect(tree.root).toEqual(naive.root(size));
      for (let index = 0; index < size; index++) {
        expect(hexOf(...tree.prove(index))).toBe(hexOf(...naive.path(index, size)));
      }
    }
  });

  it('gives proofs that core verifies, of equal leaves too', () => {
    const fewKinds = fc.array(fc.constantFrom(...data(3)), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(fewKinds, (rows) => {
        const { root, size, prove } = buildBatchTree(rows);
        for (const [index, row] of rows.entries()) {
          verifyInclusion({ leafHash: leafHash(row), index, size, root, proof: prove(index) });
        }
      }),
      { numRuns: 30 },
    );
  });

  it('refuses an empty set and an index that no leaf has', () => {
    expect(() => buildBatchTree([])).toThrow(RangeError);
    const tree = buildBatchTree(data(5));
    for (const index of [-1, 5, 1.5, Number.NaN]) {
      expect(() => tree.prove(index)).toThrow(RangeError);
    }
  });

  it('keeps nothing of the bytes it was given or has handed out', () => {
    const rows = data(5);
    const tree = buildBatchTree(rows);
    const { root } = buildBatchTree(data(5));
    for (const row of rows) row.fill(0);
    for (const hash of tree.prove(2)) hash.fill(0);
    expect(tree.root).toEqual(root);
    expect(tree.prove(2)).toEqual(buildBatchTree(data(5)).prove(2));
  });
});

describe('MerkleTree of merkletreejs, given RFC 6962 hashes', () => {
  it('has the roots and proofs of core for all sizes to 300', () => {
    const leaves = data(300).map(leafHash);
    const naive = new NaiveTree(leaves);
    const frontier = new Frontier();
    for (let size = 1; size <= 300; size++) {
      frontier.append(leaves[size - 1] as Uint8Array);
      const buffers = leaves.slice(0, size).map((leaf) => Buffer.from(leaf));
      const tree = new MerkleTree(buffers, hashPair);
      expect(Uint8Array.from(tree.getRoot())).toEqual(frontier.root());
      for (const [index, leaf] of buffers.entries()) {
        const proof = tree.getProof(leaf, index).map((step) => step.data);
        expect(hexOf(...proof)).toBe(hexOf(...proveInclusion(index, size, naive.node)));
      }
    }
  });
});
