/** What a server sends back for a request it has served: the answer, and its usage in the shape of this or that provider. */
import type { UsageSource } from '../../../src/core/metering/normalise.ts';
import type { RequestUsage } from './requests.ts';

/** The shapes that the demo's servers speak. */
export type ResponseShape = Extract<UsageSource, 'openai-chat' | 'anthropic' | 'vllm' | 'otel'>;

/** For people. */
export const SHAPE_NAME: Readonly<Record<ResponseShape, string>> = {
  'openai-chat': 'OpenAI chat completions',
  anthropic: 'Anthropic messages',
  vllm: 'vLLM answers',
  otel: 'OpenTelemetry spans',
};

/** The response, or the span that is recorded about it. Cached tokens are a part of the input for all but Anthropic. */
export function formatResponse(shape: ResponseShape, served: RequestUsage): object {
  if (shape === 'anthropic') return anthropicMessage(served);
  if (shape === 'otel') return otelSpan(served);
  return chatCompletion(served);
}

function chatCompletion(served: RequestUsage): object {
  const { requestId, startedAt, inputTokens, cachedTokens, outputTokens, language } = served;
  return {
    id: requestId,
    object: 'chat.completion',
    created: startedAt,
    choices: [
      { index: 0, message: { role: 'assistant', content: language }, finish_reason: 'stop' },
    ],
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      prompt_tokens_details: { cached_tokens: cachedTokens },
    },
  };
}

function anthropicMessage(served: RequestUsage): object {
  const { requestId, inputTokens, cachedTokens, outputTokens, language } = served;
  return {
    id: requestId,
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text: language }],
    stop_reason: 'end_turn',
    usage: {
      input_tokens: inputTokens - cachedTokens,
      cache_read_input_tokens: cachedTokens,
      cache_creation_input_tokens: 0,
      output_tokens: outputTokens,
    },
  };
}

function otelSpan({ requestId, inputTokens, cachedTokens, outputTokens }: RequestUsage): object {
  return {
    name: 'chat lid.176.ftz',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.response.id': requestId,
      'gen_ai.usage.input_tokens': inputTokens,
      'gen_ai.usage.output_tokens': outputTokens,
      'gen_ai.usage.cache_read.input_tokens': cachedTokens,
    },
  };
}
