/** Usage as providers and gateways report it, in disjoint buckets. What is a subset for one is additive for another. */
import { readAnthropic } from './anthropic-usage.ts';
import { checkBuckets, type TokenBuckets } from './buckets.ts';
import { readLiteLlm } from './litellm-usage.ts';
import { readOpenAiChat, readOpenAiResponse, readVllm } from './openai-usage.ts';
import { readOtel } from './otel-usage.ts';

const READERS = {
  'openai-chat': readOpenAiChat,
  'openai-responses': readOpenAiResponse,
  anthropic: readAnthropic,
  litellm: readLiteLlm,
  vllm: readVllm,
  otel: readOtel,
} as const satisfies Readonly<Record<string, (value: unknown) => TokenBuckets>>;

export type UsageSource = keyof typeof READERS;

export const USAGE_SOURCES: readonly UsageSource[] = Object.keys(READERS) as UsageSource[];

/**
 * The buckets of one request. The source is named, never guessed: `input_tokens` includes cached tokens for one provider
 * and leaves them out for another. @throws METERING_USAGE_MALFORMED
 */
export function normaliseUsage(source: UsageSource, value: unknown): TokenBuckets {
  const read = Object.hasOwn(READERS, source) ? READERS[source] : undefined;
  if (read !== undefined) return checkBuckets(read(value));
  throw new RangeError(`Expected one of ${USAGE_SOURCES.join(', ')}, got ${source}.`);
}
