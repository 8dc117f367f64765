import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { concatBytes } from '../../../src/core/bytes/equal.ts';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { sha256 } from '../../../src/core/merkle/hash.ts';
import { publicKeyOf } from '../../../src/core/note/ed25519.ts';
import {
  formatVkey,
  isLineOf,
  makeVkey,
  parseVkey,
  SIGNATURE_TYPE,
} from '../../../src/core/note/vkey.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { mixedOrderKey, SMALL_ORDER_KEYS } from '../../helpers/forgeries.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';

const KEY = publicKeyOf(new Uint8Array(32).fill(1));
const LOG_KEY = formatVkey(makeVkey('example.com/log', SIGNATURE_TYPE.ed25519, KEY));
const WITNESS_KEY = formatVkey(makeVkey('witness', SIGNATURE_TYPE.cosignature, KEY));

/** A verifier key whose ID is right, whatever its type and key are. */
function vkeyOf(name: string, type: number, key: Uint8Array): string {
  const typed = concatBytes(Uint8Array.of(type), key);
  const id = sha256(concatBytes(encodeUtf8(`${name}\n`), typed)).subarray(0, 4);
  return `${name}+${encodeHex(id)}+${encodeBase64(typed)}`;
}

describe('parseVkey', () => {
  it('reads what formatVkey writes', () => {
    for (const [text, name, type] of [
      [LOG_KEY, 'example.com/log', 1],
      [WITNESS_KEY, 'witness', 4],
    ] as const) {
      const vkey = parseVkey(text);
      expect(vkey).toMatchObject({ name, type, publicKey: KEY });
      expect(formatVkey(vkey)).toBe(text);
      expect(text).toBe(vkeyOf(name, type, KEY));
    }
  });

  it.each([
    ['another key ID', LOG_KEY.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['the key ID of the other type', WITNESS_KEY.replace(/\+B/, '+A')],
    ['a key ID in capitals', LOG_KEY.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase())],
    ['a missing part', 'example.com/log+01234567'],
    ['a fourth part', `${LOG_KEY}+A`],
    ['an empty name', LOG_KEY.replace(/^[^+]*/, '')],
    ['a space in the name', vkeyOf('a b', 1, KEY)],
    ['a tab in the name', vkeyOf('a\tb', 1, KEY)],
    ['a line break in the name', vkeyOf('a\nb', 1, KEY)],
    ['a no-break space in the name', vkeyOf('a\u00a0b', 1, KEY)],
    ['a NUL byte in the name', vkeyOf('a\0b', 1, KEY)],
    ['a name of 256 bytes', vkeyOf('é'.repeat(128), 1, KEY)],
    ['a line break at the end', `${LOG_KEY}\n`],
    ['base64 with trailing bits', 'a+00000000+Zh=='],
    ['the URL alphabet', LOG_KEY.replace(/[+/]([^+]*)$/, '-$1')],
    ['a type that nobody knows', vkeyOf('a', 3, KEY)],
    ['an ECDSA type', vkeyOf('a', 2, KEY)],
    ['an ML-DSA key', vkeyOf('a', 6, new Uint8Array(1312))],
    ['a key one byte short', vkeyOf('a', 1, KEY.subarray(1))],
    ['a key one byte long', vkeyOf('a', 1, concatBytes(KEY, Uint8Array.of(0)))],
    ['no key at all', vkeyOf('a', 1, new Uint8Array(0))],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => parseVkey(text))).toBe('VKEY_MALFORMED');
  });

  it('refuses keys of small and of mixed order', () => {
    for (const key of [...SMALL_ORDER_KEYS, mixedOrderKey(KEY)]) {
      expect(codeOf(() => parseVkey(vkeyOf('a', 1, key)))).toBe('KEY_MALFORMED');
    }
  });

  it('refuses any text with a code, or formatVkey gives it back', () => {
    fc.assert(
      fc.property(hostileText(LOG_KEY, WITNESS_KEY), (text) => {
        const vkey = accepted(() => parseVkey(text));
        if (vkey !== undefined) expect(formatVkey(vkey)).toBe(text);
      }),
    );
  });
});

describe('makeVkey', () => {
  it('refuses a name that cannot stand in a note', () => {
    for (const name of ['', 'a b', 'a+b', 'a\n', 'x'.repeat(256)]) {
      expect(codeOf(() => makeVkey(name, SIGNATURE_TYPE.ed25519, KEY))).toBe('VKEY_MALFORMED');
    }
    expect(codeOf(() => makeVkey('x'.repeat(255), SIGNATURE_TYPE.ed25519, KEY))).toBe('none');
  });

  it('gives the two types of one key different IDs', () => {
    const [log, witness] = [1, 4].map((type) => makeVkey('a', type as 1 | 4, KEY).keyId);
    expect(log).not.toEqual(witness);
  });
});

describe('isLineOf', () => {
  it('asks for the name and the key ID', () => {
    const key = parseVkey(LOG_KEY);
    const other = Uint8Array.of(0, 0, 0, 0);
    expect(isLineOf({ name: key.name, keyId: key.keyId }, key)).toBe(true);
    expect(isLineOf({ name: key.name, keyId: other }, key)).toBe(false);
    expect(isLineOf({ name: 'example.com/other', keyId: key.keyId }, key)).toBe(false);
  });
});
