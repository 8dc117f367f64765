/** LiteLLM's StandardLoggingPayload: totals of the call, and in `metadata.usage_object` their subsets, whatever the provider. */
import type { TokenBuckets } from './buckets.ts';
import {
  agreedTokens,
  detailsIn,
  fieldsIn,
  malformedUsage,
  optionalTokensIn,
  requireSubsets,
  requireTotal,
  splitTotals,
  tokensIn,
} from './token-count.ts';

/** The payload of one call. @throws METERING_USAGE_MALFORMED */
export function readLiteLlm(value: unknown): TokenBuckets {
  const payload = fieldsIn(value, 'a StandardLoggingPayload');
  if (payload['cache_hit'] === true) {
    throw malformedUsage(
      'a call that the model answered, got one from the cache of the gateway (cache_hit): leave it out',
    );
  }
  const input = tokensIn(payload, 'prompt_tokens');
  const output = tokensIn(payload, 'completion_tokens');
  requireTotal('total_tokens', tokensIn(payload, 'total_tokens'), input + output);
  const usage = detailsIn(detailsIn(payload, 'metadata'), 'usage_object');
  requireTotal('prompt_tokens', optionalTokensIn(usage, 'prompt_tokens'), input);
  requireTotal('completion_tokens', optionalTokensIn(usage, 'completion_tokens'), output);
  const inputDetails = detailsIn(usage, 'prompt_tokens_details');
  const outputDetails = detailsIn(usage, 'completion_tokens_details');
  requireSubsets(inputDetails, input);
  requireSubsets(outputDetails, output);
  return splitTotals({
    input,
    cached: agreedTokens(
      'cached tokens',
      optionalTokensIn(inputDetails, 'cached_tokens'),
      optionalTokensIn(usage, 'cache_read_input_tokens'),
    ),
    cacheWrite: agreedTokens(
      'cache-written tokens',
      optionalTokensIn(inputDetails, 'cache_creation_tokens'),
      optionalTokensIn(inputDetails, 'cache_write_tokens'),
      optionalTokensIn(usage, 'cache_creation_input_tokens'),
    ),
    output,
    reasoning: optionalTokensIn(outputDetails, 'reasoning_tokens'),
  });
}
