import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafHash, nodeHash } from '../../src/core/merkle/hash.ts';
import { LARGEST_ENTRY_BYTES } from '../../src/core/statement/envelope.ts';
import { leafHashBySystem, nodeHashBySystem } from '../../src/keys/openssl-hash.ts';

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
