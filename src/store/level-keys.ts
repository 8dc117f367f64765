/**
 * The rows of a log's database: one table letter, then numbers big-endian so that byte order is numeric order.
 *
 *   e ‖ tile (8) ‖ …         what stands for good once the 256 entries of a tile of level 0 are there, and belongs to them alone:
 *     e ‖ number (1)           entries, eight side by side in the encoding of an entry bundle
 *     i ‖ place (1)            look-up row that came with the entry at this place: where earlier entries are, by their hash
 *     n                        middle nodes of the tile
 *     t                        the tile's row
 *   f                        format of the store
 *   h                        head: size (8) ‖ root (32); the same of earlier commits whose checkpoint is not kept yet
 *   t ‖ level (1) ‖ index (8)  row of a tile of a higher level
 *   s ‖ stream key (UTF-8)   stream state, canonical JSON
 *   m ‖ model (32) ‖ index (8)  kind (UTF-8)
 *   k, w ‖ size (8)          committed, witnessed checkpoint (UTF-8)
 *
 * The first table is nearly all of the bytes, and what is written later of it lies above all that is older; whatever else
 * changes with each commit lies above it, and is little. LevelDB sorts a new file into all older ones whose keys lie within
 * its own: so it never sorts those.
 */
import { concatBytes } from '../core/bytes/equal.ts';
import { decodeHex } from '../core/bytes/hex.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { ENTRIES_PER_ROW } from './entry-rows.ts';
import type { CheckpointState } from './log-store.ts';

export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

export const FORMAT_KEY: Uint8Array = table('f');
export const HEAD_KEY: Uint8Array = table('h');
const BY_TILE = table('e');
const ENTRIES = table('e');
const LOOK_UP = table('i');
const MIDDLE = table('n');
const ROW = table('t');
const UPPER_TILE = table('t');
const STREAM = table('s');
const MENTION = table('m');
const CHECKPOINT = { committed: table('k'), witnessed: table('w') } as const;

/** Of the row in which the entry at `index` stands. */
export function entryRowKey(index: number): Uint8Array {
  const place = (index % TILE_WIDTH) / ENTRIES_PER_ROW;
  return keyInTile(Math.floor(index / TILE_WIDTH), ENTRIES, Math.floor(place));
}

/** Of the look-up row that came with the entry at `index`. */
export function lookUpKey(index: number): Uint8Array {
  return keyInTile(Math.floor(index / TILE_WIDTH), LOOK_UP, index % TILE_WIDTH);
}

export function tileKey(level: number, index: number): Uint8Array {
  if (level === 0) return keyInTile(index, ROW);
  return concatBytes(UPPER_TILE, Uint8Array.of(level), encodeUint64(index));
}

export function middleKey(index: number): Uint8Array {
  return keyInTile(index, MIDDLE);
}

function keyInTile(tile: number, [letter = 0]: Uint8Array, place?: number): Uint8Array {
  const key = keyOf(BY_TILE, place === undefined ? 9 : 10);
  writeUint64(key, 1, tile);
  key[9] = letter;
  if (place !== undefined) key[10] = place;
  return key;
}

export function streamRowKey(key: string): Uint8Array {
  return concatBytes(STREAM, encodeUtf8(key));
}

export const STREAM_RANGE: KeyRange = rangeOf(STREAM);

/** `model` in 64 hex digits. @throws HEX_MALFORMED */
export function mentionKey(model: string, index: number): Uint8Array {
  const key = keyOf(MENTION, 40);
  key.set(decodeHex(model, 32), 1);
  writeUint64(key, 33, index);
  return key;
}

/** Mentions of the model in entry `from` and later ones. */
export function mentionRange(model: string, from: number): KeyRange {
  const { lt } = rangeOf(concatBytes(MENTION, decodeHex(model, 32)));
  return { gte: mentionKey(model, from), lt };
}

/** Mentions of the model `from` and of every greater one. */
export function mentionsFrom(from: string): KeyRange {
  return { gte: mentionKey(from, 0), lt: rangeOf(MENTION).lt };
}

export function checkpointKey(state: CheckpointState, size: number): Uint8Array {
  return concatBytes(CHECKPOINT[state], encodeUint64(size));
}

/** Checkpoints of at least this size. */
export function checkpointsFrom(state: CheckpointState, size: number): KeyRange {
  return { gte: checkpointKey(state, size), lt: rangeOf(CHECKPOINT[state]).lt };
}

/** Eight bytes, big-endian, of an integer from 0 to 2^53-1. */
export function encodeUint64(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(8);
  writeUint64(bytes, 0, value);
  return bytes;
}

function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Expected a size or an index, got ${value}.`);
  }
  let rest = value;
  for (let i = at + 7; i >= at; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** The integer in the eight bytes at `at`; undefined when they are not there or hold more than 2^53-1. */
export function decodeUint64(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length < at + 8) return undefined;
  let value = 0;
  for (let i = at; i < at + 8; i++) value = value * 256 + (bytes[i] as number);
  // What is too large is rounded, but never below 2^53.
  return Number.isSafeInteger(value) ? value : undefined;
}

// Out of Node's pool: to hand bytes to the database, Node takes them off the heap, and a block for each key of thousands a
// second costs more than to write them.
function keyOf([letter = 0]: Uint8Array, length: number): Uint8Array {
  const key = Buffer.allocUnsafe(1 + length);
  key[0] = letter;
  return key;
}

function table(letter: string): Uint8Array {
  return encodeUtf8(letter);
}

// Every row that begins with these bytes: up to the same bytes with the last one, or the last below 0xff, raised by one.
function rangeOf(prefix: Uint8Array): KeyRange {
  const keep = prefix.findLastIndex((byte) => byte < 0xff) + 1;
  const lt = prefix.slice(0, keep);
  lt[keep - 1] = (lt[keep - 1] as number) + 1;
  return { gte: prefix, lt };
}
