/**
 * The rows of a meter's database: one table letter, then numbers big-endian so that byte order is numeric order.
 *
 *   f                             format of the store
 *   i                             what the meter counts: canonical JSON
 *   r ‖ sequence (8) ‖ index (8)  usage receipt
 *   q ‖ request id (UTF-8)        sequence (8) ‖ index (8)
 *   s ‖ sequence (8) ‖ index (8)  salt (32) ‖ commitment (32); gone once the customer is erased
 *   w ‖ sequence (8)              closed window: the signed entry
 *   l ‖ sequence (8)              the log's receipt of the window
 *   p ‖ sequence (8)              there until the log's receipt is a witnessed one
 *   x                             there while an erasure is under way
 */
import { concatBytes } from '../core/bytes/equal.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { decodeUint64, encodeUint64, type KeyRange } from '../store/level-keys.ts';

/** Where a request stands: the window's sequence, and its number in the window. */
export interface Place {
  readonly sequence: number;
  readonly index: number;
}

export const FORMAT_KEY: Uint8Array = encodeUtf8('f');
export const IDENTITY_KEY: Uint8Array = encodeUtf8('i');
export const ERASING_KEY: Uint8Array = encodeUtf8('x');

type WindowTable = 'w' | 'l' | 'p';

export function windowKey(table: WindowTable, sequence: number): Uint8Array {
  return concatBytes(encodeUtf8(table), encodeUint64(sequence));
}

export function requestKey(table: 'r' | 's', { sequence, index }: Place): Uint8Array {
  return concatBytes(encodeUtf8(table), encodeUint64(sequence), encodeUint64(index));
}

export function placeKey(requestId: string): Uint8Array {
  return concatBytes(encodeUtf8('q'), encodeUtf8(requestId));
}

export function encodePlace({ sequence, index }: Place): Uint8Array {
  return concatBytes(encodeUint64(sequence), encodeUint64(index));
}

/** The place in the 16 bytes at `at`; undefined when they hold none. */
export function decodePlace(bytes: Uint8Array, at: number): Place | undefined {
  const sequence = decodeUint64(bytes, at);
  const index = decodeUint64(bytes, at + 8);
  if (bytes.length !== at + 16 || sequence === undefined || index === undefined) return undefined;
  return { sequence, index };
}

/** All rows of a table. */
export function tableRange(table: WindowTable | 'r' | 's'): KeyRange {
  const gte = encodeUtf8(table);
  return { gte, lt: Uint8Array.of((gte[0] as number) + 1) };
}

/** The usage receipts of one window. */
export function receiptRange(sequence: number): KeyRange {
  return {
    gte: requestKey('r', { sequence, index: 0 }),
    lt: requestKey('r', { sequence: sequence + 1, index: 0 }),
  };
}
