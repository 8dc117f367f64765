/** Requests really served by the language model, metered one by one. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { LanguageModel } from './language-model.ts';
import type { Sentence } from './sentences.ts';

/** What the meter wrote down about one request. */
export interface RequestUsage {
  readonly requestId: string;
  /** For whom it was served. */
  readonly customer: string;
  /** Unix seconds. */
  readonly startedAt: number;
  /** Words of the prompt, as `countTokens` counts them, cached ones included. */
  readonly inputTokens: number;
  /** Of the input tokens, those of a prompt that was still in the cache: all of them or none. */
  readonly cachedTokens: number;
  /** The answer is one label, which counts as one token. */
  readonly outputTokens: number;
  /** The label that the model gave. */
  readonly language: string;
}

export interface Serving {
  readonly model: LanguageModel;
  readonly sentences: readonly Sentence[];
  /** Chooses the sentences, and keeps the request ids of different servings apart. */
  readonly seed: number;
  /** When each request comes: unix seconds, never going backwards. */
  readonly times: readonly number[];
  /** They come in turn. */
  readonly customers: readonly string[];
}

/** Segmented prompts that the server keeps, least recently used out first. */
const CACHED_PROMPTS = 24;

/** Runs the model once per request and returns what each used, in the order served. */
export function serveRequests(serving: Serving): RequestUsage[] {
  const { model, sentences, seed, times, customers } = serving;
  const cache = new LRUCache<string, number>({ max: CACHED_PROMPTS });
  return times.map((startedAt, index) => {
    const prompt = chooseSentence(sentences, seed, index).text;
    const cached = cache.get(prompt);
    const inputTokens = cached ?? countTokens(prompt);
    cache.set(prompt, inputTokens);
    return {
      requestId: `request-${seed}-${index}`,
      customer: customers[index % customers.length] ?? '',
      startedAt,
      inputTokens,
      cachedTokens: cached ?? 0,
      outputTokens: 1,
      language: model.identify(prompt).language,
    };
  });
}

/**
 * The number of Unicode word segments (UAX #29; dictionary words in Thai, Chinese and Japanese) that hold a letter, a
 * number or an ideograph: spaces and punctuation do not count.
 */
export function countTokens(prompt: string): number {
  let words = 0;
  for (const segment of SEGMENTER.segment(prompt)) if (segment.isWordLike) words++;
  return words;
}

// A fixed locale: the count must not depend on the settings of the machine that meters.
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'word' });

function chooseSentence(sentences: readonly Sentence[], seed: number, index: number): Sentence {
  const digest = createHash('sha256').update(`${seed}/${index}`).digest();
  const sentence = sentences[digest.readUInt32BE() % sentences.length];
  if (sentence === undefined) throw new RangeError('Expected at least one sentence to serve.');
  return sentence;
}
