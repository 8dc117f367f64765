import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/core/bytes/equal.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeKey, KEY_BITS, type Prefix, prefixOf } from '../../src/core/tally/key.ts';
import { innerKey, leafKey } from '../../src/tally/tally-rows.ts';

const MODELS = ['00', '7f', 'ff'].map((byte) => byte.repeat(32));

const key = fc
  .record({
    model: fc.constantFrom(...MODELS),
    kind: fc.constantFrom('training' as const, 'usage' as const),
    hour: fc.constantFrom(0, 500_000, 500_001),
    index: fc.oneof(fc.nat({ max: 300_000 }), fc.maxSafeNat()),
  })
  .map(encodeKey);

const inner = fc
  .tuple(key, fc.nat({ max: KEY_BITS - 1 }))
  .map(([bits, length]) => prefixOf(bits, length));

const nameOf = ({ bits, length }: Prefix): string => `${encodeHex(bits)}/${length}`;

describe('rows of a tally', () => {
  it('have one key for each node and leaf, and no two the same', () => {
    fc.assert(
      fc.property(fc.array(inner, { maxLength: 60 }), fc.array(key), (inners, leaves) => {
        const names = new Set([...inners.map(nameOf), ...leaves.map(encodeHex)]);
        const keys = [...inners.map(innerKey), ...leaves.map(leafKey)].map(encodeHex);
        expect(new Set(keys).size).toBe(names.size);
      }),
    );
  });

  it('stand in the order of the log where they are of few entries, whatever model they are about', () => {
    const young = fc.tuple(key, fc.integer({ min: KEY_BITS - 16, max: KEY_BITS - 1 }));
    const anyOther = fc.tuple(key, fc.nat({ max: KEY_BITS - 17 }));
    fc.assert(
      fc.property(young, key, anyOther, ([bits, length], other, [above, shorter]) => {
        const [node, leaf] = [prefixOf(bits, length), leafKey(other)];
        const start = (at: Uint8Array): bigint => BigInt(`0x${encodeHex(at.subarray(37))}`);
        const order = start(node.bits) - start(other);
        // Where indexes are the same, models decide.
        if (order !== 0n)
          expect(Math.sign(compareBytes(innerKey(node), leaf))).toBe(order < 0 ? -1 : 1);
        expect(start(bits) - start(node.bits)).toBeLessThan(65_536n);
        expect(compareBytes(innerKey(prefixOf(above, shorter)), leaf)).toBeGreaterThan(0);
      }),
    );
  });
});
