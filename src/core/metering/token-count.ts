/** Reading token counts out of what a provider or gateway reports: whole numbers only, subsets never above their total. */
import { AttestryError } from '../../errors.ts';
import type { TokenBuckets } from './buckets.ts';

export type UsageFields = Readonly<Record<string, unknown>>;

const LARGEST_COUNT = 2n ** 64n - 1n;

/** The members of an object. @throws METERING_USAGE_MALFORMED */
export function fieldsIn(value: unknown, what: string): UsageFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as UsageFields;
  }
  throw malformedUsage(`${what} to be an object, got ${describeValue(value)}`);
}

/** The usage object: `usage` of a response, or the value itself. @throws METERING_USAGE_MALFORMED */
export function usageIn(value: unknown): UsageFields {
  const fields = fieldsIn(value, 'a response or its usage');
  return Object.hasOwn(fields, 'usage') ? fieldsIn(fields['usage'], 'usage') : fields;
}

/** The members of a breakdown; none where it is absent or null. @throws METERING_USAGE_MALFORMED */
export function detailsIn(fields: UsageFields, name: string): UsageFields {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return value === undefined || value === null ? {} : fieldsIn(value, name);
}

/** @throws METERING_USAGE_MALFORMED */
export function tokensIn(fields: UsageFields, name: string): bigint {
  const tokens = optionalTokensIn(fields, name);
  if (tokens !== undefined) return tokens;
  throw malformedUsage(`${name} to be there`);
}

/** Undefined where the member is absent or null. @throws METERING_USAGE_MALFORMED */
export function optionalTokensIn(fields: UsageFields, name: string): bigint | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return value === undefined || value === null ? undefined : readCount(value, name);
}

/** A count of tokens: a whole number from 0 on. A number above 2^53-1 has been rounded already. @throws METERING_USAGE_MALFORMED */
export function readCount(value: unknown, name: string): bigint {
  if (typeof value === 'bigint' && value >= 0n && value <= LARGEST_COUNT) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    if (!Object.is(value, -0)) return BigInt(value);
  }
  throw malformedUsage(
    `${name} to be a whole number of tokens from 0 to 2^53-1, got ${describeValue(value)}`,
  );
}

/** The one value that is given under several names; 0 where none is. @throws METERING_USAGE_MALFORMED when two disagree */
export function agreedTokens(
  what: string,
  ...given: readonly (bigint | undefined)[]
): bigint | undefined {
  const values = new Set(given.filter((value) => value !== undefined));
  if (values.size > 1) throw malformedUsage(`one count of ${what}, got ${[...values].join(', ')}`);
  return values.values().next().value;
}

/** Refuses a total that is not the sum of its parts. @throws METERING_USAGE_MALFORMED */
export function requireTotal(name: string, total: bigint | undefined, sum: bigint): void {
  if (total !== undefined && total !== sum) {
    throw malformedUsage(`${name} to be ${sum}, the sum of its parts, got ${total}`);
  }
}

/** Refuses a part of a breakdown, known or not, that is larger than the whole. @throws METERING_USAGE_MALFORMED */
export function requireSubsets(details: UsageFields, total: bigint): void {
  for (const name of Object.keys(details).filter((key) => key.endsWith('_tokens'))) {
    const part = optionalTokensIn(details, name) ?? 0n;
    if (part > total) throw malformedUsage(`${name} to be at most ${total}, got ${part}`);
  }
}

export interface TokenTotals {
  /** Cached and cache-written tokens included. */
  readonly input: bigint;
  readonly cached?: bigint | undefined;
  readonly cacheWrite?: bigint | undefined;
  /** Reasoning tokens included. */
  readonly output: bigint;
  readonly reasoning?: bigint | undefined;
}

/** Disjoint buckets of totals and their subsets. @throws METERING_USAGE_MALFORMED when the subsets are larger than their total */
export function splitTotals(totals: TokenTotals): TokenBuckets {
  const { input, cached = 0n, cacheWrite = 0n, output, reasoning = 0n } = totals;
  if (cached + cacheWrite > input) {
    throw malformedUsage(
      `cached and cache-written tokens to be part of ${input} input tokens, got ${cached} and ${cacheWrite}`,
    );
  }
  if (reasoning > output) {
    throw malformedUsage(
      `reasoning tokens to be part of ${output} output tokens, got ${reasoning}`,
    );
  }
  return {
    inputUncachedTokens: input - cached - cacheWrite,
    inputCachedTokens: cached,
    inputCacheWriteTokens: cacheWrite,
    outputVisibleTokens: output - reasoning,
    outputReasoningTokens: reasoning,
  };
}

export function malformedUsage(expected: string): AttestryError {
  return new AttestryError('METERING_USAGE_MALFORMED', `Expected ${expected}.`);
}

// What came is named by its kind: a response may hold what a person wrote.
function describeValue(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'number' || typeof value === 'bigint' ? `${value}` : typeof value;
}
