/** What a log serves, brought into the one form that the asker wants: rows of the right length, the right number of entries. */
import { decodeBundle } from '../core/merkle/bundle.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import {
  type BundleCoordinate,
  formatBundlePath,
  formatTilePath,
  type TileCoordinate,
} from '../core/merkle/tile-path.ts';
import { AttestryError } from '../errors.ts';
import type { LogSource } from './log-source.ts';

/** The tile's hashes side by side; nothing says yet that they are the tree's. @throws TILE_MISSING, TILE_LENGTH_WRONG */
export async function fetchRow(
  source: LogSource,
  tile: TileCoordinate,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const row = await source.readTile(tile, signal);
  if (row !== undefined) return requireLength(row, tile);
  // A log may drop a partial tile once the full one is there (c2sp.org/tlog-tiles).
  const full = { ...tile, width: TILE_WIDTH };
  const wider = tile.width < TILE_WIDTH ? await source.readTile(full, signal) : undefined;
  if (wider === undefined) throw missing(formatTilePath(tile));
  return requireLength(wider, full).subarray(0, tile.width * HASH_LENGTH);
}

/** The bundle's entries; nothing says yet that they are the log's. @throws TILE_MISSING, BUNDLE_MALFORMED */
export async function fetchEntries(
  source: LogSource,
  bundle: BundleCoordinate,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const bytes = await source.readBundle(bundle, signal);
  if (bytes !== undefined) return decodeBundle(bytes, bundle.width);
  const full = { ...bundle, width: TILE_WIDTH };
  const wider = bundle.width < TILE_WIDTH ? await source.readBundle(full, signal) : undefined;
  if (wider === undefined) throw missing(formatBundlePath(bundle));
  return decodeBundle(wider, TILE_WIDTH).slice(0, bundle.width);
}

function requireLength(row: Uint8Array, tile: TileCoordinate): Uint8Array {
  if (row.length === tile.width * HASH_LENGTH) return row;
  throw new AttestryError(
    'TILE_LENGTH_WRONG',
    `Expected ${formatTilePath(tile)} to be ${tile.width * HASH_LENGTH} bytes, got ${row.length}.`,
  );
}

function missing(path: string): AttestryError {
  return new AttestryError(
    'TILE_MISSING',
    `Expected ${path}, which the size of the log requires; the log does not have it.`,
  );
}
