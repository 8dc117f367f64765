/** What appending to a log changes: the tiles to write, and the new root. */
import { AttestryError } from '../../errors.ts';
import { HASH_LENGTH, type HashNode, nodeHash, rowRoot } from './hash.ts';
import { isTreeSize } from './range.ts';
import { hashesOnLevel, middleOf, type ReadTile, rootFromTiles, TILE_WIDTH } from './tile.ts';

export interface GrowthInput {
  /** The size before. */
  readonly size: number;
  /** Of the new leaves, in order. */
  readonly leafHashes: readonly Uint8Array[];
  /** Asked only for the partial tiles at the right edge of `size`, which `tilesOfSize` names. */
  readonly readTile: ReadTile;
  readonly hashNode?: HashNode;
}

/** The whole content of a tile that has changed. */
interface GrownTile {
  readonly level: number;
  readonly index: number;
  /** 32 bytes times the tile's new width. */
  readonly hashes: Uint8Array;
  /** `middleOf` the hashes, of a full tile of the lowest level. */
  readonly middle?: Uint8Array;
}

export interface Growth {
  /** Lowest level first, by rising index. */
  readonly tiles: readonly GrownTile[];
  /** The size after. */
  readonly size: number;
  readonly root: Uint8Array;
}

/** The tiles and the root after appending. A stored tile that is not as wide as `size` demands is refused. @throws TILE_LENGTH_WRONG */
export function growTiles(input: GrowthInput): Growth {
  const { size, leafHashes, readTile, hashNode } = input;
  const tiles = tilesAfter(input);
  const grown = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]));
  const readGrown: ReadTile = (level, index) =>
    grown.get(`${level}/${index}`) ?? readTile(level, index);
  const newSize = size + leafHashes.length;
  return { tiles, size: newSize, root: rootFromTiles(newSize, readGrown, hashNode) };
}

/** The same tiles alone, for whoever has the root from elsewhere, which is most of the work. @throws TILE_LENGTH_WRONG */
export function tilesAfter(input: GrowthInput): readonly GrownTile[] {
  const { size, leafHashes, readTile, hashNode = nodeHash } = input;
  const newSize = size + leafHashes.length;
  if (!isTreeSize(size) || !isTreeSize(newSize)) {
    throw new RangeError(`Expected sizes up to 2^53-1, got ${size} growing to ${newSize}.`);
  }
  const tiles: GrownTile[] = [];
  let added = leafHashes;
  for (let level = 0; added.length > 0; level++) {
    const count = hashesOnLevel(level, size);
    added = growLevel({ level, count, added, readTile, hashNode, tiles });
  }
  return tiles;
}

interface LevelGrowth {
  readonly level: number;
  /** Hashes on this level before. */
  readonly count: number;
  readonly added: readonly Uint8Array[];
  readonly readTile: ReadTile;
  readonly hashNode: HashNode;
  /** Where the changed tiles go. */
  readonly tiles: GrownTile[];
}

/** Fills the tiles of one level; the roots of those that became full are what the next level adds. */
function growLevel(growth: LevelGrowth): Uint8Array[] {
  const { level, count, added, readTile, hashNode, tiles } = growth;
  const completed: Uint8Array[] = [];
  let index = Math.floor(count / TILE_WIDTH);
  let width = count % TILE_WIDTH;
  for (let next = 0; next < added.length; index++, width = 0) {
    const take = Math.min(TILE_WIDTH - width, added.length - next);
    const hashes = new Uint8Array((width + take) * HASH_LENGTH);
    if (width > 0) hashes.set(readExactly(readTile, { level, index, width }));
    for (let i = 0; i < take; i++, next++) {
      setHash(hashes, width + i, added[next] as Uint8Array);
    }
    if (width + take < TILE_WIDTH) {
      tiles.push({ level, index, hashes });
      continue;
    }
    const middle = middleOf(hashes, (row) => rowRoot(row, hashNode));
    tiles.push({ level, index, hashes, ...(level === 0 ? { middle } : {}) });
    completed.push(rowRoot(middle, hashNode));
  }
  return completed;
}

function setHash(hashes: Uint8Array, at: number, hash: Uint8Array): void {
  if (hash.length !== HASH_LENGTH) {
    throw new RangeError(`Expected a leaf hash of ${HASH_LENGTH} bytes, got ${hash.length}.`);
  }
  hashes.set(hash, at * HASH_LENGTH);
}

// A wider tile than the size demands means that size and tiles come from different moments: growing would bury that.
function readExactly(
  readTile: ReadTile,
  {
    level,
    index,
    width,
  }: { readonly level: number; readonly index: number; readonly width: number },
): Uint8Array {
  const hashes = readTile(level, index);
  if (hashes.length !== width * HASH_LENGTH) {
    throw new AttestryError(
      'TILE_LENGTH_WRONG',
      `Expected the stored tile ${index} of level ${level} to hold ${width} hashes, got ${hashes.length} bytes.`,
      { details: { level, index, width, length: hashes.length } },
    );
  }
  return hashes;
}
