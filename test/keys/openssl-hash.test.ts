import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafHash, nodeHash, rowRoot } from '../../src/core/merkle/hash.ts';
import { LARGEST_ENTRY_BYTES } from '../../src/core/statement/envelope.ts';
import {
  leafHashBySystem,
  leafHashOfText,
  nodeHashBySystem,
  rowRootBySystem,
} from '../../src/keys/openssl-hash.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('leafHashBySystem', () => {
  it('is the leaf hash of core, whatever was hashed before', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (entry) => {
        expect(leafHashBySystem(entry)).toEqual(leafHash(entry));
      }),
    );
  });

  it.each([0, LARGEST_ENTRY_BYTES, LARGEST_ENTRY_BYTES + 1])('takes %i bytes', (length) => {
    const entry = new Uint8Array(length).fill(0xa5);
    expect(leafHashBySystem(entry)).toEqual(leafHash(entry));
  });
});

describe('nodeHashBySystem', () => {
  it('is the node hash of core', () => {
    fc.assert(
      fc.property(hash, hash, (left, right) => {
        expect(nodeHashBySystem(left, right)).toEqual(nodeHash(left, right));
      }),
    );
  });

  it('refuses what is no hash', () => {
    expect(() => nodeHashBySystem(new Uint8Array(31), new Uint8Array(32))).toThrow(RangeError);
  });
});

describe('rowRootBySystem', () => {
  it('is the root of core over rows of every width, and leaves the row alone', () => {
    const row = Uint8Array.from({ length: 256 * 32 }, (_, i) => (i * 7) % 251);
    for (const width of [1, 2, 3, 5, 8, 31, 255, 256]) {
      const part = row.slice(0, width * 32);
      expect(rowRootBySystem(part)).toEqual(rowRoot(part));
      expect(part).toEqual(row.subarray(0, width * 32));
    }
  });

  it.each([0, 31, 33])('refuses a row of %i bytes', (length) => {
    expect(() => rowRootBySystem(new Uint8Array(length))).toThrow(RangeError);
  });
});

describe('leafHashOfText', () => {
  it('is the leaf hash of the UTF-8 of any text without U+FFFD', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const hash = leafHashOfText(text);
        if (text.includes('\ufffd')) expect(hash).toBeUndefined();
        else
          expect(Buffer.from(hash ?? '', 'latin1')).toEqual(
            Buffer.from(leafHash(Buffer.from(text))),
          );
      }),
    );
  });

  it.each([0, 1, LARGEST_ENTRY_BYTES])('takes %i characters of three bytes each', (length) => {
    const text = '\u20ac'.repeat(length);
    expect(Buffer.from(leafHashOfText(text) ?? '', 'latin1')).toEqual(
      Buffer.from(leafHash(Buffer.from(text))),
    );
  });

  it('says nothing of a text that is too long for an entry', () => {
    expect(leafHashOfText('a'.repeat(LARGEST_ENTRY_BYTES + 1))).toBeUndefined();
  });

  it('says nothing of a text that may stand for other bytes', () => {
    expect(leafHashOfText('a\ufffdb')).toBeUndefined();
  });
});
