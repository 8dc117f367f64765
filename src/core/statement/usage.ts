/**
 * How much a model was used in one window. Buckets are disjoint and add up, so that no token is counted twice: cached
 * tokens are a subset of the input for some providers and additive for others; here they are neither hidden nor doubled.
 */
import { AttestryError } from '../../errors.ts';
import { parseQuantity } from '../bytes/decimal.ts';
import {
  count,
  digest,
  label,
  literal,
  nullable,
  object,
  optional,
  quantity,
  type Reader,
  time,
} from '../bytes/shape.ts';
import { parseTime } from '../bytes/time.ts';
import { type Context, context } from './context.ts';

export const USAGE_PREDICATE_TYPE = 'https://attestry.dev/usage/v1';

export interface UsagePredicate {
  readonly context: Context;
  readonly meter: Meter;
  /** From `start` up to but not including `end`, inside one UTC hour. */
  readonly window: { readonly start: string; readonly end: string };
  readonly quantities: UsageQuantities;
  readonly requestTree?: RequestTree;
}

export const REQUEST_TREE_ALGORITHM = 'attestry-sum-sha256/v1';

/** A tree over the window's requests, each inner node of which commits to its children's sums. */
export interface RequestTree {
  readonly algorithm: typeof REQUEST_TREE_ALGORITHM;
  /** Hex. */
  readonly root: string;
  /** The number of leaves: the window's requests, at least one. */
  readonly count: string;
}

export interface Meter {
  readonly id: string;
  /** How a token is counted, as the operator names it. */
  readonly method: string;
  /** 0 for the meter's first statement, then one more each time. */
  readonly sequence: number;
  /** Hex SHA-256 of the payload of the meter's statement before; null for the first. */
  readonly previous: string | null;
}

export interface UsageQuantities {
  readonly requests: string;
  readonly inputUncachedTokens: string;
  readonly inputCachedTokens: string;
  readonly inputCacheWriteTokens: string;
  /** The sum of the three above. */
  readonly inputTokens: string;
  readonly outputVisibleTokens: string;
  readonly outputReasoningTokens: string;
  /** The sum of the two above. */
  readonly outputTokens: string;
  readonly energyWattHours?: string;
}

export const USAGE_METRICS = [
  'requests',
  'inputUncachedTokens',
  'inputCachedTokens',
  'inputCacheWriteTokens',
  'inputTokens',
  'outputVisibleTokens',
  'outputReasoningTokens',
  'outputTokens',
  'energyWattHours',
] as const satisfies readonly (keyof UsageQuantities)[];

export type UsageMetric = (typeof USAGE_METRICS)[number];

export const usagePredicate: Reader<UsagePredicate> = object<UsagePredicate>({
  context,
  meter: object<Meter>({ id: label, method: label, sequence: count, previous: nullable(digest) }),
  window: object({ start: time, end: time }),
  quantities: object<UsageQuantities>({
    requests: quantity,
    inputUncachedTokens: quantity,
    inputCachedTokens: quantity,
    inputCacheWriteTokens: quantity,
    inputTokens: quantity,
    outputVisibleTokens: quantity,
    outputReasoningTokens: quantity,
    outputTokens: quantity,
    energyWattHours: optional(quantity),
  }),
  requestTree: optional(
    object<RequestTree>({
      algorithm: literal(REQUEST_TREE_ALGORITHM),
      root: digest,
      count: quantity,
    }),
  ),
});

const SECONDS_PER_HOUR = 3600;

/** The predicate, if its sums and its window hold. @throws USAGE_SUM_MISMATCH, USAGE_WINDOW_INVALID */
export function verifyUsage(predicate: UsagePredicate): UsagePredicate {
  verifySums(predicate.quantities);
  verifyTree(predicate);
  verifyWindow(predicate);
  return predicate;
}

function verifySums(quantities: UsageQuantities): void {
  const value = (metric: UsageMetric): bigint => parseQuantity(quantities[metric] ?? '0');
  const input =
    value('inputUncachedTokens') + value('inputCachedTokens') + value('inputCacheWriteTokens');
  const output = value('outputVisibleTokens') + value('outputReasoningTokens');
  if (input !== value('inputTokens') || output !== value('outputTokens')) {
    throw new AttestryError(
      'USAGE_SUM_MISMATCH',
      `Expected inputTokens ${input} and outputTokens ${output}, the sums of their buckets, got ${quantities.inputTokens} and ${quantities.outputTokens}.`,
    );
  }
}

function verifyTree({ quantities, requestTree }: UsagePredicate): void {
  if (requestTree === undefined) return;
  if (requestTree.count !== quantities.requests || quantities.requests === '0') {
    throw new AttestryError(
      'USAGE_SUM_MISMATCH',
      `Expected a request tree over the ${quantities.requests} requests of the window, and none for a window without, got one over ${requestTree.count}.`,
    );
  }
}

function verifyWindow(predicate: UsagePredicate): void {
  const start = parseTime(predicate.window.start);
  const end = parseTime(predicate.window.end);
  const nextHour = (Math.floor(start / SECONDS_PER_HOUR) + 1) * SECONDS_PER_HOUR;
  const problem =
    (end <= start && 'to end after it starts') ||
    (end > nextHour && 'to lie inside one UTC hour') ||
    (end > parseTime(predicate.context.issuedAt) && 'to end before the statement is issued');
  if (problem) {
    throw new AttestryError(
      'USAGE_WINDOW_INVALID',
      `Expected the window ${predicate.window.start} to ${predicate.window.end} ${problem}.`,
    );
  }
}
