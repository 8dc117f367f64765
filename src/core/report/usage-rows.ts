/** Proven usage, grouped: by region or operator of the log, or by the stretch of time. */
import { USAGE_METRICS, type UsageMetric } from '../statement/usage.ts';
import type { ReportedProof, ReportedStretch } from './proven-log.ts';

export type UsageGrouping = 'region' | 'operator' | 'day' | 'hour';

export interface UsageRow {
  /** The region, the operator, or the start of the stretch. */
  readonly key: string;
  /** Usage statements. */
  readonly windows: number;
  /** Decimal strings. */
  readonly totals: Readonly<Record<UsageMetric, string>>;
}

/** One row for each key, ascending. Stretches without usage have none. */
export function usageRows(
  proven: readonly ReportedProof[],
  by: UsageGrouping,
): readonly UsageRow[] {
  const groups = new Map<string, ReportedStretch[]>();
  for (const log of proven) {
    for (const stretch of log.stretches) {
      if (stretch.windows === 0) continue;
      const key = by === 'region' || by === 'operator' ? log[by] : stretch.from;
      groups.set(key, [...(groups.get(key) ?? []), stretch]);
    }
  }
  return [...groups.keys()].sort().map((key) => sumOf(key, groups.get(key) ?? []));
}

function sumOf(key: string, stretches: readonly ReportedStretch[]): UsageRow {
  const total = (metric: UsageMetric): string =>
    stretches.reduce((sum, { totals }) => sum + BigInt(totals[metric]), 0n).toString();
  return {
    key,
    windows: stretches.reduce((sum, { windows }) => sum + windows, 0),
    totals: Object.fromEntries(
      USAGE_METRICS.map((metric) => [metric, total(metric)]),
    ) as UsageRow['totals'],
  };
}
