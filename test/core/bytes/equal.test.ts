import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesEqual, compareBytes, concatBytes } from '../../../src/core/bytes/equal.ts';

const fewBytes = fc.uint8Array({ maxLength: 4, max: 2 });

describe('bytesEqual and compareBytes', () => {
  it('agree with Buffer', () => {
    fc.assert(
      fc.property(fewBytes, fewBytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
        expect(bytesEqual(a, b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
  });

  it('tell a prefix from the whole', () => {
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
    expect(bytesEqual(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2))).toBe(false);
  });
});

describe('concatBytes', () => {
  it('puts bytes one after the other', () => {
    fc.assert(
      fc.property(fc.array(fewBytes), (parts) => {
        expect(concatBytes(...parts)).toEqual(new Uint8Array(Buffer.concat(parts)));
      }),
    );
  });
});
