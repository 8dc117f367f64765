import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proveAppended } from '../../../src/core/merkle/appended.ts';
import { frontierAt } from '../../../src/core/merkle/frontier.ts';
import { proveInclusion } from '../../../src/core/merkle/inclusion.ts';
import { NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';

const MOST = 700;
const tree = new NaiveTree(naiveLeaves(MOST));
const readNode = (level: number, index: number): Uint8Array =>
  tree.hash(index * 2 ** level, (index + 1) * 2 ** level);

describe('proveAppended', () => {
  it('gives the root and, leaf by leaf, the proofs that proveInclusion gives', () => {
    const sizes = fc.tuple(fc.nat(MOST - 1), fc.integer({ min: 1, max: 80 }));
    fc.assert(
      fc.property(sizes, ([from, added]) => {
        const size = Math.min(MOST, from + added);
        const { root, proofs } = proveAppended({
          from,
          before: frontierAt(from, readNode).hashes,
          leafHashes: tree.leaves.slice(from, size),
        });
        expect(root).toEqual(tree.root(size));
        expect(proofs).toHaveLength(size - from);
        for (const [i, proof] of proofs.entries()) {
          expect(proof).toEqual(proveInclusion(from + i, size, readNode));
        }
      }),
    );
  });

  it('refuses to prove nothing', () => {
    expect(() => proveAppended({ from: 0, before: [], leafHashes: [] })).toThrow(RangeError);
  });
});
