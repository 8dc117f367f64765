/** Metered requests closed into usage windows, none of which crosses a UTC hour. */
import type { RequestUsage } from './requests.ts';

/** The totals of one window, in the disjoint buckets of a usage statement. */
export interface UsageWindow {
  /** Unix seconds; the window holds what began at or after it. */
  readonly start: number;
  /** Unix seconds; the window holds what began before it. */
  readonly end: number;
  readonly requests: bigint;
  readonly inputUncachedTokens: bigint;
  readonly inputCachedTokens: bigint;
  readonly inputCacheWriteTokens: bigint;
  readonly outputVisibleTokens: bigint;
  readonly outputReasoningTokens: bigint;
}

export interface WindowOptions {
  /** A divisor of 3600, so that windows begin and end with the hour. Default: 3600. */
  readonly windowSeconds?: number;
  /** The end of the meter's previous window: the first window starts no earlier. Default: no bound. */
  readonly from?: number;
  /** The time of closing: the last window ends no later. Default: no bound. */
  readonly to?: number;
}

const SECONDS_PER_HOUR = 3600;

/**
 * The windows in which anything was used, in order of time and without overlap.
 * @throws RangeError when a request lies outside `from` and `to`, or windows would not fit the hour
 */
export function closeWindows(
  usages: readonly RequestUsage[],
  options: WindowOptions = {},
): UsageWindow[] {
  const { windowSeconds = SECONDS_PER_HOUR, from = 0, to = Number.MAX_SAFE_INTEGER } = options;
  if (!Number.isInteger(windowSeconds) || windowSeconds < 1 || SECONDS_PER_HOUR % windowSeconds) {
    throw new RangeError(`Expected windowSeconds to divide 3600, got ${windowSeconds}.`);
  }
  const outside = usages.find(({ startedAt }) => startedAt < from || startedAt >= to);
  if (outside !== undefined) {
    throw new RangeError(`Expected requests from ${from} to ${to}, got ${outside.startedAt}.`);
  }
  const numbers = usages.map(({ startedAt }) => Math.floor(startedAt / windowSeconds));
  return [...new Set(numbers)]
    .sort((a, b) => a - b)
    .map((number) => ({
      start: Math.max(number * windowSeconds, from),
      end: Math.min((number + 1) * windowSeconds, to),
      ...sumUp(usages.filter((_, i) => numbers[i] === number)),
    }));
}

function sumUp(usages: readonly RequestUsage[]): Omit<UsageWindow, 'start' | 'end'> {
  const total = (count: (usage: RequestUsage) => number): bigint =>
    usages.reduce((sum, usage) => sum + BigInt(count(usage)), 0n);
  return {
    requests: BigInt(usages.length),
    inputUncachedTokens: total((usage) => usage.inputTokens - usage.cachedTokens),
    inputCachedTokens: total((usage) => usage.cachedTokens),
    inputCacheWriteTokens: 0n,
    outputVisibleTokens: total((usage) => usage.outputTokens),
    outputReasoningTokens: 0n,
  };
}
