/**
 * Entries as they stand in a log's database: side by side in rows of eight, each row in the encoding of an entry bundle, so that
 * an entry bundle is rows end to end. To bring a row out of the database costs little more than to bring out one entry.
 */
import { concatBytes } from '../core/bytes/equal.ts';
import { encodeBundle } from '../core/merkle/bundle.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { storeCorrupt } from './store-failure.ts';

/** A power of two, so that no row lies in two tiles. */
export const ENTRIES_PER_ROW = 8;
const LENGTH_BYTES = 2;

/** Which entries are asked for, and of how large a log. */
export interface Wanted {
  readonly start: number;
  readonly end: number;
  /** The size of the log before its rows were read. */
  readonly size: number;
  /** The size now: asked where a row holds more, as it does when a commit came between. */
  readonly sizeNow: () => number;
}

/** What is wanted of one row. */
export interface RowPart {
  readonly row: Uint8Array;
  /** Where each wanted entry's length stands, and where the last one ends. */
  readonly places: readonly number[];
}

/** The first entry of the row in which this one stands, or is to stand. */
export function firstOfRow(index: number): number {
  return index - (index % ENTRIES_PER_ROW);
}

/** The first entries of the rows in which those of [start, end) stand. */
export function rowsOf(start: number, end: number): number[] {
  const firsts: number[] = [];
  for (let first = firstOfRow(start); first < end; first += ENTRIES_PER_ROW) firsts.push(first);
  return firsts;
}

/** First entries of rows, ascending, those of each tile by themselves. */
export function byTile(firsts: readonly number[]): number[][] {
  const tiles: number[][] = [];
  for (const first of firsts) {
    const before = tiles.at(-1);
    if (before !== undefined && first % TILE_WIDTH !== 0) before.push(first);
    else tiles.push([first]);
  }
  return tiles;
}

/**
 * What is wanted of the row that begins with entry `first`. All of a row is looked at, whatever is wanted of it.
 * @throws STORE_CORRUPT where it is gone, or does not hold exactly its entries
 */
export function partOf(row: Uint8Array | undefined, first: number, wanted: Wanted): RowPart {
  const { start, end, size, sizeNow } = wanted;
  if (row === undefined) throw damaged(first, 'it is gone');
  const places = placesIn(row);
  if (places === undefined) throw damaged(first, 'it is not entries side by side');
  const count = places.length - 1;
  const expected = widthOf(first, size);
  if (count !== expected && (count < expected || count > widthOf(first, sizeNow()))) {
    throw damaged(first, `it holds ${count} entries instead of ${expected}`);
  }
  const from = Math.max(start - first, 0);
  return { row, places: places.slice(from, Math.min(end - first, ENTRIES_PER_ROW) + 1) };
}

/** The entries, as views of their row: to keep one keeps the row. */
export function entriesIn({ row, places }: RowPart): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let i = 0; i + 1 < places.length; i++) {
    entries.push(row.subarray((places[i] as number) + LENGTH_BYTES, places[i + 1]));
  }
  return entries;
}

/** All entries of a row; none where the bytes are no row. */
export function entriesOfRow(row: Uint8Array): Uint8Array[] {
  return entriesIn({ row, places: placesIn(row) ?? [] });
}

/** The entries with their lengths, as a bundle has them; a view of the row. */
export function bytesIn({ row, places }: RowPart): Uint8Array {
  return row.subarray(places[0], places.at(-1));
}

/**
 * The rows that hold the entries from index `from` on, each by its first entry. `begun`: what stands before them in their
 * first row, if it is not a new one.
 */
export function* grownRows(
  from: number,
  entries: readonly Uint8Array[],
  begun: Uint8Array,
): Generator<[number, Uint8Array]> {
  for (const first of rowsOf(from, from + entries.length)) {
    const [start, end] = [first - from, first - from + ENTRIES_PER_ROW];
    const added = encodeBundle(entries.slice(Math.max(start, 0), end));
    yield [first, start < 0 ? concatBytes(begun, added) : added];
  }
}

/** Where each entry's length stands, and where the last one ends; undefined where the bytes are no row. */
function placesIn(row: Uint8Array): number[] | undefined {
  const places = [0];
  let at = 0;
  while (at < row.length) {
    // Past the end there is no length: the sum is not a number then, and not the row's length.
    at += LENGTH_BYTES + (row[at] as number) * 256 + (row[at + 1] as number);
    places.push(at);
  }
  return at === row.length ? places : undefined;
}

/** How many entries of a log of this size stand in the row. */
function widthOf(first: number, size: number): number {
  return Math.min(Math.max(size - first, 0), ENTRIES_PER_ROW);
}

function damaged(first: number, problem: string): Error {
  return storeCorrupt(
    `The row of entries ${first} to ${first + ENTRIES_PER_ROW - 1} is damaged: ${problem}`,
  );
}
