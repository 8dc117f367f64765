import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { encodeKey, prefixOf } from '../../../src/core/tally/key.ts';
import {
  EMPTY_TALLY,
  encodeSummary,
  summarizeInner,
  summarizeLeaf,
} from '../../../src/core/tally/node.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { MODEL } from '../../helpers/statements.ts';

const KEY = encodeKey({ model: MODEL, kind: 'usage', hour: 497_458, index: 6 });
const SUMS = [1n, 2n, 3n, 4n, 5n, 6n, 2n ** 64n];
const SUMS_HEX = SUMS.map((sum) => sum.toString(16).padStart(32, '0')).join('');
const HASH = new Uint8Array(32).fill(0xab);

function sha256(hex: string): string {
  return createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
}

describe('summarizeLeaf', () => {
  it('hashes 02, key, entry hash and sums', () => {
    const summary = summarizeLeaf({ key: KEY, entryHash: HASH, sums: SUMS });
    expect(encodeHex(summary.hash)).toBe(
      sha256(`02${encodeHex(KEY)}${'ab'.repeat(32)}${SUMS_HEX}`),
    );
    expect(summary).toMatchObject({ count: 1, sums: SUMS, prefix: { length: 360 } });
  });
});

describe('summarizeInner', () => {
  const left = { hash: HASH, count: 3, sums: SUMS };
  const right = { hash: HASH.map((byte) => byte ^ 1), count: 2 ** 33, sums: SUMS };
  const leftHex = `${'ab'.repeat(32)}0000000000000003${SUMS_HEX}`;
  const rightHex = `${'aa'.repeat(32)}0000000200000000${SUMS_HEX}`;

  it('hashes 03, the length of the prefix, the padded prefix, and both summaries whole', () => {
    const prefix = prefixOf(new Uint8Array(45).fill(0xff), 261);
    const summary = summarizeInner(prefix, [left, right]);
    const padded = `${'ff'.repeat(32)}f8${'00'.repeat(12)}`;
    expect(encodeHex(summary.hash)).toBe(sha256(`030105${padded}${leftHex}${rightHex}`));
    expect(summary).toMatchObject({
      count: 2 ** 33 + 3,
      sums: SUMS.map((sum) => 2n * sum),
      prefix,
    });
  });

  it('is not fooled by sums that add up otherwise', () => {
    const prefix = prefixOf(KEY, 8);
    const more = { ...left, sums: SUMS.with(0, 2n) };
    const less = { ...right, sums: SUMS.with(0, 0n) };
    const [honest, shifted] = [
      summarizeInner(prefix, [left, right]),
      summarizeInner(prefix, [more, less]),
    ];
    expect(shifted.sums).toEqual(honest.sums);
    expect(encodeHex(shifted.hash)).not.toBe(encodeHex(honest.hash));
  });

  it('refuses 2^53 leaves', () => {
    const many = { ...left, count: Number.MAX_SAFE_INTEGER };
    expect(codeOf(() => summarizeInner(prefixOf(KEY, 8), [many, { ...right, count: 1 }]))).toBe(
      'TALLY_OVERFLOW',
    );
  });
});

describe('encodeSummary', () => {
  it('gives hash, count and sums as a parent hashes them', () => {
    expect(encodeHex(encodeSummary({ hash: HASH, count: 3, sums: SUMS }))).toBe(
      `${'ab'.repeat(32)}0000000000000003${SUMS_HEX}`,
    );
  });
});

describe('EMPTY_TALLY', () => {
  it('is the hash of 04', () => {
    expect(encodeHex(EMPTY_TALLY)).toBe(sha256('04'));
  });
});
