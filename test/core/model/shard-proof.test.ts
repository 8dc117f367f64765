import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import {
  formatShardProof,
  LARGEST_SHARD_PROOF_BYTES,
  parseShardProof,
  type ShardProof,
} from '../../../src/core/model/shard-proof.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';
import { digestOf } from '../../helpers/statements.ts';

const PROOF: ShardProof = {
  resource: { name: 'weights/part:1.bin:0:500', digest: digestOf('shard') },
  index: 2,
  count: 5,
  proof: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
};

function fileWith(changes: Record<string, unknown>): Uint8Array {
  const file: unknown = JSON.parse(new TextDecoder().decode(formatShardProof(PROOF)));
  return formatCanonicalJson({ ...(file as object), ...changes });
}

describe('parseShardProof', () => {
  test('gives back what formatShardProof wrote', () => {
    expect(parseShardProof(formatShardProof(PROOF))).toEqual(PROOF);
  });

  test.each([
    ['an unknown field', { more: 1 }],
    ['another version', { version: 2 }],
    ['another type', { type: 'attestry/receipt' }],
    ['an index that is the count', { index: 5 }],
    ['a negative index', { index: -1 }],
    ['a proof that is not base64', { proof: ['*'] }],
    ['too many hashes', { proof: Array.from({ length: 64 }, () => '') }],
    ['a name that leads out of the model', { resource: { ...PROOF.resource, name: '../a:0:5' } }],
    ['a name without a range', { resource: { ...PROOF.resource, name: 'a.bin' } }],
    ['a range that is empty', { resource: { ...PROOF.resource, name: 'a.bin:5:5' } }],
    ['a digest in capitals', { resource: { ...PROOF.resource, digest: 'A'.repeat(64) } }],
  ])('refuses %s', (_, changes) => {
    expect(codeOf(() => parseShardProof(fileWith(changes)))).toBe('SHARD_PROOF_MALFORMED');
  });

  test('refuses spaces, and what is too large to be one', () => {
    const spaced = encodeUtf8(` ${new TextDecoder().decode(formatShardProof(PROOF))}`);
    expect(codeOf(() => parseShardProof(spaced))).toBe('JSON_NOT_CANONICAL');
    const large = new Uint8Array(LARGEST_SHARD_PROOF_BYTES + 1);
    expect(codeOf(() => parseShardProof(large))).toBe('INPUT_TOO_LARGE');
  });

  test('refuses any other bytes with a code, or reads what it would write', () => {
    fc.assert(
      fc.property(hostileBytes(formatShardProof(PROOF)), (bytes) => {
        const proof = accepted(() => parseShardProof(bytes));
        if (proof !== undefined) expect(formatShardProof(proof)).toEqual(bytes);
      }),
    );
  });
});
