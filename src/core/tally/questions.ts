/**
 * What a dossier asks a tally about one model: every statement but usage, listed or, but for withdrawals, counted; and usage,
 * listed or summed by stretches of time.
 */
import { AttestryError } from '../../errors.ts';
import { literal, object, optional, type Reader, time } from '../bytes/shape.ts';
import { formatTime, parseTime } from '../bytes/time.ts';
import type { Kind } from '../statement/statement.ts';
import { hourOf, KEY_BYTES, KIND_BYTE, rangeOfHours, rangeOfKinds } from './key.ts';
import type { Question } from './proof.ts';

/** A stretch of time whose usage is summed instead of listed. */
export interface UsageRange {
  /** Start of a UTC hour, included. */
  readonly from: string;
  /** Start of a UTC hour, not included. */
  readonly to: string;
  /** One sum for the whole, or one for each UTC day or hour of it. */
  readonly by: 'total' | 'day' | 'hour';
  /** Training, evaluation and deployment are counted instead of listed; withdrawals never are. */
  readonly others?: 'counted';
}

export const usageRange: Reader<UsageRange> = (value, path) => {
  const range = object<UsageRange>({
    from: time,
    to: time,
    by: literal('total', 'day', 'hour'),
    others: optional(literal('counted')),
  })(value, path);
  stretchesOf(range);
  return range;
};

/** What a range counts where it does not list it, in the order of the questions. */
export const COUNTED_KINDS = ['training', 'evaluation', 'deployment'] as const satisfies Kind[];

/** Hours since 1970, the first included, the last not. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The question whose answer a tally note gives in its count and sums. */
export const WHOLE_TALLY: Question = {
  first: new Uint8Array(KEY_BYTES),
  last: new Uint8Array(KEY_BYTES).fill(0xff),
  want: 'totals',
};

const LAST_KIND = 0xff;
const HOURS_PER_DAY = 24;
const SECONDS_PER_HOUR = 3600;
/** More answers than this are better asked for in parts. */
const MOST_STRETCHES = 1000;

/** The stretches that a range is summed by, in order. @throws USAGE_RANGE_INVALID */
export function stretchesOf({ from, to, by }: UsageRange): readonly Stretch[] {
  const first = wholeHour(from);
  const end = wholeHour(to);
  const step = { total: Number.POSITIVE_INFINITY, day: HOURS_PER_DAY, hour: 1 }[by];
  const stretches: Stretch[] = [];
  // Days begin at midnight UTC, wherever the range begins.
  for (let at = first; at < end && stretches.length <= MOST_STRETCHES; ) {
    const next = Math.min(end, (Math.floor(at / step) + 1) * step);
    stretches.push({ from: at, to: next });
    at = next;
  }
  if (stretches.length > 0 && stretches.length <= MOST_STRETCHES) return stretches;
  throw new AttestryError(
    'USAGE_RANGE_INVALID',
    `Expected 1 to ${MOST_STRETCHES} stretches from ${from} to ${to} by ${by}.`,
  );
}

/** RFC 3339 of an hour since 1970. */
export function formatHour(hour: number): string {
  return formatTime(hour * SECONDS_PER_HOUR);
}

/**
 * The questions, ascending. With a range: first every statement of a kind before usage, or the count of each such kind; then
 * the sum of each stretch; then every statement of a kind after usage. Without: every statement of every kind.
 */
export function questionsAbout(model: string, range: UsageRange | null): readonly Question[] {
  const list = (first: number, last: number): Question => ({
    ...rangeOfKinds(model, { first, last }),
    want: 'list',
  });
  if (range === null) return [list(0, LAST_KIND)];
  const { usage } = KIND_BYTE;
  const sums = stretchesOf(range).map(
    ({ from, to }): Question => ({
      ...rangeOfHours({ model, kind: 'usage' }, { first: from, last: to - 1 }),
      want: 'totals',
    }),
  );
  return [...before(model, range), ...sums, list(usage + 1, LAST_KIND)];
}

/** The questions about the kinds before usage. */
function before(model: string, { others }: UsageRange): readonly Question[] {
  const about = (first: number, last: number, want: Question['want']): Question => ({
    ...rangeOfKinds(model, { first, last }),
    want,
  });
  if (others === undefined) return [about(0, KIND_BYTE.usage - 1, 'list')];
  const counts = COUNTED_KINDS.map((kind) => about(KIND_BYTE[kind], KIND_BYTE[kind], 'totals'));
  // No kind has the byte before them: whatever stands there must not go unseen.
  return [about(0, 0, 'list'), ...counts];
}

function wholeHour(text: string): number {
  const seconds = parseTime(text);
  if (seconds % SECONDS_PER_HOUR === 0) return hourOf(seconds);
  throw new AttestryError('USAGE_RANGE_INVALID', `Expected the start of a UTC hour, got ${text}.`);
}
