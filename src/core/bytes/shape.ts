/**
 * Reading fields out of parsed JSON with exact shapes: every field named, none unknown, each of its type and range.
 * A reader is a function from a JSON value and its path to the typed value; it throws the code that `readShape` was given.
 */
import { AttestryError, type AttestryErrorCode } from '../../errors.ts';
import { decodeBase64 } from './base64.ts';
import { parseQuantity } from './decimal.ts';
import { decodeHex, quote } from './hex.ts';
import type { Json, JsonObject } from './json.ts';
import { parseTime } from './time.ts';

export type Reader<T> = (value: Json | undefined, path: string) => T;
export type Shape<T> = { readonly [K in keyof T]: Reader<T[K]> };

class ShapeError extends Error {}

/** The typed value, or an AttestryError of the given code that names the field. */
export function readShape<T>(code: AttestryErrorCode, reader: Reader<T>, value: Json): T {
  try {
    return reader(value, '');
  } catch (error) {
    if (error instanceof ShapeError) throw new AttestryError(code, error.message);
    throw error;
  }
}

/** An object with exactly these fields; a field whose reader is `optional` may be absent. */
export function object<T extends object>(shape: Shape<T>): Reader<T> {
  const names = Object.keys(shape) as (keyof T & string)[];
  const known: ReadonlySet<string> = new Set(names);
  return (value, path) => {
    const fields = asObject(value, path);
    const unknown = Object.keys(fields).find((name) => !known.has(name));
    if (unknown !== undefined) throw new ShapeError(`Unknown field ${quote(join(path, unknown))}.`);
    const read: Partial<T> = {};
    for (const name of names) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const member = shape[name](field, join(path, name));
      if (member !== undefined) read[name] = member;
    }
    return read as T;
  };
}

/** An object with at least one field. */
export function nonEmpty<T extends object>(reader: Reader<T>): Reader<T> {
  return (value, path) => {
    const read = reader(value, path);
    if (Object.keys(read).length === 0) throw expected(path, 'an object with a field', value);
    return read;
  };
}

/** A field that may be absent; never `null`. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === undefined ? undefined : reader(value, path));
}

export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : reader(value, path));
}

export function array<T>(
  item: Reader<T>,
  size: { min?: number; max: number },
): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw expected(path, 'an array', value);
    if (value.length < (size.min ?? 0) || value.length > size.max) {
      throw new ShapeError(
        `Expected ${at(path)} to have ${size.min ?? 0} to ${size.max} items, got ${value.length}.`,
      );
    }
    return value.map((member: Json, i) => item(member, `${path}[${i}]`));
  };
}

/** An object used as a dictionary: every key a short text, every value of one type. */
export function record<T>(item: Reader<T>, max: number): Reader<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(asObject(value, path));
    if (entries.length > max) throw expected(path, `at most ${max} fields`, entries.length);
    const read = entries.map(([key, member]): [string, T] => [
      label(key, `${path} key`),
      item(member, join(path, key)),
    ]);
    return Object.fromEntries(read);
  };
}

// Control characters (C0, DEL, C1), line separators and bidirectional overrides never reach a screen or a log line.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

// Nearly all text: printable and in NFC without a look at Unicode's tables.
const PLAIN = /^[\x20-\x7e]*$/;

/** Printable Unicode text in NFC, 1 to `max` UTF-16 units. */
export function text(max: number): Reader<string> {
  return (value, path) => {
    if (typeof value !== 'string') throw expected(path, 'text', value);
    if (value.length === 0 || value.length > max) {
      throw new ShapeError(
        `Expected ${at(path)} to be 1 to ${max} characters, got ${value.length}.`,
      );
    }
    if (PLAIN.test(value)) return value;
    if (UNPRINTABLE.test(value) || value.normalize('NFC') !== value) {
      throw new ShapeError(
        `Expected ${at(path)} to be printable text in NFC, got ${quote(value)}.`,
      );
    }
    return value;
  };
}

/** Any text as `text(max)` accepts it: a question mark for what cannot be printed, cut where it is too long. */
export function printable(value: string, max: number): string {
  const cut = value.normalize('NFC').slice(0, max);
  return cut.replace(new RegExp(UNPRINTABLE, 'gu'), '?') || '?';
}

/** Text of any content, for a format inside this one that has a parser of its own. */
export const anyText: Reader<string> = (value, path) => {
  if (typeof value !== 'string') throw expected(path, 'text', value);
  return value;
};

/** A short name: printable text of at most 256 characters. */
export const label: Reader<string> = text(256);

export function literal<const T extends Json>(...allowed: readonly T[]): Reader<T> {
  return (value, path) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined)
      throw expected(path, allowed.map((a) => JSON.stringify(a)).join(' or '), value);
    return found;
  };
}

/** A non-negative JSON integer below 2^53: structure only, never a quantity. */
export const count: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw expected(path, 'a non-negative integer', value);
  }
  return value;
};

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw expected(path, 'true or false', value);
  return value;
};

/** A quantity: a decimal string from 0 to 2^64-1. */
export const quantity: Reader<string> = checkedText(
  'a quantity as a decimal string',
  parseQuantity,
);
/** An RFC 3339 UTC time with whole seconds. */
export const time: Reader<string> = checkedText('a UTC time like 2026-10-01T12:00:00Z', parseTime);
/** A SHA-256 digest: 64 lowercase hex digits. */
export const digest: Reader<string> = checkedText('64 lowercase hex digits', (hex) =>
  decodeHex(hex, 32),
);
const BASE64 = 'canonical base64';

/** Bytes in canonical standard base64, still as text. */
export const base64: Reader<string> = checkedText(BASE64, decodeBase64);
/** The bytes that canonical standard base64 stands for. */
export const base64Bytes: Reader<Uint8Array> = parsedText(BASE64, decodeBase64);

/** Text that `parse` accepts, kept as text. */
export function checkedText(what: string, parse: (text: string) => unknown): Reader<string> {
  const read = parsedText(what, parse);
  return (value, path) => {
    read(value, path);
    return value as string;
  };
}

/** What `parse` makes of a text. */
function parsedText<T>(what: string, parse: (text: string) => T): Reader<T> {
  return (value, path) => {
    if (typeof value !== 'string') throw expected(path, what, value);
    try {
      return parse(value);
    } catch (error) {
      if (error instanceof AttestryError) throw new ShapeError(`${at(path)}: ${error.message}`);
      throw error;
    }
  };
}

function asObject(value: Json | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw expected(path, 'an object', value);
  }
  return value as JsonObject;
}

function expected(path: string, what: string, value: Json | undefined): ShapeError {
  const came = value === undefined ? 'nothing' : quote(JSON.stringify(value));
  return new ShapeError(`Expected ${at(path)} to be ${what}, got ${came}.`);
}

function at(path: string): string {
  return path === '' ? 'the value' : path;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
