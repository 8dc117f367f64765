import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frontier } from '../../../src/core/merkle/frontier.ts';
import { type Growth, growTiles } from '../../../src/core/merkle/growth.ts';
import { EMPTY_ROOT } from '../../../src/core/merkle/hash.ts';
import { tilesOfGrowth, tilesOfSize } from '../../../src/core/merkle/tile-set.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { hexOf, NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';

/** Tiles as a log stores them, that notes which ones are read. */
class TileShelf {
  readonly tiles = new Map<string, Uint8Array>();
  readonly read: string[] = [];
  size = 0;

  readonly readTile = (level: number, index: number): Uint8Array => {
    this.read.push(`${level}/${index}`);
    const hashes = this.tiles.get(`${level}/${index}`);
    if (hashes === undefined) throw new Error(`Tile ${index} of level ${level} is not stored.`);
    return hashes;
  };

  grow(leafHashes: readonly Uint8Array[]): Growth {
    const growth = growTiles({ size: this.size, leafHashes, readTile: this.readTile });
    for (const { level, index, hashes } of growth.tiles) {
      this.tiles.set(`${level}/${index}`, hashes);
    }
    this.size = growth.size;
    return growth;
  }

  expectTilesOf(tree: NaiveTree): void {
    const all = [...tilesOfGrowth(0, this.size)];
    expect(this.tiles.size).toBe(all.length);
    for (const { level, index } of all) {
      const tile = this.tiles.get(`${level}/${index}`) as Uint8Array;
      expect(hexOf(tile)).toBe(hexOf(tree.tile(level, index, this.size)));
    }
  }
}

const tree = new NaiveTree(naiveLeaves(3000));
const anyBatches = fc
  .array(fc.oneof(fc.nat(3), fc.nat(40), fc.nat(700), fc.constant(256)), { maxLength: 12 })
  .filter((batches) => batches.reduce((sum, batch) => sum + batch, 0) <= 3000);

describe('growTiles', () => {
  it('gives the naive tiles and root, as the frontier does, however the entries are batched', () => {
    fc.assert(
      fc.property(anyBatches, (batches) => {
        const shelf = new TileShelf();
        const frontier = new Frontier();
        for (const batch of batches) {
          const leaves = tree.leaves.slice(shelf.size, shelf.size + batch);
          for (const leaf of leaves) frontier.append(leaf);
          const growth = shelf.grow(leaves);
          expect(growth.size).toBe(frontier.size);
          expect(growth.root).toEqual(frontier.root());
          expect(growth.root).toEqual(tree.root(growth.size));
        }
        shelf.expectTilesOf(tree);
      }),
    );
  });

  it('gives exactly the tiles that change and reads only the right edge', () => {
    fc.assert(
      fc.property(fc.nat(2500), fc.integer({ min: 0, max: 500 }), (size, more) => {
        const shelf = new TileShelf();
        shelf.grow(tree.leaves.slice(0, size));
        shelf.read.length = 0;
        const growth = shelf.grow(tree.leaves.slice(size, size + more));
        expect(
          growth.tiles.map(({ level, index, hashes }) => ({
            level,
            index,
            width: hashes.length / 32,
          })),
        ).toEqual([...tilesOfGrowth(size, size + more)]);
        const edge = tilesOfSize(size).map(({ level, index }) => `${level}/${index}`);
        expect(edge).toEqual(expect.arrayContaining(shelf.read));
      }),
    );
  });

  it('gives the middle nodes of full lowest tiles, and of no others', () => {
    const tall = new NaiveTree(naiveLeaves(66_000));
    const shelf = new TileShelf();
    for (const size of [200, 700, 65_700]) {
      for (const { level, index, hashes, middle } of shelf.grow(tall.leaves.slice(shelf.size, size))
        .tiles) {
        const isFullLowest = level === 0 && hashes.length === 256 * 32;
        const nodes = Array.from({ length: 16 }, (_, i) => tall.node(4, 16 * index + i));
        expect(middle).toEqual(isFullLowest ? Uint8Array.from(Buffer.concat(nodes)) : undefined);
      }
    }
  });

  it('grows across full tiles of the second level', () => {
    const tall = new NaiveTree(naiveLeaves(66_000));
    const shelf = new TileShelf();
    for (const size of [65_000, 65_535, 65_536, 65_537, 66_000]) {
      expect(shelf.grow(tall.leaves.slice(shelf.size, size)).root).toEqual(tall.root(size));
    }
    shelf.expectTilesOf(tall);
  });

  it('gives no tiles and the same root for no entries', () => {
    const shelf = new TileShelf();
    expect(shelf.grow([])).toEqual({ tiles: [], size: 0, root: EMPTY_ROOT });
    const { root } = shelf.grow(tree.leaves.slice(0, 300));
    expect(shelf.grow([])).toEqual({ tiles: [], size: 300, root });
  });

  it('does not write into the tiles that it reads', () => {
    const shelf = new TileShelf();
    shelf.grow(tree.leaves.slice(0, 100));
    const stored = shelf.readTile(0, 0);
    const before = stored.slice();
    shelf.grow(tree.leaves.slice(100, 300));
    expect(stored).toEqual(before);
  });

  it('refuses a stored tile that is narrower or wider than the size demands', () => {
    for (const stored of [0, 99, 101, 256]) {
      const readTile = (): Uint8Array => new Uint8Array(stored * 32);
      const growth = { size: 100, leafHashes: tree.leaves.slice(0, 1), readTile };
      expect(codeOf(() => growTiles(growth))).toBe('TILE_LENGTH_WRONG');
    }
  });

  it('refuses leaf hashes that are not 32 bytes and sizes that no log has', () => {
    const readTile = (): Uint8Array => EMPTY_ROOT;
    const short = [new Uint8Array(31)];
    expect(() => growTiles({ size: 0, leafHashes: short, readTile })).toThrow(RangeError);
    const leafHashes = [EMPTY_ROOT];
    expect(() => growTiles({ size: -1, leafHashes, readTile })).toThrow(RangeError);
    expect(() => growTiles({ size: 2 ** 53 - 1, leafHashes, readTile })).toThrow(RangeError);
  });
});
