/**
 * OpenTelemetry GenAI, whose names have changed and will again: attributes of a span, or the data points of one request.
 * Input includes what a cache read or wrote; output includes reasoning.
 */
import type { TokenBuckets } from './buckets.ts';
import {
  agreedTokens,
  detailsIn,
  fieldsIn,
  malformedUsage,
  optionalTokensIn,
  readCount,
  requireTotal,
  splitTotals,
  type TokenTotals,
  tokensIn,
  type UsageFields,
} from './token-count.ts';

const SPAN = 'gen_ai.usage.';
const COUNTER = 'gen_ai.client.inference.usage.';
const HISTOGRAM = 'gen_ai.client.token.usage';

/** The current name first, then older ones and those of widely used instrumentations. */
const NAMES = {
  input: ['input_tokens', 'prompt_tokens'],
  output: ['output_tokens', 'completion_tokens'],
  cached: ['cache_read.input_tokens', 'cache_read_input_tokens', 'input_tokens.cached'],
  cacheWrite: [
    'cache_write.input_tokens',
    'cache_creation.input_tokens',
    'cache_write_input_tokens',
    'cache_creation_input_tokens',
    'input_tokens.cache_write',
  ],
  reasoning: ['reasoning.output_tokens', 'reasoning_tokens', 'output_tokens.reasoning'],
  total: ['total_tokens'],
} as const satisfies Readonly<Record<keyof TokenTotals | 'total', readonly string[]>>;

const KNOWN: ReadonlySet<string> = new Set(Object.values(NAMES).flat());

/**
 * A span or its attributes; `{counters}`, the points of the usage counters; or `{metric, points}` of the old histogram,
 * each of one request. @throws METERING_USAGE_MALFORMED
 */
export function readOtel(value: unknown): TokenBuckets {
  const fields = fieldsIn(value, 'a span, its attributes or data points');
  if (Object.hasOwn(fields, 'counters')) return readCounters(fields['counters']);
  if (Object.hasOwn(fields, 'metric')) return readHistogram(fields);
  const isSpan = Object.hasOwn(fields, 'attributes');
  return readNamed(isSpan ? detailsIn(fields, 'attributes') : fields, SPAN);
}

function readNamed(attributes: UsageFields, prefix: string): TokenBuckets {
  const names = Object.keys(attributes).filter((name) => name.startsWith(prefix));
  const unknown = names.find(
    (name) => name.includes('token') && !KNOWN.has(name.slice(prefix.length)),
  );
  if (unknown !== undefined) throw malformedUsage(`no count but those known, got ${unknown}`);
  const tokens = (what: keyof typeof NAMES): bigint | undefined =>
    agreedTokens(what, ...NAMES[what].map((name) => optionalTokensIn(attributes, prefix + name)));
  const [input, output] = [tokens('input'), tokens('output')];
  if (input === undefined || output === undefined) {
    throw malformedUsage(`${prefix}input_tokens and ${prefix}output_tokens to be there`);
  }
  requireTotal(`${prefix}total_tokens`, tokens('total'), input + output);
  return splitTotals({
    input,
    cached: tokens('cached'),
    cacheWrite: tokens('cacheWrite'),
    output,
    reasoning: tokens('reasoning'),
  });
}

/** Counters count by modality; the modalities of one request add up. */
function readCounters(counters: unknown): TokenBuckets {
  const sums = new Map<string, bigint>();
  const seen = new Set<string>();
  for (const counter of pointsIn(counters)) {
    const { name } = counter;
    const modality = detailsIn(counter, 'attributes')['gen_ai.token.modality'];
    const place = JSON.stringify([name, modality]);
    if (typeof name !== 'string' || seen.has(place)) {
      throw malformedUsage('every counter of one request once per modality');
    }
    seen.add(place);
    sums.set(name, (sums.get(name) ?? 0n) + tokensIn(counter, 'value'));
  }
  return readNamed(Object.fromEntries(sums), COUNTER);
}

function readHistogram(fields: UsageFields): TokenBuckets {
  if (fields['metric'] !== HISTOGRAM) throw malformedUsage(`the metric ${HISTOGRAM}`);
  const sums = new Map<unknown, bigint>();
  for (const point of pointsIn(fields['points'])) {
    const type = detailsIn(point, 'attributes')['gen_ai.token.type'];
    if (readCount(point['count'], 'count') !== 1n || sums.has(type)) {
      throw malformedUsage('points of one request: one of each gen_ai.token.type, with count 1');
    }
    sums.set(type, tokensIn(point, 'sum'));
  }
  const [input, output] = [sums.get('input'), sums.get('output')];
  if (input === undefined || output === undefined || sums.size !== 2) {
    throw malformedUsage('a point of gen_ai.token.type input and one of output');
  }
  return splitTotals({ input, output });
}

function pointsIn(value: unknown): readonly UsageFields[] {
  if (!Array.isArray(value)) throw malformedUsage('a list of data points');
  return value.map((point: unknown) => fieldsIn(point, 'a data point'));
}
