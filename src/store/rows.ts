/** Rows as the stores read them back: what does not decode is a damaged database, said in the store's own words. */
import { encodeHex } from '../core/bytes/hex.ts';
import { parseCanonicalJson } from '../core/bytes/json.ts';
import { type Reader, readShape } from '../core/bytes/shape.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { decodeUint64 } from './level-keys.ts';
import { storeCorrupt } from './store-failure.ts';

/** A row of canonical JSON. `what` names it: "The state of a usage stream". @throws STORE_CORRUPT */
export function decodeJsonRow<T>(reader: Reader<T>, row: Uint8Array, what: string): T {
  try {
    return readShape('STORE_CORRUPT', reader, parseCanonicalJson(row));
  } catch (cause) {
    throw storeCorrupt(`${what} is damaged`, cause);
  }
}

/** A row of text. @throws STORE_CORRUPT */
export function decodeTextRow(row: Uint8Array, what: string): string {
  try {
    return decodeUtf8(row);
  } catch (cause) {
    throw storeCorrupt(`${what} is damaged`, cause);
  }
}

/** The number that stands in a key. @throws STORE_CORRUPT */
export function numberIn(key: Uint8Array, at: number): number {
  const value = decodeUint64(key, at);
  if (value === undefined) throw storeCorrupt(`The key ${encodeHex(key)} is damaged`);
  return value;
}

/** The same bytes as a Uint8Array. */
// level gives Buffers, whose slice() shares memory where a Uint8Array's copies.
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
