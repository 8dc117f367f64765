import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { leafHash, nodeHash, rowRoot } from '../../src/core/merkle/hash.ts';
import { LARGEST_ENTRY_BYTES } from '../../src/core/statement/envelope.ts';
import {
  leafHashBySystem,
  leafHashesInPlace,
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

describe('leafHashesInPlace', () => {
  it('gives the leaf hashes of the entries, whatever their lengths, also of a view', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(entries, fc.nat(9), (bundled, shift) => {
        const bundle = encodeBundle(bundled);
        const around = new Uint8Array(bundle.length + 2 * shift).fill(0xa5);
        around.set(bundle, shift);
        const view = around.subarray(shift, shift + bundle.length);
        const hashes = Buffer.from(leafHashesInPlace(view), 'latin1');
        expect(hashes).toEqual(Buffer.concat(bundled.map(leafHash)));
        for (const edge of [around.subarray(0, shift), around.subarray(shift + bundle.length)])
          expect(edge.every((byte) => byte === 0xa5)).toBe(true);
      }),
    );
  });

  it('takes the longest entry, and none', () => {
    const longest = new Uint8Array(LARGEST_ENTRY_BYTES).fill(7);
    expect(leafHashesInPlace(encodeBundle([longest]))).toBe(
      Buffer.from(leafHash(longest)).toString('latin1'),
    );
    expect(leafHashesInPlace(new Uint8Array())).toBe('');
  });

  it.each([
    ['ends within a length', [0, 1, 7, 0]],
    ['ends where a length says more', [0, 1, 7, 0, 2, 8]],
    ['ends behind a length that says more', [0, 1, 7, 255, 255]],
  ])('says nothing of a bundle that %s', (_, bundle) => {
    expect(leafHashesInPlace(Uint8Array.from(bundle))).toBe('');
  });
});
