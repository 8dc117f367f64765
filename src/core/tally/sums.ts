/** Metric vectors: exact sums of usage, 128 bits each. They never wrap and never go below zero. */
import { AttestryError } from '../../errors.ts';
import { parseQuantity } from '../bytes/decimal.ts';
import type { Statement } from '../statement/statement.ts';
import type { UsageMetric } from '../statement/usage.ts';

/** The disjoint buckets, in the order of the vector. Input and output totals are sums of them, so they are not kept. */
export const TALLY_METRICS = [
  'requests',
  'inputUncachedTokens',
  'inputCachedTokens',
  'inputCacheWriteTokens',
  'outputVisibleTokens',
  'outputReasoningTokens',
  'energyWattHours',
] as const satisfies readonly UsageMetric[];

export type TallyMetric = (typeof TALLY_METRICS)[number];

/** One value for each of TALLY_METRICS, 0 to 2^128-1. */
export type Sums = readonly bigint[];

export const SUMS_BYTES: number = TALLY_METRICS.length * 16;
export const ZERO_SUMS: Sums = TALLY_METRICS.map(() => 0n);
const LIMIT = 2n ** 128n;
const LOW_64 = 2n ** 64n - 1n;

/** What a statement adds: its quantities for usage, nothing for every other kind. */
export function sumsOf(statement: Statement): Sums {
  if (statement.kind !== 'usage') return ZERO_SUMS;
  const { quantities } = statement.predicate;
  return TALLY_METRICS.map((metric) => parseQuantity(quantities[metric] ?? '0'));
}

/** @throws TALLY_OVERFLOW */
export function addSums(a: Sums, b: Sums): Sums {
  return a.map((value, i) => {
    const sum = value + (b[i] as bigint);
    if (sum < LIMIT) return sum;
    throw new AttestryError(
      'TALLY_OVERFLOW',
      `Expected the sum of ${TALLY_METRICS[i]} to stay below 2^128.`,
    );
  });
}

/** 16 bytes each, big-endian. */
export function encodeSums(sums: Sums): Uint8Array {
  const bytes = new Uint8Array(SUMS_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of sums.entries()) {
    view.setBigUint64(i * 16, value >> 64n);
    view.setBigUint64(i * 16 + 8, value & LOW_64);
  }
  return bytes;
}

/** Of at least SUMS_BYTES bytes; every bit pattern is a vector. */
export function decodeSums(bytes: Uint8Array): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return TALLY_METRICS.map(
    (_, i) => (view.getBigUint64(i * 16) << 64n) | view.getBigUint64(i * 16 + 8),
  );
}
