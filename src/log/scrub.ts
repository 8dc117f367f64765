/** Re-hashing what a database holds: every entry against its tile, every full tile against the tile above it. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { hashesOnLevel, middleOf, TILE_WIDTH } from '../core/merkle/tile.ts';
import { AttestryError } from '../errors.ts';
import { leafHashBySystem, leafHashesInPlace, rowRootBySystem } from '../keys/openssl-hash.ts';
import type { LogStore } from '../store/log-store.ts';
import { textOf } from '../store/store-rules.ts';
import { tileReader } from '../store/tile-reader.ts';
import { verifyMiddle } from './second-path.ts';

/** One tile's worth of the log: up to 256 entries and what leads up from them. */
export interface ScrubStep {
  /** First entry of the step. */
  readonly start: number;
  readonly end: number;
}

/** The steps over the first `size` entries, the newest first, in one order that a pause does not change. */
export function* scrubSteps(size: number): Generator<ScrubStep> {
  for (let tile = Math.ceil(size / TILE_WIDTH) - 1; tile >= 0; tile--) {
    yield { start: tile * TILE_WIDTH, end: Math.min(size, (tile + 1) * TILE_WIDTH) };
  }
}

/** Whether the step's entries hash to their tile, and the tile to the one above. @throws ENTRY_HASH_MISMATCH, TILE_*, STORE_CORRUPT */
export async function scrubEntries(store: LogStore, step: ScrubStep, size: number): Promise<void> {
  const tile = { level: 0, index: step.start / TILE_WIDTH };
  // First, so that a damaged tile is not taken for a damaged entry.
  const row = scrubTile(store, tile, size);
  if (hashToRow(await store.bundlePieces(step.start, step.end), row)) return;
  const entries = await store.entries(step.start, step.end);
  for (const [i, entry] of entries.entries()) {
    const expected = row.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
    if (!bytesEqual(leafHashBySystem(entry), expected)) {
      throw new AttestryError(
        'ENTRY_HASH_MISMATCH',
        `Entry ${step.start + i} does not hash to its leaf in the tree: it was changed after it was logged.`,
        { details: { index: step.start + i } },
      );
    }
  }
}

/** Whether the entries in these pieces of a bundle hash to this row, all of them: which of them does not is for others to find. */
export function hashToRow(pieces: readonly Uint8Array[], row: Uint8Array): boolean {
  return pieces.map(leafHashesInPlace).join('') === textOf(row);
}

/** Every tile above level 0. @throws TILE_* */
export function scrubUpperTiles(store: LogStore, size: number): void {
  for (let level = 1; hashesOnLevel(level, size) > 0; level++) {
    const tiles = Math.ceil(hashesOnLevel(level, size) / TILE_WIDTH);
    for (let index = 0; index < tiles; index++) scrubTile(store, { level, index }, size);
  }
}

/** The tile's row, if it has its length and, when full, its hash in the tile above. @throws TILE_LENGTH_WRONG, TILE_HASH_MISMATCH */
export function scrubTile(
  store: LogStore,
  tile: { level: number; index: number },
  size: number,
): Uint8Array {
  const read = tileReader(store);
  const { level, index } = tile;
  const width = Math.min(TILE_WIDTH, hashesOnLevel(level, size) - index * TILE_WIDTH);
  const row = read(level, index);
  if (row.length !== width * HASH_LENGTH) {
    throw new AttestryError(
      'TILE_LENGTH_WRONG',
      `Expected tile ${level}/${index} to be ${width * HASH_LENGTH} bytes, got ${row.length}.`,
    );
  }
  if (width < TILE_WIDTH) return row;
  const at = (index % TILE_WIDTH) * HASH_LENGTH;
  const above = read(level + 1, Math.floor(index / TILE_WIDTH)).subarray(at, at + HASH_LENGTH);
  const middle = middleOf(row, rowRootBySystem);
  if (level === 0) verifyMiddle(store, index, middle);
  if (bytesEqual(rowRootBySystem(middle), above)) return row;
  throw new AttestryError(
    'TILE_HASH_MISMATCH',
    `Tile ${level}/${index} does not hash to its place in the tile above.`,
  );
}
