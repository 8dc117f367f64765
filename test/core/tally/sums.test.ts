import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { USAGE_METRICS } from '../../../src/core/statement/usage.ts';
import {
  addSums,
  encodeSums,
  readSum,
  SUMS_BYTES,
  sumsOf,
  TALLY_METRICS,
  writeSum,
  ZERO_SUMS,
} from '../../../src/core/tally/sums.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { anySums } from '../../helpers/memory-tally.ts';
import { sampleStatement } from '../../helpers/statements.ts';

const LARGEST = 2n ** 128n - 1n;

describe('TALLY_METRICS', () => {
  it('are the disjoint buckets of usage, in an order that never changes', () => {
    expect(TALLY_METRICS).toEqual([
      'requests',
      'inputUncachedTokens',
      'inputCachedTokens',
      'inputCacheWriteTokens',
      'outputVisibleTokens',
      'outputReasoningTokens',
      'energyWattHours',
    ]);
    const derived = USAGE_METRICS.filter(
      (metric) => !TALLY_METRICS.some((kept) => kept === metric),
    );
    expect(derived).toEqual(['inputTokens', 'outputTokens']);
  });
});

describe('sumsOf', () => {
  it('takes the quantities of usage, and nothing from any other kind', () => {
    const usage = sampleStatement('usage');
    expect(sumsOf(usage)).toEqual([3n, 70n, 20n, 10n, 40n, 2n, 5n]);
    const { energyWattHours: _, ...quantities } = usage.predicate.quantities;
    expect(sumsOf(sampleStatement('usage', { predicate: { quantities } }))[6]).toBe(0n);
    expect(sumsOf(sampleStatement('deployment'))).toEqual(ZERO_SUMS);
  });

  it('holds the largest quantity there is', () => {
    const largest = String(2n ** 64n - 1n);
    const quantities = { ...sampleStatement('usage').predicate.quantities, requests: largest };
    expect(sumsOf(sampleStatement('usage', { predicate: { quantities } }))[0]).toBe(2n ** 64n - 1n);
  });
});

describe('addSums', () => {
  it('adds metric by metric', () => {
    fc.assert(
      fc.property(anySums, anySums, (a, b) => {
        expect(addSums(a, b)).toEqual(a.map((value, i) => value + (b[i] as bigint)));
      }),
    );
  });

  it('refuses to wrap', () => {
    const large = ZERO_SUMS.with(6, LARGEST);
    expect(addSums(large, ZERO_SUMS)).toEqual(large);
    expect(codeOf(() => addSums(large, ZERO_SUMS.with(6, 1n)))).toBe('TALLY_OVERFLOW');
    expect(codeOf(() => addSums(large, large))).toBe('TALLY_OVERFLOW');
  });
});

describe('writeSum and readSum', () => {
  it('write sixteen bytes, big-endian, and read them back', () => {
    const any = fc.oneof(
      fc.bigInt({ min: 0n, max: LARGEST }),
      fc.constantFrom(0n, 2n ** 64n - 1n, 2n ** 64n, LARGEST),
    );
    fc.assert(
      fc.property(any, (value) => {
        const view = new DataView(new ArrayBuffer(20));
        writeSum(view, 2, value);
        expect(encodeHex(new Uint8Array(view.buffer, 2, 16))).toBe(
          value.toString(16).padStart(32, '0'),
        );
        expect(readSum(view, 2)).toBe(value);
      }),
    );
  });

  it('refuse what would wrap into another value', () => {
    const view = new DataView(new ArrayBuffer(16));
    for (const value of [-1n, -(2n ** 128n), LARGEST + 1n])
      expect(() => writeSum(view, 0, value)).toThrow(RangeError);
  });
});

describe('encodeSums', () => {
  it('writes the vector in its order', () => {
    const bytes = encodeSums([1n, 2n, 3n, 4n, 5n, 6n, LARGEST]);
    expect(bytes).toHaveLength(SUMS_BYTES);
    expect([15, 31, 47, 63, 79, 95].map((at) => bytes[at])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(encodeHex(bytes.subarray(96))).toBe('ff'.repeat(16));
  });
});
