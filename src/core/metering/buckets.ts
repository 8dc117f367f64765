/** The token buckets of one request or of many: disjoint, so that no token stands in two of them. */
import { AttestryError } from '../../errors.ts';
import { parseQuantity } from '../bytes/decimal.ts';
import { object, quantity, type Reader } from '../bytes/shape.ts';
import type { UsageQuantities } from '../statement/usage.ts';
import { type Sums, TALLY_METRICS, type TallyMetric } from '../tally/sums.ts';

export const TOKEN_BUCKETS = [
  'inputUncachedTokens',
  'inputCachedTokens',
  'inputCacheWriteTokens',
  'outputVisibleTokens',
  'outputReasoningTokens',
] as const satisfies readonly TallyMetric[];

export type TokenBucket = (typeof TOKEN_BUCKETS)[number];

export type TokenBuckets = { readonly [B in TokenBucket]: bigint };

/** Buckets as they stand in JSON: decimal strings. */
export type TokenQuantities = { readonly [B in TokenBucket]: string };

export const tokenQuantities: Reader<TokenQuantities> = object<TokenQuantities>({
  inputUncachedTokens: quantity,
  inputCachedTokens: quantity,
  inputCacheWriteTokens: quantity,
  outputVisibleTokens: quantity,
  outputReasoningTokens: quantity,
});

const LARGEST_QUANTITY = 2n ** 64n - 1n;

/** The buckets, if a usage statement can state them and their input and output totals. @throws METERING_USAGE_MALFORMED */
export function checkBuckets(buckets: TokenBuckets): TokenBuckets {
  const wrong = TOKEN_BUCKETS.find((name) => {
    const value: unknown = buckets[name];
    return typeof value !== 'bigint' || value < 0n;
  });
  if (wrong !== undefined) {
    throw new AttestryError(
      'METERING_USAGE_MALFORMED',
      `Expected ${wrong} to be a non-negative bigint, got ${String(buckets[wrong])}.`,
    );
  }
  if (!fitsQuantities(buckets)) {
    throw new AttestryError(
      'METERING_USAGE_MALFORMED',
      'Expected input and output tokens of at most 2^64-1 each.',
    );
  }
  return buckets;
}

/** Whether input and output totals are at most 2^64-1, the largest quantity of a usage statement. */
export function fitsQuantities(buckets: TokenBuckets): boolean {
  return inputOf(buckets) <= LARGEST_QUANTITY && outputOf(buckets) <= LARGEST_QUANTITY;
}

export function addBuckets(a: TokenBuckets, b: TokenBuckets): TokenBuckets {
  return mapBuckets((name) => a[name] + b[name]);
}

export const NO_TOKENS: TokenBuckets = mapBuckets(() => 0n);

export function parseBuckets(quantities: TokenQuantities): TokenBuckets {
  return mapBuckets((name) => parseQuantity(quantities[name]));
}

export function formatBuckets(buckets: TokenBuckets): TokenQuantities {
  return mapBuckets((name) => `${buckets[name]}`);
}

/** The sum vector of requests. Energy is not metered by request, so it is zero. */
export function sumsOfRequests(requests: number, buckets: TokenBuckets): Sums {
  const values: { readonly [M in TallyMetric]: bigint } = {
    ...buckets,
    requests: BigInt(requests),
    energyWattHours: 0n,
  };
  return TALLY_METRICS.map((metric) => values[metric]);
}

export function bucketsOfSums(sums: Sums): TokenBuckets {
  return mapBuckets((name) => sums[TALLY_METRICS.indexOf(name)] as bigint);
}

/** What a usage statement or an invoice says about so many requests. */
export function quantitiesOf(requests: number, buckets: TokenBuckets): UsageQuantities {
  return {
    ...formatBuckets(buckets),
    requests: `${requests}`,
    inputTokens: `${inputOf(buckets)}`,
    outputTokens: `${outputOf(buckets)}`,
  };
}

function inputOf(buckets: TokenBuckets): bigint {
  return buckets.inputUncachedTokens + buckets.inputCachedTokens + buckets.inputCacheWriteTokens;
}

function outputOf(buckets: TokenBuckets): bigint {
  return buckets.outputVisibleTokens + buckets.outputReasoningTokens;
}

function mapBuckets<T>(value: (name: TokenBucket) => T): { readonly [B in TokenBucket]: T } {
  return {
    inputUncachedTokens: value('inputUncachedTokens'),
    inputCachedTokens: value('inputCachedTokens'),
    inputCacheWriteTokens: value('inputCacheWriteTokens'),
    outputVisibleTokens: value('outputVisibleTokens'),
    outputReasoningTokens: value('outputReasoningTokens'),
  };
}
