/** Tiles, c2sp.org/tlog-tiles: rows of up to 256 hashes, from which every node of the tree is recomputed. */
import { AttestryError } from '../../errors.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { EMPTY_ROOT, HASH_LENGTH, type HashNode, nodeHash, rowRoot } from './hash.ts';
import { isTreeSize, type ReadNode } from './range.ts';

/** The hashes of a tile side by side: 32 bytes times its width. */
export type ReadTile = (level: number, index: number) => Uint8Array;
/** The middle nodes of a full tile of the lowest level, where they are at hand. */
export type ReadMiddle = (index: number) => Uint8Array | undefined;

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree that one tile spans. */
export const TILE_HEIGHT = 8;
/** Middle nodes of a full tile, each over as many of its hashes: with them a proof hashes a tenth of the tile. */
const MIDDLE_NODES = 16;
// Full tiles with their inner nodes take 16 KiB each. Every proof needs upper ones, of which a log of ten million entries
// has 153 on the second level, and a lowest one, mostly another each time.
const MOST_LOWEST_TILES = 64;
const MOST_UPPER_TILES = 256;

interface OpenTile {
  /** A view of `hashes`, as long as the tile was when it was read. */
  row: Uint8Array;
  /**
   * Memory of the tile's own, for a full row: what the database gave is let go at once, and costs the collection of garbage
   * next to nothing as long as it is young.
   */
  readonly hashes: Uint8Array;
  /**
   * Inner nodes side by side, numbered like a heap: the tile's root would be 1, its first pair 128. In one block of memory:
   * hundreds of small ones that live for a while are what the collection of garbage is slow at.
   */
  readonly inner: Uint8Array;
  /** By the same numbers, 1 for those that have been computed. */
  readonly isKnown: Uint8Array;
}

/** A node of the tree as its tile sees it: number `offset` of the tile's nodes that span 2^height of its hashes. */
export interface TileNode {
  readonly level: number;
  readonly index: number;
  readonly height: number;
  readonly offset: number;
}

/** Which tile holds or gives the complete subtree over 2^level leaves, number `index`. */
export function tileNodeAt(level: number, index: number): TileNode {
  const height = level % TILE_HEIGHT;
  const perTile = TILE_WIDTH / 2 ** height;
  return {
    level: Math.floor(level / TILE_HEIGHT),
    index: Math.floor(index / perTile),
    height,
    offset: index % perTile,
  };
}

/** The number of hashes on a tile level of a tree of `size` leaves. */
export function hashesOnLevel(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/**
 * Nodes out of tiles. It remembers recent tiles, so one reader serves many proofs; a tile that turns out too short is
 * read again, so a reader outlives the growth of its log.
 * @throws TILE_LENGTH_WRONG
 */
export function tileNodeReader(
  readTile: ReadTile,
  hashNode: HashNode = nodeHash,
  readMiddle: ReadMiddle = () => undefined,
): ReadNode {
  const lowest = new Map<string, OpenTile>();
  const upper = new Map<string, OpenTile>();
  return (level, index) => {
    const node = tileNodeAt(level, index);
    const width = (node.offset + 1) * 2 ** node.height;
    const [open, most] =
      node.level === 0
        ? ([lowest, MOST_LOWEST_TILES] as const)
        : ([upper, MOST_UPPER_TILES] as const);
    const key = `${node.level}/${node.index}`;
    let tile = open.get(key);
    if (tile === undefined || tile.row.length < width * HASH_LENGTH) {
      const row = readRow(readTile, node, width);
      const oldest = tile === undefined && open.size >= most ? takeOldest(open) : undefined;
      tile = reopen(tile, row) ?? emptyTile(row, oldest);
      if (node.level === 0 && isFull(row)) takeMiddle(tile, readMiddle(node.index));
      open.delete(key);
      open.set(key, tile);
    }
    return nodeOfTile(tile, node, hashNode).slice();
  };
}

/** The middle nodes of a full tile side by side: as a row, they have its root. */
export function middleOf(row: Uint8Array, rootOf: (row: Uint8Array) => Uint8Array): Uint8Array {
  if (!isFull(row))
    throw new RangeError(`Expected the row of a full tile, got ${row.length} bytes.`);
  const bytes = row.length / MIDDLE_NODES;
  const middle = new Uint8Array(MIDDLE_NODES * HASH_LENGTH);
  for (let i = 0; i < MIDDLE_NODES; i++)
    middle.set(rootOf(row.subarray(i * bytes, (i + 1) * bytes)), i * HASH_LENGTH);
  return middle;
}

/** The root of the tree of `size` leaves, from its partial tiles at the right edge: those that `tilesOfSize` names. @throws TILE_LENGTH_WRONG */
export function rootFromTiles(
  size: number,
  readTile: ReadTile,
  hashNode: HashNode = nodeHash,
): Uint8Array {
  if (!isTreeSize(size)) throw new RangeError(`Expected a size up to 2^53-1, got ${size}.`);
  let root: Uint8Array | undefined;
  for (let level = 0; hashesOnLevel(level, size) > 0; level++) {
    const count = hashesOnLevel(level, size);
    const width = count % TILE_WIDTH;
    if (width === 0) continue;
    // What the lower levels leave over stands at the right of this level's row, like one more hash of it.
    const row = new Uint8Array((width + 1) * HASH_LENGTH);
    const at = { level, index: Math.floor(count / TILE_WIDTH) };
    row.set(readRow(readTile, at, width).subarray(0, width * HASH_LENGTH));
    if (root !== undefined) row.set(root, width * HASH_LENGTH);
    root = rowRoot(root === undefined ? row.subarray(0, width * HASH_LENGTH) : row, hashNode);
  }
  return root ?? EMPTY_ROOT;
}

// What a tile says is proved later, by the root that it leads to; here only its length is judged.
function readRow(
  readTile: ReadTile,
  { level, index }: { readonly level: number; readonly index: number },
  width: number,
): Uint8Array {
  const row = readTile(level, index);
  const hashes = row.length / HASH_LENGTH;
  if (!Number.isInteger(hashes) || hashes < width || hashes > TILE_WIDTH) {
    throw new AttestryError(
      'TILE_LENGTH_WRONG',
      `Expected tile ${index} of level ${level} to hold ${width} to ${TILE_WIDTH} hashes of ${HASH_LENGTH} bytes, got ${row.length} bytes.`,
      { details: { level, index, width, length: row.length } },
    );
  }
  return row;
}

function nodeOfTile(
  tile: OpenTile,
  { height, offset }: Pick<TileNode, 'height' | 'offset'>,
  hashNode: HashNode,
): Uint8Array {
  if (height === 0) return hashAt(tile.row, offset);
  const at = TILE_WIDTH / 2 ** height + offset;
  const node = hashAt(tile.inner, at);
  if (tile.isKnown[at] === 1) return node;
  const below = { height: height - 1, offset: 2 * offset };
  const left = nodeOfTile(tile, below, hashNode);
  const right = nodeOfTile(tile, { ...below, offset: below.offset + 1 }, hashNode);
  node.set(hashNode(left, right));
  tile.isKnown[at] = 1;
  return node;
}

function isFull(row: Uint8Array): boolean {
  return row.length === TILE_WIDTH * HASH_LENGTH;
}

function takeMiddle({ inner, isKnown }: OpenTile, middle: Uint8Array | undefined): void {
  if (middle?.length !== MIDDLE_NODES * HASH_LENGTH) return;
  inner.set(middle, MIDDLE_NODES * HASH_LENGTH);
  isKnown.fill(1, MIDDLE_NODES, 2 * MIDDLE_NODES);
}

/** The tile with its new row, where that begins with the same hashes: what has been computed of the old one stays then. */
function reopen(tile: OpenTile | undefined, row: Uint8Array): OpenTile | undefined {
  if (tile === undefined || !bytesEqual(row.subarray(0, tile.row.length), tile.row))
    return undefined;
  takeRow(tile, row);
  return tile;
}

function takeRow(tile: OpenTile, row: Uint8Array): void {
  tile.hashes.set(row);
  tile.row = tile.hashes.subarray(0, row.length);
}

/** A tile of which nothing is known, in the memory of one that is no longer open: large blocks call the collector of garbage. */
function emptyTile(row: Uint8Array, used: OpenTile | undefined): OpenTile {
  const hashes = used?.hashes ?? new Uint8Array(TILE_WIDTH * HASH_LENGTH);
  const inner = used?.inner ?? new Uint8Array(TILE_WIDTH * HASH_LENGTH);
  const isKnown = used?.isKnown.fill(0) ?? new Uint8Array(TILE_WIDTH);
  const tile = { row: hashes, hashes, inner, isKnown };
  takeRow(tile, row);
  return tile;
}

function takeOldest(open: Map<string, OpenTile>): OpenTile | undefined {
  const [oldest] = open;
  if (oldest === undefined) return undefined;
  open.delete(oldest[0]);
  return oldest[1];
}

function hashAt(row: Uint8Array, index: number): Uint8Array {
  return row.subarray(index * HASH_LENGTH, (index + 1) * HASH_LENGTH);
}
