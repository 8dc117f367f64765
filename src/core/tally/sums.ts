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

export const SUM_BYTES = 16;
export const SUMS_BYTES: number = TALLY_METRICS.length * SUM_BYTES;
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
  // Only usage has quantities.
  if (b === ZERO_SUMS) return a;
  if (a === ZERO_SUMS) return b;
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
  writeSums(new DataView(bytes.buffer), 0, sums);
  return bytes;
}

/** Writes the vector at a place: 16 bytes each, big-endian. */
export function writeSums(view: DataView, at: number, sums: Sums): void {
  for (let i = 0; i < TALLY_METRICS.length; i++) {
    writeSum(view, at + i * SUM_BYTES, sums[i] as bigint);
  }
}

/** Writes one value at a place: 16 bytes, big-endian. A value below zero or beyond 2^128-1 is a RangeError: it would wrap into another. */
export function writeSum(view: DataView, at: number, value: bigint): void {
  if (value < 0n || value >= LIMIT) throw new RangeError(`Expected a sum, got ${value}.`);
  // Nearly every value is below 2^64, and shifting a bigint costs more than all else here.
  view.setBigUint64(at, value > LOW_64 ? value >> 64n : 0n);
  view.setBigUint64(at + 8, value > LOW_64 ? value & LOW_64 : value);
}

/** The value at a place; every 16 bytes are one. */
export function readSum(view: DataView, at: number): bigint {
  const high = view.getBigUint64(at);
  const low = view.getBigUint64(at + 8);
  return high === 0n ? low : (high << 64n) | low;
}
