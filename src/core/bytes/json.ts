/**
 * RFC 8785 canonical JSON. Everything Attestry signs or hashes has exactly one spelling: bytes are accepted only if
 * canonical(parse(bytes)) = bytes, which refuses duplicate keys, rounded numbers and look-alike encodings in one rule.
 */
import canonicalize from 'canonicalize';
import { AttestryError } from '../../errors.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

const DEEPEST_NESTING = 32;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The value of canonical JSON bytes. @throws INPUT_NOT_UTF8, JSON_* */
export function parseCanonicalJson(bytes: Uint8Array): Json {
  const text = decodeUtf8(bytes);
  refuseDeepNesting(text);
  const value = parseJson(text);
  const isOrdered = refuseUnsafeValues(value);
  if (!(isOrdered && isPlainlyCanonical(value, text)) && canonicalText(value) !== text) {
    throw new AttestryError(
      'JSON_NOT_CANONICAL',
      'Expected RFC 8785 canonical JSON (sorted keys, no spaces, no duplicate keys); the bytes differ from the canonical form of their own value.',
    );
  }
  return value;
}

/** RFC 8785 bytes of a value of JSON shape. @throws JSON_MALFORMED */
export function formatCanonicalJson(value: unknown): Uint8Array {
  return encodeUtf8(canonicalText(value));
}

/** RFC 8785 text of a value. @throws JSON_MALFORMED on lone surrogates and other values without one. */
export function canonicalText(value: unknown): string {
  try {
    const text = canonicalize(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw new AttestryError('JSON_MALFORMED', 'Expected a value that RFC 8785 can write.', {
      cause,
    });
  }
  throw new AttestryError('JSON_MALFORMED', 'Expected a JSON value, got none.');
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new AttestryError('JSON_MALFORMED', 'Expected JSON, got text that is not.', { cause });
  }
}

// Before JSON.parse: it reads 200,000 levels without complaint, and the canonical writer then overflows the stack.
function refuseDeepNesting(text: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else depth += nesting(code);
    if (depth > DEEPEST_NESTING) {
      throw new AttestryError(
        'JSON_TOO_DEEP',
        `Expected JSON of at most ${DEEPEST_NESTING} levels.`,
      );
    }
  }
}

/** Where the string that begins at `start` has its closing quote; the end of the text if it has none. */
function endOfString(text: string, start: number): number {
  for (let end = start; ; ) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

function nesting(code: number): number {
  if (code === 0x5b || code === 0x7b) return 1;
  return code === 0x5d || code === 0x7d ? -1 : 0;
}

// The engine's own writer is several times as fast as one in JavaScript, and writes RFC 8785 where all keys are in order
// and no string holds a lone surrogate, which it would escape and RFC 8785 forbids. It only ever says yes: a no, and
// all doubt, is for the plain way to decide.
function isPlainlyCanonical(value: Json, text: string): boolean {
  return !text.includes('\\ud') && JSON.stringify(value) === text;
}

/** Whether the keys of every object stand in RFC 8785 order. */
function refuseUnsafeValues(value: Json): boolean {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new AttestryError(
      'JSON_NUMBER_UNSAFE',
      `Expected integers between -(2^53-1) and 2^53-1, got ${value}; write quantities as decimal strings.`,
    );
  }
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) {
    let isOrdered = true;
    for (const member of value as readonly Json[]) {
      if (!refuseUnsafeValues(member)) isOrdered = false;
    }
    return isOrdered;
  }
  return refuseUnsafeMembers(value as JsonObject);
}

function refuseUnsafeMembers(members: JsonObject): boolean {
  let isOrdered = true;
  let before = '';
  for (const key of Object.keys(members)) {
    if (FORBIDDEN_KEYS.has(key)) {
      throw new AttestryError('JSON_KEY_FORBIDDEN', `Expected no key named ${key}.`);
    }
    if (!refuseUnsafeValues(members[key] as Json) || key < before) isOrdered = false;
    before = key;
  }
  return isOrdered;
}
