import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seedSigner } from '../../src/core/metering/usage-receipt.ts';
import { opensslSigner } from '../../src/keys/openssl-signer.ts';

describe('opensslSigner', () => {
  it('gives the same key id and the same bytes as the pure implementation', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.uint8Array({ maxLength: 300 }), (bytes, message) => {
        const [fast, pure] = [opensslSigner(bytes), seedSigner(bytes)];
        expect(fast.keyid).toBe(pure.keyid);
        expect(fast.sign(message)).toEqual(pure.sign(message));
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a seed of another length', () => {
    for (const length of [0, 31, 33]) {
      expect(() => opensslSigner(new Uint8Array(length))).toThrow(RangeError);
    }
  });
});
