import { describe, expect, it } from 'vitest';
import { decodeHex, encodeHex } from '../../../src/core/bytes/hex.ts';
import { Frontier } from '../../../src/core/merkle/frontier.ts';
import {
  EMPTY_ROOT,
  leafHash,
  nodeHash,
  requireHashes,
  rowRoot,
} from '../../../src/core/merkle/hash.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { NaiveTree, naiveLeafHash, naiveLeaves } from '../../helpers/naive-tree.ts';

// The tree of eight leaves that the implementations of RFC 6962 test themselves with, and its roots by size.
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => decodeHex(hex));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('leafHash and nodeHash', () => {
  it('give the known roots of RFC 6962 trees of 0 to 8 leaves', () => {
    const frontier = new Frontier();
    const roots = [encodeHex(frontier.root())];
    for (const leaf of LEAVES) {
      frontier.append(leafHash(leaf));
      roots.push(encodeHex(frontier.root()));
    }
    expect(roots).toEqual(ROOTS);
  });

  it('hash a leaf of any length, a view of a larger buffer too', () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
    for (const length of [0, 1, 55, 64, 65, 65_535]) {
      const entry = bytes.subarray(7, 7 + length);
      expect(leafHash(entry)).toEqual(naiveLeafHash(entry));
    }
  });

  it('do not give a node for a leaf of the same bytes', () => {
    const [left, right] = naiveLeaves(2) as [Uint8Array, Uint8Array];
    expect(nodeHash(left, right)).not.toEqual(leafHash(Uint8Array.from([...left, ...right])));
  });

  it('have no node over what is not two hashes of 32 bytes', () => {
    for (const [left, right] of [
      [0, 32],
      [32, 31],
      [33, 32],
      [64, 0],
    ] as const) {
      expect(() => nodeHash(new Uint8Array(left), new Uint8Array(right))).toThrow(RangeError);
    }
  });
});

describe('EMPTY_ROOT', () => {
  it('is the hash of nothing', () => {
    expect(encodeHex(EMPTY_ROOT)).toBe(ROOTS[0]);
  });
});

describe('rowRoot', () => {
  it('is the RFC 6962 root over the row, for every width of a tile', () => {
    const tree = new NaiveTree(naiveLeaves(256));
    for (let width = 1; width <= 256; width++) {
      expect(rowRoot(tree.tile(0, 0, width))).toEqual(tree.root(width));
    }
  });

  it('leaves the row as it was', () => {
    const row = new NaiveTree(naiveLeaves(5)).tile(0, 0);
    const before = row.slice();
    rowRoot(row);
    expect(row).toEqual(before);
  });

  it('refuses an empty row and one that ends within a hash', () => {
    expect(() => rowRoot(new Uint8Array(0))).toThrow(RangeError);
    expect(() => rowRoot(new Uint8Array(63))).toThrow(RangeError);
  });
});

describe('requireHashes', () => {
  it('refuses a hash of any other length than 32', () => {
    for (const length of [0, 31, 33, 64]) {
      const hashes = [EMPTY_ROOT, new Uint8Array(length)];
      expect(codeOf(() => requireHashes('the test', ...hashes))).toBe('HASH_MALFORMED');
    }
    expect(codeOf(() => requireHashes('the test', EMPTY_ROOT))).toBe('none');
  });
});
