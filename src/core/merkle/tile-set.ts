/** Which tiles a reader must fetch for a root, for the growth of a log, or for a proof. */
import { proveConsistency } from './consistency.ts';
import { EMPTY_ROOT } from './hash.ts';
import { proveInclusion } from './inclusion.ts';
import { isTreeSize, type ReadNode } from './range.ts';
import { hashesOnLevel, TILE_WIDTH, tileNodeAt } from './tile.ts';
import { formatTilePath, type TileCoordinate } from './tile-path.ts';

/** The partial tiles at the right edge, one a level at most, lowest level first: all that the root needs, and appending. */
export function tilesOfSize(size: number): TileCoordinate[] {
  requireSize(size);
  const tiles: TileCoordinate[] = [];
  for (let level = 0; hashesOnLevel(level, size) > 0; level++) {
    const count = hashesOnLevel(level, size);
    const width = count % TILE_WIDTH;
    if (width > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width });
  }
  return tiles;
}

/**
 * The tiles of size `newSize` that size `oldSize` did not have, or had narrower, level by level, lowest first. One after
 * the other, as they are asked for: the sizes are what a log claims, and may claim more tiles than fit in memory.
 */
export function* tilesOfGrowth(oldSize: number, newSize: number): Generator<TileCoordinate> {
  requireSize(oldSize);
  requireSize(newSize);
  for (let level = 0; hashesOnLevel(level, newSize) > hashesOnLevel(level, oldSize); level++) {
    const first = Math.floor(hashesOnLevel(level, oldSize) / TILE_WIDTH);
    const count = hashesOnLevel(level, newSize);
    for (let index = first; index * TILE_WIDTH < count; index++) {
      yield { level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) };
    }
  }
}

/** The tiles that `proveInclusion(index, size)` reads, in their width at that size. @throws INCLUSION_INDEX_OUT_OF_RANGE */
export function tilesForInclusion(index: number, size: number): TileCoordinate[] {
  return tilesForProof(size, (readNode) => proveInclusion(index, size, readNode));
}

/** The tiles that `proveConsistency(size1, size2)` reads, in their width at size2. @throws CONSISTENCY_SIZE_INVALID */
export function tilesForConsistency(size1: number, size2: number): TileCoordinate[] {
  return tilesForProof(size2, (readNode) => proveConsistency(size1, size2, readNode));
}

// Runs the prover over a tree of placeholders and notes which nodes it asks for.
function tilesForProof(size: number, prove: (readNode: ReadNode) => unknown): TileCoordinate[] {
  const tiles = new Map<string, TileCoordinate>();
  prove((nodeLevel, nodeIndex) => {
    const { level, index } = tileNodeAt(nodeLevel, nodeIndex);
    const width = Math.min(TILE_WIDTH, hashesOnLevel(level, size) - index * TILE_WIDTH);
    const tile = { level, index, width };
    tiles.set(formatTilePath(tile), tile);
    return EMPTY_ROOT;
  });
  return [...tiles.values()];
}

function requireSize(size: number): void {
  if (!isTreeSize(size)) throw new RangeError(`Expected a size up to 2^53-1, got ${size}.`);
}
