import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBundle, encodeBundle } from '../../../src/core/merkle/bundle.ts';
import { codeOf } from '../../helpers/code-of.ts';

const anyEntries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });

describe('encodeBundle', () => {
  it('writes each entry behind its length in two bytes, big-endian', () => {
    const bytes = encodeBundle([Uint8Array.of(7, 8), new Uint8Array(0), new Uint8Array(258)]);
    expect([...bytes.subarray(0, 8)]).toEqual([0, 2, 7, 8, 0, 0, 1, 2]);
    expect(bytes).toHaveLength(8 + 258);
  });

  it('takes entries of up to 65,535 bytes, and 256 of them', () => {
    const longest = new Uint8Array(65_535).fill(1);
    expect(decodeBundle(encodeBundle([longest]), 1)).toEqual([longest]);
    expect(encodeBundle(Array(256).fill(new Uint8Array(0)))).toHaveLength(512);
  });

  it('refuses an entry of 65,536 bytes', () => {
    expect(codeOf(() => encodeBundle([new Uint8Array(65_536)]))).toBe('ENTRY_TOO_LARGE');
  });

  it('refuses no entries and more than 256', () => {
    expect(() => encodeBundle([])).toThrow(RangeError);
    expect(() => encodeBundle(Array(257).fill(new Uint8Array(1)))).toThrow(RangeError);
  });
});

describe('decodeBundle', () => {
  it('reads back what encodeBundle writes, from within a larger buffer too', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(9), (entries, offset) => {
        const bytes = encodeBundle(entries);
        const larger = new Uint8Array(offset + bytes.length + 3);
        larger.set(bytes, offset);
        const view = larger.subarray(offset, offset + bytes.length);
        expect(decodeBundle(view, entries.length)).toEqual(entries);
      }),
    );
  });

  it('refuses a bundle cut short, with bytes to spare, or of another count', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(), (entries, cut) => {
        const bytes = encodeBundle(entries);
        const shorter = bytes.subarray(0, cut % bytes.length);
        const longer = Uint8Array.from([...bytes, 0]);
        const count = entries.length;
        expect(codeOf(() => decodeBundle(shorter, count))).toBe('BUNDLE_MALFORMED');
        expect(codeOf(() => decodeBundle(longer, count))).toBe('BUNDLE_MALFORMED');
        expect(codeOf(() => decodeBundle(bytes, count + 1))).toBe('BUNDLE_MALFORMED');
        if (count > 1) {
          expect(codeOf(() => decodeBundle(bytes, count - 1))).toBe('BUNDLE_MALFORMED');
        }
      }),
    );
  });

  it('refuses any bytes or takes them as the only spelling', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        (bytes, count) => {
          const code = codeOf(() =>
            expect(encodeBundle(decodeBundle(bytes, count))).toEqual(bytes),
          );
          expect(['none', 'BUNDLE_MALFORMED']).toContain(code);
        },
      ),
    );
  });

  it('has no bundles of no entries or more than 256', () => {
    expect(() => decodeBundle(new Uint8Array(0), 0)).toThrow(RangeError);
    expect(() => decodeBundle(new Uint8Array(514), 257)).toThrow(RangeError);
  });
});
