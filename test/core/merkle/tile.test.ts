import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proveConsistency } from '../../../src/core/merkle/consistency.ts';
import { frontierAt } from '../../../src/core/merkle/frontier.ts';
import { EMPTY_ROOT, nodeHash, rowRoot } from '../../../src/core/merkle/hash.ts';
import { proveInclusion } from '../../../src/core/merkle/inclusion.ts';
import {
  middleOf,
  type ReadTile,
  rootFromTiles,
  tileNodeAt,
  tileNodeReader,
} from '../../../src/core/merkle/tile.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { hexOf, NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';

const tree = new NaiveTree(naiveLeaves(3000));
// Three tile levels: 65,536 leaves fill the first tile of level 1.
const tall = new NaiveTree(naiveLeaves(66_000));
const tilesAt =
  (size: number, from: NaiveTree = tree): ReadTile =>
  (level, index) =>
    from.tile(level, index, size);

describe('tileNodeAt', () => {
  it('says where a node stands, at levels and indexes beyond 32 bits too', () => {
    expect(tileNodeAt(0, 1000)).toEqual({ level: 0, index: 3, height: 0, offset: 232 });
    expect(tileNodeAt(7, 5)).toEqual({ level: 0, index: 2, height: 7, offset: 1 });
    expect(tileNodeAt(8, 5)).toEqual({ level: 1, index: 0, height: 0, offset: 5 });
    expect(tileNodeAt(0, 2 ** 53 - 1)).toEqual({
      level: 0,
      index: 2 ** 45 - 1,
      height: 0,
      offset: 255,
    });
    expect(tileNodeAt(52, 0)).toEqual({ level: 6, index: 0, height: 4, offset: 0 });
  });
});

describe('tileNodeReader', () => {
  it('gives every complete node of the tree', () => {
    const readNode = tileNodeReader(tilesAt(3000));
    for (let level = 0; 2 ** level <= 3000; level++) {
      for (let index = 0; (index + 1) * 2 ** level <= 3000; index++) {
        expect(hexOf(readNode(level, index))).toBe(hexOf(tree.node(level, index)));
      }
    }
  });

  it('gives the inclusion and consistency proofs of RFC 6962', () => {
    const sizes = fc
      .integer({ min: 1, max: 3000 })
      .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));
    fc.assert(
      fc.property(sizes, ([size, index]) => {
        const readNode = tileNodeReader(tilesAt(size));
        expect(proveInclusion(index, size, readNode)).toEqual(tree.path(index, size));
        expect(proveConsistency(index + 1, size, readNode)).toEqual(tree.proof(index + 1, size));
      }),
    );
  });

  it('gives proofs across three tile levels', () => {
    const readNode = tileNodeReader(tilesAt(66_000, tall));
    for (const index of [0, 255, 256, 65_535, 65_536, 65_999]) {
      expect(proveInclusion(index, 66_000, readNode)).toEqual(tall.path(index));
    }
    expect(proveConsistency(65_537, 66_000, readNode)).toEqual(tall.proof(65_537));
  });

  it('reads a tile once for many proofs, and again when it has grown', () => {
    let size = 300;
    const read: string[] = [];
    const readNode = tileNodeReader((level, index) => {
      read.push(`${level}/${index}`);
      return tree.tile(level, index, size);
    });
    for (let index = 0; index < size; index++) {
      expect(proveInclusion(index, size, readNode)).toEqual(tree.path(index, size));
    }
    expect(read.toSorted()).toEqual(['0/0', '0/1', '1/0']);
    size = 700;
    expect(proveInclusion(299, size, readNode)).toEqual(tree.path(299, size));
    expect(read).toContain('0/2');
    expect(read.filter((tile) => tile === '0/1')).toHaveLength(2);
  });

  it('hashes once what a tile that grows began with, and all of it again where that has changed', () => {
    let size = 100;
    let hashed = 0;
    let changed = -1;
    const readNode = tileNodeReader(
      (level, index) => {
        const row = Uint8Array.from(tree.tile(level, index, size));
        if (changed >= 0) row[changed] = (row[changed] as number) ^ 1;
        return row;
      },
      (left, right) => {
        hashed++;
        return nodeHash(left, right);
      },
    );
    const rootAt = (now: number): Uint8Array => {
      size = now;
      readNode(0, now - 1);
      return frontierAt(now, readNode, nodeHash).root();
    };
    for (const now of [100, 101, 107, 128, 200]) {
      const before = size;
      hashed = 0;
      expect(rootAt(now)).toEqual(tree.root(now));
      expect(hashed).toBeLessThanOrEqual(now === 100 ? 100 : now - before + 8);
    }
    changed = 5;
    expect(rootAt(255)).not.toEqual(tree.root(255));
  });

  it('hashes a tenth of a full tile for a proof where its middle nodes are at hand', () => {
    const size = 1_000;
    const readTile = tilesAt(size);
    const middle = (index: number): Uint8Array | undefined =>
      index < 3 ? middleOf(readTile(0, index), rowRoot) : undefined;
    for (const index of [0, 255, 300, 511, 600]) {
      let hashed = 0;
      const counting: typeof nodeHash = (left, right) => {
        hashed++;
        return nodeHash(left, right);
      };
      const prove = (readMiddle: typeof middle): Uint8Array[] =>
        proveInclusion(index, size, tileNodeReader(readTile, counting, readMiddle));
      // Of the upper tile nothing is known: less than ten hashes for each of these proofs.
      expect(prove(middle)).toEqual(tree.path(index, size));
      expect(hashed).toBeLessThan(300);
      const without = hashed;
      hashed = 0;
      expect(prove(() => undefined)).toEqual(tree.path(index, size));
      expect(hashed - without).toBeGreaterThan(200);
      // Whoever verifies the proof notices: it is not what the tree gives.
      const wrong = (at: number): Uint8Array | undefined => middle(at)?.map((byte) => byte ^ 1);
      expect(prove(wrong)).not.toEqual(tree.path(index, size));
      expect(prove(() => new Uint8Array(32))).toEqual(tree.path(index, size));
    }
  });

  it('goes on when it has seen more tiles than it remembers', () => {
    const readNode = tileNodeReader(tilesAt(66_000, tall));
    for (let index = 0; index < 66_000; index += 200) {
      expect(readNode(0, index)).toEqual(tall.leaves[index]);
      expect(readNode(3, Math.floor(index / 8))).toEqual(tall.node(3, Math.floor(index / 8)));
    }
  });

  it('gives nodes that stay as they are, however many tiles are opened afterwards', () => {
    const readNode = tileNodeReader(tilesAt(66_000, tall));
    const nodes = Array.from({ length: 8_000 }, (_, index) => readNode(3, index));
    for (const [index, node] of nodes.entries())
      expect(hexOf(node)).toBe(hexOf(tall.node(3, index)));
  });

  it('refuses tiles of a length that they cannot have', () => {
    for (const length of [0, 31, 33, 9 * 32, 10 * 32 + 1, 257 * 32]) {
      const readNode = tileNodeReader(() => new Uint8Array(length));
      expect(codeOf(() => readNode(0, 9))).toBe('TILE_LENGTH_WRONG');
    }
    const readNode = tileNodeReader(() => new Uint8Array(10 * 32));
    expect(codeOf(() => readNode(0, 9))).toBe('none');
    expect(codeOf(() => readNode(2, 2))).toBe('TILE_LENGTH_WRONG');
  });
});

describe('rootFromTiles', () => {
  it('gives the RFC 6962 root of every size to 1100', () => {
    for (let size = 0; size <= 1100; size++) {
      expect(rootFromTiles(size, tilesAt(size))).toEqual(tree.root(size));
    }
  });

  it('gives it around full tiles of the second level', () => {
    for (const size of [65_279, 65_280, 65_535, 65_536, 65_537, 65_792, 66_000]) {
      expect(rootFromTiles(size, tilesAt(size, tall))).toEqual(tall.root(size));
    }
  });

  it('takes a full tile where a partial one would do', () => {
    expect(rootFromTiles(300, tilesAt(3000))).toEqual(tree.root(300));
  });

  it('refuses a tile that is too short, and a size that no tree has', () => {
    expect(codeOf(() => rootFromTiles(300, tilesAt(299)))).toBe('TILE_LENGTH_WRONG');
    expect(() => rootFromTiles(-1, tilesAt(0))).toThrow(RangeError);
    expect(() => rootFromTiles(2 ** 53, () => EMPTY_ROOT)).toThrow(RangeError);
  });
});
