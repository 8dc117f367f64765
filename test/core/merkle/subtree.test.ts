import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { leafHash } from '../../../src/core/merkle/hash.ts';
import { type Range, rangeHash } from '../../../src/core/merkle/range.ts';
import {
  coverRange,
  isSubtree,
  proveSubtree,
  verifySubtreeConsistency,
} from '../../../src/core/merkle/subtree.ts';
import {
  proveSubtreeInclusion,
  verifySubtreeInclusion,
} from '../../../src/core/merkle/subtree-inclusion.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';
import { spoiledProofs } from './proof-mutations.ts';

// draft-ietf-plants-merkle-tree-certs, appendix "Subtree Test Vectors": one hash over the lines for all subtrees of
// the trees over the single bytes 0 to 129.
const ACCUMULATED = {
  hashes: 'b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81',
  inclusion: 'ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f',
  consistency: '10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74',
  covering: '7fd9c8b926e9d2b5cf831560e8ce295a5ef97ad5c5ede4ea0dea28a8c8fc8bb0',
};
const SIZE = 130;

const tree = new NaiveTree(Array.from({ length: SIZE }, (_, i) => leafHash(Uint8Array.of(i))));

function* subtrees(most: number): Generator<Range> {
  for (let end = 0; end <= most; end++) {
    for (let start = 0; start <= end; start++) {
      if (isSubtree({ start, end })) yield { start, end };
    }
  }
}

function hashOfLines(lines: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  return hash.digest('hex');
}

function show({ start, end }: Range): string {
  return `[${start}, ${end})`;
}

function withHashes(line: string, proof: readonly Uint8Array[]): string {
  return `${[line, ...proof.map(encodeHex)].join(' ')}\n`;
}

describe('rangeHash', () => {
  it('gives the hashes that the draft pins, and those of the naive tree', () => {
    function* lines(): Generator<string> {
      for (const subtree of subtrees(SIZE)) {
        const hash = rangeHash(subtree, tree.node);
        expect(hash).toEqual(tree.hash(subtree.start, subtree.end));
        yield `${show(subtree)} ${encodeHex(hash)}\n`;
      }
    }
    expect(hashOfLines(lines())).toBe(ACCUMULATED.hashes);
  });
});

describe('proveSubtreeInclusion', () => {
  it('gives the proofs that the draft pins, and they verify', () => {
    function* lines(): Generator<string> {
      for (const subtree of subtrees(SIZE)) {
        const subtreeHash = tree.hash(subtree.start, subtree.end);
        for (let index = subtree.start; index < subtree.end; index++) {
          const proof = proveSubtreeInclusion(index, subtree, tree.node);
          const leaf = tree.leaves[index] as Uint8Array;
          verifySubtreeInclusion({ ...subtree, index, leafHash: leaf, subtreeHash, proof });
          yield withHashes(`${index} ${show(subtree)}`, proof);
        }
      }
    }
    expect(hashOfLines(lines())).toBe(ACCUMULATED.inclusion);
  });
});

describe('proveSubtree', () => {
  it('gives the proofs that the draft pins, and they verify', () => {
    function* lines(): Generator<string> {
      for (let size = 0; size <= SIZE; size++) {
        for (const subtree of subtrees(size)) {
          const proof = proveSubtree({ ...subtree, size }, tree.node);
          const subtreeHash = tree.hash(subtree.start, subtree.end);
          verifySubtreeConsistency({
            ...subtree,
            size,
            subtreeHash,
            root: tree.root(size),
            proof,
          });
          yield withHashes(`${show(subtree)} ${size}`, proof);
        }
      }
    }
    expect(hashOfLines(lines())).toBe(ACCUMULATED.consistency);
  });

  it('refuses what is not a subtree of the tree', () => {
    for (const subtree of [
      { start: 1, end: 3, size: 8 },
      { start: 4, end: 9, size: 8 },
      { start: 0, end: 9, size: 8 },
      { start: 8, end: 9, size: 8 },
      { start: 9, end: 9, size: 8 },
      { start: 5, end: 4, size: 8 },
      { start: -1, end: 0, size: 8 },
      { start: 0, end: 1.5, size: 8 },
      { start: 0, end: 8, size: 2 ** 53 },
    ]) {
      expect(codeOf(() => proveSubtree(subtree, tree.node))).toBe('CONSISTENCY_SIZE_INVALID');
    }
  });
});

describe('verifySubtreeConsistency', () => {
  it('refuses every spoiled proof of every subtree of a tree of 29 leaves', () => {
    const size = 29;
    for (const subtree of subtrees(size)) {
      if (subtree.start === subtree.end) continue;
      const subtreeHash = tree.hash(subtree.start, subtree.end);
      const claim = { ...subtree, size, subtreeHash, root: tree.root(size), proof: [] };
      for (const spoiled of spoiledProofs(proveSubtree(claim, tree.node), 100)) {
        expect(codeOf(() => verifySubtreeConsistency({ ...claim, proof: spoiled.proof }))).toBe(
          spoiled.lengthChanged ? 'CONSISTENCY_LENGTH_WRONG' : 'CONSISTENCY_ROOT_MISMATCH',
        );
      }
    }
  });

  it('refuses a range that is not a subtree', () => {
    const root = tree.root(8);
    const claim = { start: 1, end: 3, size: 8, subtreeHash: root, root, proof: [] };
    expect(codeOf(() => verifySubtreeConsistency(claim))).toBe('CONSISTENCY_SIZE_INVALID');
  });

  it('refuses an empty subtree with any other hash than that of nothing', () => {
    const root = tree.root(8);
    const claim = { start: 3, end: 3, size: 8, subtreeHash: root, root, proof: [] };
    expect(codeOf(() => verifySubtreeConsistency(claim))).toBe('CONSISTENCY_ROOT_MISMATCH');
  });
});

describe('verifySubtreeInclusion', () => {
  it('refuses a leaf outside the subtree', () => {
    const leaf = tree.leaves[5] as Uint8Array;
    const claim = { start: 8, end: 9, index: 5, leafHash: leaf, subtreeHash: leaf, proof: [] };
    for (const index of [5, 7, 9]) {
      expect(codeOf(() => verifySubtreeInclusion({ ...claim, index }))).toBe(
        'INCLUSION_INDEX_OUT_OF_RANGE',
      );
    }
  });

  it('refuses a range that is not a subtree', () => {
    const [leaf] = naiveLeaves(1) as [Uint8Array];
    const claim = { start: 1, end: 3, index: 1, leafHash: leaf, subtreeHash: leaf, proof: [] };
    expect(codeOf(() => verifySubtreeInclusion(claim))).toBe('CONSISTENCY_SIZE_INVALID');
  });
});

describe('coverRange', () => {
  it('gives the two subtrees that the draft pins', () => {
    function* lines(): Generator<string> {
      for (let end = 0; end <= SIZE; end++) {
        for (let start = 0; start <= end; start++) {
          const [left, right] = coverRange({ start, end });
          yield `${show(left)} ${show(right)}\n`;
        }
      }
    }
    expect(hashOfLines(lines())).toBe(ACCUMULATED.covering);
  });

  it('covers ranges of more leaves than 32 bits count', () => {
    const [left, right] = coverRange({ start: 2 ** 40 + 5, end: 2 ** 52 + 9 });
    expect([left, right]).toEqual([
      { start: 0, end: 2 ** 52 },
      { start: 2 ** 52, end: 2 ** 52 + 9 },
    ]);
  });

  it('refuses a range that ends before it starts', () => {
    expect(codeOf(() => coverRange({ start: 3, end: 2 }))).toBe('CONSISTENCY_SIZE_INVALID');
  });
});
