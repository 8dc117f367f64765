/** Anthropic: `input_tokens` leaves out what the cache read or wrote; the three add up. */
import type { TokenBuckets } from './buckets.ts';
import {
  detailsIn,
  malformedUsage,
  optionalTokensIn,
  requireTotal,
  splitTotals,
  tokensIn,
  type UsageFields,
  usageIn,
} from './token-count.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
]);

/** A message. Of a stream, the last event's counts: they are cumulative. @throws METERING_USAGE_MALFORMED */
export function readAnthropic(value: unknown): TokenBuckets {
  const usage = usageIn(value);
  refuseUnknownTokens(usage);
  const uncached = tokensIn(usage, 'input_tokens');
  const cached = optionalTokensIn(usage, 'cache_read_input_tokens') ?? 0n;
  const cacheWrite = optionalTokensIn(usage, 'cache_creation_input_tokens') ?? 0n;
  requireTotal('cache_creation_input_tokens', cacheWrite, writtenByLifetime(usage) ?? cacheWrite);
  return splitTotals({
    input: uncached + cached + cacheWrite,
    cached,
    cacheWrite,
    output: tokensIn(usage, 'output_tokens'),
    reasoning: optionalTokensIn(detailsIn(usage, 'output_tokens_details'), 'thinking_tokens'),
  });
}

// There is no total to check against, so a count that is not known may be one that would be left out.
function refuseUnknownTokens(usage: UsageFields): void {
  const unknown = Object.keys(usage).find((name) => name.endsWith('_tokens') && !KNOWN.has(name));
  if (unknown !== undefined) throw malformedUsage(`no count but those known, got ${unknown}`);
}

/** The sum of the breakdown by lifetime of what was written to the cache; undefined without one. */
function writtenByLifetime(usage: UsageFields): bigint | undefined {
  const details = detailsIn(usage, 'cache_creation');
  const names = Object.keys(details).filter((name) => name.endsWith('_tokens'));
  if (names.length === 0) return undefined;
  return names.reduce((sum, name) => sum + (optionalTokensIn(details, name) ?? 0n), 0n);
}
