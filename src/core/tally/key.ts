/**
 * Tally keys and the bit strings that divide them. A key is model (32 bytes) ‖ kind (1) ‖ hour (4) ‖ leaf index (8), all
 * big-endian: everything about a model stands together, in it everything of a kind, in that everything of an hour.
 */
import { compareBytes } from '../bytes/equal.ts';
import { decodeHex, encodeHex } from '../bytes/hex.ts';
import { parseTime } from '../bytes/time.ts';
import { contextOf, type Kind, modelsOf, type Statement } from '../statement/statement.ts';

export const KEY_BYTES = 45;
export const KEY_BITS: number = KEY_BYTES * 8;
const MODEL_BYTES = 32;
const KIND_AT = 32;
const HOUR_AT = 33;
/** Where the index begins. */
export const INDEX_AT = 37;
const SECONDS_PER_HOUR = 3600;
const LAST_HOUR = 2 ** 32 - 1;

/** The byte of each kind. Numbers are for ever: a new kind takes the next one. */
export const KIND_BYTE: { readonly [K in Kind]: number } = {
  training: 1,
  evaluation: 2,
  deployment: 3,
  usage: 4,
  revocation: 5,
};

export interface KeyParts {
  /** Hex SHA-256. */
  readonly model: string;
  readonly kind: Kind;
  /** Whole hours since 1970. */
  readonly hour: number;
  readonly index: number;
}

/** @throws HEX_MALFORMED for the model */
export function encodeKey({ model, kind, hour, index }: KeyParts): Uint8Array {
  const fits = hour >= 0 && hour <= LAST_HOUR && Number.isSafeInteger(index) && index >= 0;
  if (!fits || !Number.isInteger(hour)) {
    throw new RangeError(`Expected hours since 1970 and an index, got ${hour} and ${index}.`);
  }
  const key = new Uint8Array(KEY_BYTES);
  key.set(decodeHex(model, MODEL_BYTES));
  key[KIND_AT] = KIND_BYTE[kind];
  writeUint32(key, HOUR_AT, hour);
  setIndex(key, index);
  return key;
}

/** Gives a key that was made before its index was known the one that it has got. */
export function setIndex(key: Uint8Array, index: number): void {
  writeUint32(key, INDEX_AT, Math.floor(index / 2 ** 32));
  writeUint32(key, INDEX_AT + 4, index);
}

/** The lower 32 bits, big-endian. */
function writeUint32(key: Uint8Array, at: number, value: number): void {
  key[at] = value >>> 24;
  key[at + 1] = value >>> 16;
  key[at + 2] = value >>> 8;
  key[at + 3] = value;
}

/** The parts of a key; undefined for a kind byte that no kind has, and for an index that no log reaches. */
export function decodeKey(key: Uint8Array): KeyParts | undefined {
  const kind = (Object.keys(KIND_BYTE) as Kind[]).find((name) => KIND_BYTE[name] === key[KIND_AT]);
  const view = new DataView(key.buffer, key.byteOffset);
  const index = Number(view.getBigUint64(INDEX_AT));
  if (kind === undefined || !Number.isSafeInteger(index)) return undefined;
  const model = encodeHex(key.subarray(0, MODEL_BYTES));
  return { model, kind, hour: view.getUint32(HOUR_AT), index };
}

/** The keys under which a statement at an index is tallied: one for each of its models. */
export function keysOf(statement: Statement, index: number): Uint8Array[] {
  const { kind } = statement;
  const time = kind === 'usage' ? statement.predicate.window.start : contextOf(statement).issuedAt;
  const hour = hourOf(parseTime(time));
  return modelsOf(statement).map((model) => encodeKey({ model, kind, hour, index }));
}

/** Whole hours since 1970 of a time in unix seconds. */
export function hourOf(seconds: number): number {
  return Math.floor(seconds / SECONDS_PER_HOUR);
}

/** The first `length` bits of `bits`; all later bits are zero. */
export interface Prefix {
  /** 0 to 360; 360 for a whole key. */
  readonly length: number;
  /** Always 45 bytes. */
  readonly bits: Uint8Array;
}

export const EMPTY_PREFIX: Prefix = { length: 0, bits: new Uint8Array(KEY_BYTES) };

/** The bit at a position, from 0 at the left. */
export function bitAt(bits: Uint8Array, position: number): 0 | 1 {
  return (((bits[position >> 3] as number) >> (7 - (position & 7))) & 1) as 0 | 1;
}

/** The first bits of a key. */
export function prefixOf(key: Uint8Array, length: number): Prefix {
  const bits = new Uint8Array(KEY_BYTES);
  bits.set(key.subarray(0, length >> 3));
  const rest = length & 7;
  if (rest > 0) bits[length >> 3] = (key[length >> 3] as number) & (0xff << (8 - rest));
  return { length, bits };
}

/** The prefix with one more bit. */
export function childPrefix(prefix: Prefix, bit: 0 | 1): Prefix {
  const bits = Uint8Array.from(prefix.bits);
  if (bit === 1)
    bits[prefix.length >> 3] = (bits[prefix.length >> 3] as number) | (0x80 >> (prefix.length & 7));
  return { length: prefix.length + 1, bits };
}

/** How many of their first bits two keys share, at most 360. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < KEY_BYTES; i++) {
    const difference = (a[i] as number) ^ (b[i] as number);
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24;
  }
  return KEY_BITS;
}

export function startsWith(bits: Uint8Array, prefix: Prefix): boolean {
  return sharedBits(bits, prefix.bits) >= prefix.length;
}

/** Keys from `first` to `last`, both included. */
export interface KeyRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** All keys that begin with the prefix. */
export function spanOf(prefix: Prefix): KeyRange {
  const last = Uint8Array.from(prefix.bits);
  const rest = prefix.length & 7;
  if (rest > 0) last[prefix.length >> 3] = (last[prefix.length >> 3] as number) | (0xff >> rest);
  return { first: prefix.bits, last: last.fill(0xff, Math.ceil(prefix.length / 8)) };
}

/** All keys of a model whose kind byte lies between two, both included. @throws HEX_MALFORMED */
export function rangeOfKinds(
  model: string,
  kinds: { readonly first: number; readonly last: number },
): KeyRange {
  const first = new Uint8Array(KEY_BYTES);
  first.set(decodeHex(model, MODEL_BYTES));
  const last = Uint8Array.from(first).fill(0xff, HOUR_AT);
  first[KIND_AT] = kinds.first;
  last[KIND_AT] = kinds.last;
  return { first, last };
}

/** All keys of a kind of a model between two hours since 1970, both included. @throws HEX_MALFORMED */
export function rangeOfHours(
  { model, kind }: { readonly model: string; readonly kind: Kind },
  hours: { readonly first: number; readonly last: number },
): KeyRange {
  const first = encodeKey({ model, kind, hour: hours.first, index: 0 });
  // Beyond every index of a log: a range that ends where a subtree ends cuts through none.
  const last = encodeKey({ model, kind, hour: hours.last, index: 0 }).fill(0xff, INDEX_AT);
  return { first, last };
}

export type Position = 'outside' | 'inside' | 'straddles';

/** How the keys of a span lie to a range: none of them in it, all, or some. */
export function positionOf(span: KeyRange, range: KeyRange): Position {
  if (compareBytes(span.last, range.first) < 0 || compareBytes(span.first, range.last) > 0)
    return 'outside';
  const within =
    compareBytes(span.first, range.first) >= 0 && compareBytes(span.last, range.last) <= 0;
  return within ? 'inside' : 'straddles';
}
