import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frontier, frontierAt } from '../../../src/core/merkle/frontier.ts';
import { EMPTY_ROOT } from '../../../src/core/merkle/hash.ts';
import { NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';

const tree = new NaiveTree(naiveLeaves(3000));

describe('Frontier', () => {
  it('gives the RFC 6962 root at every size to 3000', () => {
    const frontier = new Frontier();
    expect(frontier.root()).toEqual(EMPTY_ROOT);
    for (const [i, leaf] of tree.leaves.entries()) {
      frontier.append(leaf);
      expect(frontier.size).toBe(i + 1);
      expect(frontier.root()).toEqual(tree.root(i + 1));
    }
  });

  it('goes on from its own hashes as if it had never stopped', () => {
    const first = new Frontier();
    for (const leaf of tree.leaves.slice(0, 300)) first.append(leaf);
    const second = new Frontier(first.size, first.hashes);
    const rootBefore = first.root();
    for (const leaf of tree.leaves.slice(300, 1000)) second.append(leaf);
    expect(second.root()).toEqual(tree.root(1000));
    expect(first.root()).toEqual(rootBefore);
  });

  it('refuses to start with the wrong number of hashes or to append what is no hash', () => {
    expect(() => new Frontier(3, [EMPTY_ROOT])).toThrow(RangeError);
    expect(() => new Frontier(0, [EMPTY_ROOT])).toThrow(RangeError);
    expect(() => new Frontier(-1)).toThrow(RangeError);
    expect(() => new Frontier().append(new Uint8Array(31))).toThrow(RangeError);
  });
});

describe('frontierAt', () => {
  it('restores the frontier of any size out of stored nodes', () => {
    fc.assert(
      fc.property(fc.nat(2900), fc.nat(100), (size, more) => {
        const frontier = frontierAt(size, tree.node);
        expect(frontier.root()).toEqual(tree.root(size));
        for (const leaf of tree.leaves.slice(size, size + more)) frontier.append(leaf);
        expect(frontier.root()).toEqual(tree.root(size + more));
      }),
    );
  });

  it('needs as many nodes as the size has ones in binary, at sizes beyond 32 bits too', () => {
    const asked: string[] = [];
    frontierAt(2 ** 53 - 1, (level, index) => {
      asked.push(`${level}/${index}`);
      return EMPTY_ROOT;
    });
    expect(asked).toHaveLength(53);
    expect(asked[0]).toBe('52/0');
    expect(asked[52]).toBe(`0/${2 ** 53 - 2}`);
  });
});
