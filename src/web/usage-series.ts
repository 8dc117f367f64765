/** Proven usage, arranged for charts and tables. Sums are exact; only the height of a bar is rounded. */
import type { ReportedStretch } from '../core/report/proven-log.ts';
import { USAGE_METRICS, type UsageMetric } from '../core/statement/usage.ts';
import type { UsageRange } from '../core/tally/questions.ts';
import type { Judgement } from './worker/protocol.ts';

export interface ProvenUsage {
  readonly model: string;
  readonly name: string;
  readonly judgement: Judgement;
}

/** What is not drawn. */
export interface Failure {
  readonly name: string;
  readonly reason: string;
}

export type Grouping = 'region' | 'operator' | 'model';

export interface Series {
  readonly key: string;
  readonly windows: number;
  readonly totals: Readonly<Record<UsageMetric, string>>;
  /** By the start of the stretch. */
  readonly byTime: ReadonlyMap<string, Readonly<Record<UsageMetric, string>>>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST_HOURS_BY_HOUR = 72;
const MOST_STRETCHES = 1000;

/** One series for each region, operator or model, in order of its name. */
export function seriesOf(usages: readonly ProvenUsage[], by: Grouping): readonly Series[] {
  const groups = new Map<string, ReportedStretch[]>();
  for (const { name, judgement } of usages) {
    for (const log of judgement.report.proven) {
      const key = by === 'model' ? name : log[by];
      const used = log.stretches.filter(({ windows }) => windows > 0);
      if (used.length > 0) groups.set(key, [...(groups.get(key) ?? []), ...used]);
    }
  }
  return [...groups.keys()].sort().map((key) => seriesFrom(key, groups.get(key) ?? []));
}

/** The starts of all stretches of the range, in order. */
export function timesOf(usages: readonly ProvenUsage[]): readonly string[] {
  const starts = usages.flatMap(({ judgement }) =>
    judgement.report.proven.flatMap(({ stretches }) => stretches.map(({ from }) => from)),
  );
  return [...new Set(starts)].sort();
}

/** Hours where the range is short, days where it is long; undefined for a range that cannot be asked for. */
export function rangeBetween(fromMs: number, toMs: number): UsageRange | undefined {
  const isWhole = fromMs % HOUR_MS === 0 && toMs % HOUR_MS === 0;
  const hours = (toMs - fromMs) / HOUR_MS;
  if (!isWhole || !(hours > 0) || hours > MOST_STRETCHES * 24 - 24) return undefined;
  const by = hours <= MOST_HOURS_BY_HOUR ? 'hour' : 'day';
  return { from: timeOf(fromMs), to: timeOf(toMs), by };
}

/** The range of at least so many hours that ends with the hour of `nowMs`; where it goes by the day, its first day is whole. */
export function lastHours(hours: number, nowMs: number): UsageRange {
  const to = (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS;
  const from = to - hours * HOUR_MS;
  // Bars are as wide as the shortest stretch: a first day of one hour would make all of them hairs.
  const start = hours <= MOST_HOURS_BY_HOUR ? from : Math.floor(from / DAY_MS) * DAY_MS;
  return rangeBetween(start, to) as UsageRange;
}

function seriesFrom(key: string, stretches: readonly ReportedStretch[]): Series {
  const byTime = new Map<string, ReportedStretch[]>();
  for (const stretch of stretches) {
    byTime.set(stretch.from, [...(byTime.get(stretch.from) ?? []), stretch]);
  }
  return {
    key,
    windows: stretches.reduce((sum, { windows }) => sum + windows, 0),
    totals: sumOf(stretches),
    byTime: new Map([...byTime].map(([from, parts]) => [from, sumOf(parts)])),
  };
}

function sumOf(stretches: readonly ReportedStretch[]): Series['totals'] {
  const total = (metric: UsageMetric): string =>
    stretches.reduce((sum, { totals }) => sum + BigInt(totals[metric]), 0n).toString();
  return Object.fromEntries(
    USAGE_METRICS.map((metric) => [metric, total(metric)]),
  ) as Series['totals'];
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000', '');
}
