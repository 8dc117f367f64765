import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proveConsistency } from '../../../src/core/merkle/consistency.ts';
import { proveInclusion } from '../../../src/core/merkle/inclusion.ts';
import { type ReadTile, tileNodeReader } from '../../../src/core/merkle/tile.ts';
import type { TileCoordinate } from '../../../src/core/merkle/tile-path.ts';
import {
  tilesForConsistency,
  tilesForInclusion,
  tilesOfGrowth,
  tilesOfSize,
} from '../../../src/core/merkle/tile-set.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { NaiveTree, naiveLeaves } from '../../helpers/naive-tree.ts';

const tree = new NaiveTree(naiveLeaves(3000));
const anySizes = fc
  .integer({ min: 1, max: 3000 })
  .chain((size) => fc.tuple(fc.nat(size), fc.constant(size)));

function name({ level, index }: { level: number; index: number }): string {
  return `${level}/${index}`;
}

/** The listed tiles alone, and the names of those that were read. */
function onlyTiles(tiles: readonly TileCoordinate[], size: number): [ReadTile, Set<string>] {
  const listed = new Map(tiles.map((tile) => [name(tile), tile]));
  const read = new Set<string>();
  const readTile: ReadTile = (level, index) => {
    const tile = listed.get(name({ level, index }));
    if (tile === undefined) throw new Error(`Tile ${index} of level ${level} is not listed.`);
    read.add(name(tile));
    const row = tree.tile(level, index, size);
    expect(row).toHaveLength(tile.width * 32);
    return row;
  };
  return [readTile, read];
}

describe('tilesOfSize', () => {
  it('names the partial tiles of the right edge', () => {
    expect(tilesOfSize(0)).toEqual([]);
    expect(tilesOfSize(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(tilesOfSize(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    expect(tilesOfSize(2 ** 53 - 1)).toHaveLength(7);
  });
});

describe('tilesOfGrowth', () => {
  it('names every tile of a log for the growth from nothing', () => {
    const tiles = [...tilesOfGrowth(0, 70_000)];
    expect(tiles).toHaveLength(274 + 2 + 1);
    expect(tiles.filter(({ width }) => width < 256)).toEqual(tilesOfSize(70_000));
  });

  it('names exactly the tiles that differ between two sizes', () => {
    fc.assert(
      fc.property(anySizes, ([oldSize, newSize]) => {
        const widths = (size: number): Map<string, number> =>
          new Map([...tilesOfGrowth(0, size)].map((tile) => [name(tile), tile.width]));
        const before = widths(oldSize);
        const changed = [...widths(newSize)].filter(([tile, width]) => before.get(tile) !== width);
        const growth = [...tilesOfGrowth(oldSize, newSize)];
        expect(growth.map((tile) => [name(tile), tile.width])).toEqual(changed);
      }),
    );
  });

  it('starts at once on sizes whose tiles would not fit in memory', () => {
    const tiles = tilesOfGrowth(1, 2 ** 53 - 1);
    expect(tiles.next().value).toEqual({ level: 0, index: 0, width: 256 });
  });

  it('refuses sizes that no log has', () => {
    expect(() => [...tilesOfGrowth(-1, 5)]).toThrow(RangeError);
    expect(() => tilesOfSize(1.5)).toThrow(RangeError);
  });
});

describe('tilesForInclusion', () => {
  it('names exactly the tiles that the proof reads', () => {
    fc.assert(
      fc.property(anySizes, ([before, size]) => {
        const index = Math.min(before, size - 1);
        const tiles = tilesForInclusion(index, size);
        const [readTile, read] = onlyTiles(tiles, size);
        const proof = proveInclusion(index, size, tileNodeReader(readTile));
        expect(proof).toEqual(tree.path(index, size));
        expect(read.size).toBe(tiles.length);
      }),
    );
  });

  it('names few tiles for a leaf of the largest log', () => {
    expect(tilesForInclusion(12_345, 2 ** 53 - 1).length).toBeLessThanOrEqual(14);
  });

  it('refuses an index that is not below the size', () => {
    expect(codeOf(() => tilesForInclusion(5, 5))).toBe('INCLUSION_INDEX_OUT_OF_RANGE');
  });
});

describe('tilesForConsistency', () => {
  it('names exactly the tiles that the proof reads', () => {
    fc.assert(
      fc.property(anySizes, ([size1, size2]) => {
        const tiles = tilesForConsistency(size1, size2);
        const [readTile, read] = onlyTiles(tiles, size2);
        const proof = proveConsistency(size1, size2, tileNodeReader(readTile));
        expect(proof).toEqual(size1 === 0 ? [] : tree.proof(size1, size2));
        expect(read.size).toBe(tiles.length);
      }),
    );
  });

  it('refuses sizes that are not in order', () => {
    expect(codeOf(() => tilesForConsistency(6, 5))).toBe('CONSISTENCY_SIZE_INVALID');
  });
});
