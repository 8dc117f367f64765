/** OpenAI: cached, cache-written and reasoning tokens are subsets of the totals. Also the shape of vLLM. */
import type { TokenBuckets } from './buckets.ts';
import {
  detailsIn,
  optionalTokensIn,
  requireSubsets,
  requireTotal,
  splitTotals,
  tokensIn,
  usageIn,
} from './token-count.ts';

interface Names {
  readonly input: string;
  readonly output: string;
}

const CHAT: Names = { input: 'prompt_tokens', output: 'completion_tokens' };
const RESPONSES: Names = { input: 'input_tokens', output: 'output_tokens' };

/** A chat completion. @throws METERING_USAGE_MALFORMED */
export function readOpenAiChat(value: unknown): TokenBuckets {
  return readTotals(value, CHAT);
}

/** A response of the Responses API. @throws METERING_USAGE_MALFORMED */
export function readOpenAiResponse(value: unknown): TokenBuckets {
  return readTotals(value, RESPONSES);
}

/**
 * vLLM's server answers in the shape of a chat completion. With `n` above 1 it counts the prompt once and the tokens of
 * all choices, as it should be; its Prometheus counter counts the prompt n times and is not taken. @throws METERING_USAGE_MALFORMED
 */
export function readVllm(value: unknown): TokenBuckets {
  return readTotals(value, CHAT);
}

function readTotals(value: unknown, names: Names): TokenBuckets {
  const usage = usageIn(value);
  const input = tokensIn(usage, names.input);
  const output = tokensIn(usage, names.output);
  // Required: it is what shows that no kind of token stands beside the two.
  requireTotal('total_tokens', tokensIn(usage, 'total_tokens'), input + output);
  const inputDetails = detailsIn(usage, `${names.input}_details`);
  const outputDetails = detailsIn(usage, `${names.output}_details`);
  requireSubsets(inputDetails, input);
  requireSubsets(outputDetails, output);
  return splitTotals({
    input,
    cached: optionalTokensIn(inputDetails, 'cached_tokens'),
    cacheWrite: optionalTokensIn(inputDetails, 'cache_write_tokens'),
    output,
    reasoning: optionalTokensIn(outputDetails, 'reasoning_tokens'),
  });
}
