import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenBuckets } from '../../../src/core/metering/buckets.ts';
import {
  normaliseUsage,
  USAGE_SOURCES,
  type UsageSource,
} from '../../../src/core/metering/normalise.ts';
import { AttestryError } from '../../../src/errors.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { readJson, sharedVectors } from '../../helpers/vectors.ts';

type Fields = Readonly<Record<string, unknown>>;

const buckets = (
  uncached: number,
  cached: number,
  write: number,
  visible: number,
  reasoning: number,
): TokenBuckets => ({
  inputUncachedTokens: BigInt(uncached),
  inputCachedTokens: BigInt(cached),
  inputCacheWriteTokens: BigInt(write),
  outputVisibleTokens: BigInt(visible),
  outputReasoningTokens: BigInt(reasoning),
});

const FULL = buckets(500, 400, 100, 380, 120);

const chat = (changes: Fields = {}, input: Fields = {}, output: Fields = {}): Fields => ({
  prompt_tokens: 1000,
  completion_tokens: 500,
  total_tokens: 1500,
  prompt_tokens_details: { cached_tokens: 400, cache_write_tokens: 100, audio_tokens: 0, ...input },
  completion_tokens_details: { reasoning_tokens: 120, audio_tokens: 7, ...output },
  ...changes,
});

const response = (changes: Fields = {}): Fields => ({
  input_tokens: 1000,
  input_tokens_details: { cached_tokens: 400, cache_write_tokens: 100 },
  output_tokens: 500,
  output_tokens_details: { reasoning_tokens: 120 },
  total_tokens: 1500,
  ...changes,
});

const message = (changes: Fields = {}): Fields => ({
  input_tokens: 500,
  cache_read_input_tokens: 400,
  cache_creation_input_tokens: 100,
  cache_creation: { ephemeral_5m_input_tokens: 60, ephemeral_1h_input_tokens: 40 },
  output_tokens: 500,
  output_tokens_details: { thinking_tokens: 120 },
  server_tool_use: { web_search_requests: 2 },
  service_tier: 'standard',
  ...changes,
});

const payload = (changes: Fields = {}, usage: Fields = {}): Fields => ({
  id: 'chatcmpl-1',
  status: 'success',
  response_cost: 0.0123,
  startTime: 1793491200.5,
  prompt_tokens: 1000,
  completion_tokens: 500,
  total_tokens: 1500,
  cache_hit: false,
  metadata: {
    usage_object: {
      prompt_tokens: 1000,
      completion_tokens: 500,
      cache_read_input_tokens: 400,
      cache_creation_input_tokens: 100,
      prompt_tokens_details: { cached_tokens: 400, text_tokens: null },
      completion_tokens_details: { reasoning_tokens: 120 },
      ...usage,
    },
  },
  ...changes,
});

const span = (changes: Fields = {}): Fields => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 500,
  'gen_ai.usage.cache_read.input_tokens': 400,
  'gen_ai.usage.cache_write.input_tokens': 100,
  'gen_ai.usage.reasoning.output_tokens': 120,
  'gen_ai.usage.cost': 0.01,
  ...changes,
});

const counter = (name: string, value: unknown, modality = 'text'): Fields => ({
  name: `gen_ai.client.inference.usage.${name}`,
  attributes: { 'gen_ai.provider.name': 'self', 'gen_ai.token.modality': modality },
  value,
});

const counters = (...more: readonly Fields[]): Fields => ({
  counters: [
    counter('input_tokens', 900),
    counter('input_tokens', 100, 'image'),
    counter('output_tokens', 500),
    counter('cache_read.input_tokens', 400),
    counter('cache_write.input_tokens', 100),
    counter('reasoning.output_tokens', 120),
    ...more,
  ],
});

const point = (type: string, sum: unknown, count = 1): Fields => ({
  attributes: { 'gen_ai.token.type': type },
  sum,
  count,
});

const histogram = (...points: readonly Fields[]): Fields => ({
  metric: 'gen_ai.client.token.usage',
  points,
});

describe('normaliseUsage', () => {
  it.each<[string, UsageSource, unknown, TokenBuckets]>([
    ['subsets of a chat completion', 'openai-chat', { id: 'x', usage: chat() }, FULL],
    ['a usage object alone', 'openai-chat', chat(), FULL],
    [
      'a chat completion without breakdowns',
      'openai-chat',
      { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
      buckets(7, 0, 0, 3, 0),
    ],
    ['subsets of a response', 'openai-responses', { usage: response() }, FULL],
    ['the parts of a message', 'anthropic', { usage: message() }, FULL],
    [
      'a message of an old version',
      'anthropic',
      { input_tokens: 5, output_tokens: 2, cache_read_input_tokens: null, cache_creation: null },
      buckets(5, 0, 0, 2, 0),
    ],
    ['a LiteLLM payload with its usage object', 'litellm', payload(), FULL],
    ['a LiteLLM payload alone', 'litellm', payload({ metadata: {} }), buckets(1000, 0, 0, 500, 0)],
    [
      'an answer of vLLM with n = 4, whose prompt counts once',
      'vllm',
      {
        choices: [{}, {}, {}, {}],
        usage: {
          prompt_tokens: 20,
          completion_tokens: 400,
          total_tokens: 420,
          prompt_tokens_details: null,
        },
      },
      buckets(20, 0, 0, 400, 0),
    ],
    ['attributes of a span', 'otel', span(), FULL],
    ['a span', 'otel', { name: 'chat model', attributes: span() }, FULL],
    [
      'the oldest names of attributes',
      'otel',
      { 'gen_ai.usage.prompt_tokens': 10, 'gen_ai.usage.completion_tokens': 5 },
      buckets(10, 0, 0, 5, 0),
    ],
    [
      'older names beside current ones, where they agree',
      'otel',
      span({
        'gen_ai.usage.prompt_tokens': 1000,
        'gen_ai.usage.cache_creation.input_tokens': 100,
        'gen_ai.usage.total_tokens': 1500,
      }),
      FULL,
    ],
    ['counters, over all modalities', 'otel', counters(), FULL],
    [
      'the old histogram',
      'otel',
      histogram(point('input', 1000), point('output', 500)),
      buckets(1000, 0, 0, 500, 0),
    ],
    [
      'counts beyond 2^53 as bigint',
      'openai-chat',
      chat({
        prompt_tokens: 2n ** 60n,
        total_tokens: 2n ** 60n + 500n,
      }),
      { ...FULL, inputUncachedTokens: 2n ** 60n - 500n },
    ],
  ])('reads %s', (_, source, value, expected) => {
    expect(normaliseUsage(source, value)).toEqual(expected);
  });

  const numbers: [string, unknown][] = [
    ['a negative number', -1],
    ['minus zero', -0],
    ['a fraction', 0.5],
    ['a number that was rounded', 2 ** 53],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['text', '12'],
    ['true', true],
    ['a list', [1]],
    ['a negative bigint', -1n],
    ['a bigint beyond 2^64', 2n ** 64n],
  ];
  const fields: [string, UsageSource, (value: unknown) => unknown][] = [
    ['prompt_tokens', 'openai-chat', (prompt_tokens) => chat({ prompt_tokens })],
    ['cached_tokens', 'openai-chat', (cached_tokens) => chat({}, { cached_tokens })],
    ['output_tokens', 'openai-responses', (output_tokens) => response({ output_tokens })],
    [
      'cache_read_input_tokens',
      'anthropic',
      (cache_read_input_tokens) => message({ cache_read_input_tokens }),
    ],
    ['total_tokens', 'litellm', (total_tokens) => payload({ total_tokens })],
    ['completion_tokens', 'vllm', (completion_tokens) => chat({ completion_tokens })],
    ['an attribute', 'otel', (value) => span({ 'gen_ai.usage.output_tokens': value })],
    ['a counter', 'otel', (value) => counters(counter('input_tokens', value, 'audio'))],
    ['a point', 'otel', (value) => histogram(point('input', value), point('output', 1))],
  ];
  it.each(
    fields.flatMap(([name, source, make]) =>
      numbers.map(([what, value]) => [what, name, source, make(value)] as const),
    ),
  )('refuses %s as %s of %s', (_, __, source, value) => {
    expect(codeOf(() => normaliseUsage(source, value))).toBe('METERING_USAGE_MALFORMED');
  });

  it.each<[string, UsageSource, unknown]>([
    ['more cached tokens than input', 'openai-chat', chat({}, { cached_tokens: 1001 })],
    ['cached and written tokens above the input', 'openai-chat', chat({}, { cached_tokens: 901 })],
    ['more reasoning than output', 'openai-chat', chat({}, {}, { reasoning_tokens: 501 })],
    ['a subset that is not known above its total', 'openai-chat', chat({}, { new_tokens: 1001 })],
    ['a total that is not the sum', 'openai-chat', chat({ total_tokens: 1600 })],
    ['no total', 'openai-chat', chat({ total_tokens: undefined })],
    ['an Anthropic message as a response', 'openai-responses', message()],
    ['an OpenAI response as a message', 'anthropic', response()],
    ['a chat completion as a message', 'anthropic', chat()],
    ['a count of a message that is not known', 'anthropic', message({ image_tokens: 0 })],
    [
      'a breakdown of cache writes that does not add up',
      'anthropic',
      message({ cache_creation: { ephemeral_5m_input_tokens: 60 } }),
    ],
    [
      'a breakdown of cache writes without its sum',
      'anthropic',
      message({ cache_creation_input_tokens: undefined }),
    ],
    ['more thinking than output', 'anthropic', message({ output_tokens: 119 })],
    ['an answer from the cache of the gateway', 'litellm', payload({ cache_hit: true })],
    ['a payload whose usage object differs', 'litellm', payload({}, { prompt_tokens: 999 })],
    [
      'a payload that counts cached tokens in two ways',
      'litellm',
      payload({}, { cache_read_input_tokens: 399 }),
    ],
    ['counters of the vLLM server', 'vllm', { 'vllm:prompt_tokens_total': 80 }],
    ['names that disagree', 'otel', span({ 'gen_ai.usage.prompt_tokens': 999 })],
    ['an attribute that is not known', 'otel', span({ 'gen_ai.usage.audio_tokens': 1 })],
    ['attributes without output', 'otel', { 'gen_ai.usage.input_tokens': 1 }],
    ['a counter twice', 'otel', counters(counter('output_tokens', 1))],
    ['counters that are no list', 'otel', { counters: {} }],
    ['a histogram of two requests', 'otel', histogram(point('input', 9, 2), point('output', 9))],
    ['a histogram without output', 'otel', histogram(point('input', 9))],
    [
      'a histogram with output twice',
      'otel',
      histogram(point('input', 9), point('output', 9), point('output', 9)),
    ],
    ['another histogram', 'otel', { metric: 'gen_ai.client.operation.duration', points: [] }],
    ...USAGE_SOURCES.flatMap((source): [string, UsageSource, unknown][] => [
      [`nothing from ${source}`, source, undefined],
      [`null from ${source}`, source, null],
      [`a list from ${source}`, source, []],
      [`an empty object from ${source}`, source, {}],
      [`usage null from ${source}`, source, { usage: null }],
    ]),
  ])('refuses %s', (_, source, value) => {
    expect(codeOf(() => normaliseUsage(source, value))).toBe('METERING_USAGE_MALFORMED');
  });

  it('refuses a source that is not known', () => {
    for (const source of ['openai', 'toString', '__proto__']) {
      expect(() => normaliseUsage(source as UsageSource, chat())).toThrow(RangeError);
    }
  });

  it('neither loses nor doubles a token, or refuses', () => {
    const count = fc.nat(2000);
    fc.assert(
      fc.property(count, count, count, count, count, (input, cached, write, output, thought) => {
        const usage = chat(
          { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
          { cached_tokens: cached, cache_write_tokens: write },
          { reasoning_tokens: thought, audio_tokens: 0 },
        );
        const fits = cached + write <= input && thought <= output;
        const read = codeOf(() => normaliseUsage('openai-chat', usage));
        expect(read).toBe(fits ? 'none' : 'METERING_USAGE_MALFORMED');
        if (!fits) return;
        const sums = Object.values(normaliseUsage('openai-chat', usage));
        expect(sums.reduce((a, b) => a + b)).toBe(BigInt(input + output));
        expect(sums.every((value) => value >= 0n)).toBe(true);
      }),
    );
  });

  it('throws nothing but its own error, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...USAGE_SOURCES), fc.anything(), (source, value) => {
        try {
          normaliseUsage(source, value);
        } catch (error) {
          expect(error).toBeInstanceOf(AttestryError);
        }
      }),
    );
  });
});

const samples = sharedVectors('../samples/usage-examples');

describe.skipIf(samples === undefined)('normaliseUsage on public samples', () => {
  const files: [string, UsageSource][] = [
    ['openai-chat-completions', 'openai-chat'],
    ['openai-responses', 'openai-responses'],
    ['anthropic-messages', 'anthropic'],
    ['otel-genai-new', 'otel'],
    ['otel-genai-old', 'otel'],
    ['litellm-standard-logging-payload', 'litellm'],
  ];
  // Samples without expected buckets tell input and output alone.
  const TOTALS = { input_uncached_tokens: 1000, output_visible_tokens: 500 };

  it.each(files)('gives the expected buckets of %s', (name, source) => {
    const sample = readJson<{ _expected?: Record<string, number> }>(`${samples}/${name}.json`);
    const expected: Readonly<Record<string, number>> = sample._expected ?? TOTALS;
    const visible = expected['output_visible_tokens'] ?? expected['output_tokens'] ?? 0;
    expect(normaliseUsage(source, sample)).toEqual(
      buckets(
        expected['input_uncached_tokens'] ?? 0,
        expected['input_cached_tokens'] ?? 0,
        expected['input_cache_write_tokens'] ?? 0,
        visible,
        expected['output_reasoning_tokens'] ?? 0,
      ),
    );
  });
});
