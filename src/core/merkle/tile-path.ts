/** Where tiles and entry bundles of a log are served, c2sp.org/tlog-tiles: `tile/0/x001/067`, `tile/1/000.p/17`, `tile/entries/x001/067`. */
import { AttestryError } from '../../errors.ts';
import { quote } from '../bytes/hex.ts';
import { TILE_WIDTH } from './tile.ts';

const HIGHEST_LEVEL = 63;

/** The bundle of entries [index * 256, index * 256 + width). */
export interface BundleCoordinate {
  readonly index: number;
  /** 1 to 256; below 256 a partial one, which a log serves for the sizes that it has signed. */
  readonly width: number;
}

/** Hash i of tile (level, index) is the root over 256^level leaves, from leaf (index * 256 + i) * 256^level. */
export interface TileCoordinate extends BundleCoordinate {
  /** In tile levels, 0 to 63: eight levels of the tree each. */
  readonly level: number;
}

// Six groups hold any index up to 2^53-1.
const PLACE = /^((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
const LEVEL = /^tile\/(0|[1-9]\d?)\//;
const BUNDLE_PREFIX = 'tile/entries/';

/** @throws TILE_PATH_MALFORMED */
export function parseTilePath(path: string): TileCoordinate {
  const [prefix, level] = LEVEL.exec(path) ?? [];
  const place = prefix === undefined ? undefined : parsePlace(path.slice(prefix.length));
  if (place === undefined || Number(level) > HIGHEST_LEVEL) throw malformed('tile/<level>/', path);
  return { level: Number(level), ...place };
}

/** The path below a log's URL, without a leading slash. */
export function formatTilePath(tile: TileCoordinate): string {
  if (!Number.isInteger(tile.level) || tile.level < 0 || tile.level > HIGHEST_LEVEL) {
    throw new RangeError(`Expected a tile level from 0 to ${HIGHEST_LEVEL}, got ${tile.level}.`);
  }
  return `tile/${tile.level}/${formatPlace(tile)}`;
}

/** @throws TILE_PATH_MALFORMED */
export function parseBundlePath(path: string): BundleCoordinate {
  const isBundle = path.startsWith(BUNDLE_PREFIX);
  const place = isBundle ? parsePlace(path.slice(BUNDLE_PREFIX.length)) : undefined;
  if (place === undefined) throw malformed(BUNDLE_PREFIX, path);
  return place;
}

/** The path below a log's URL, without a leading slash. */
export function formatBundlePath(bundle: BundleCoordinate): string {
  return BUNDLE_PREFIX + formatPlace(bundle);
}

function parsePlace(text: string): BundleCoordinate | undefined {
  const [, groups, partial] = PLACE.exec(text) ?? [];
  if (groups === undefined) return undefined;
  const index = Number(groups.replace(/[x/]/g, ''));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  const isPlace = Number.isSafeInteger(index) && (partial === undefined || width < TILE_WIDTH);
  // Writing it back refuses superfluous groups: x000/067 is 067.
  return isPlace && formatPlace({ index, width }) === text ? { index, width } : undefined;
}

function formatPlace({ index, width }: BundleCoordinate): string {
  if (!Number.isSafeInteger(index) || index < 0) {
    throw new RangeError(`Expected an index from 0 to 2^53-1, got ${index}.`);
  }
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new RangeError(`Expected a width from 1 to ${TILE_WIDTH}, got ${width}.`);
  }
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.replace(/\d{3}(?=\d)/g, 'x$&/');
  return width === TILE_WIDTH ? groups : `${groups}.p/${width}`;
}

function malformed(start: string, path: string): AttestryError {
  return new AttestryError(
    'TILE_PATH_MALFORMED',
    `Expected a path like ${start}x001/067 or ${start}000.p/17, got ${quote(path)}.`,
  );
}
