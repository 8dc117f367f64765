/** Sums of verified usage statements, per region and operator, as exact integers. */
import { parseQuantity } from '../bytes/decimal.ts';
import type { VerifiedReceipt } from '../receipt/verify.ts';
import { USAGE_METRICS, type UsageMetric } from '../statement/usage.ts';

export interface UsageTotals {
  readonly region: string;
  readonly operator: string;
  readonly windows: number;
  readonly from: string;
  readonly to: string;
  /** Decimal strings. */
  readonly totals: Readonly<Record<UsageMetric, string>>;
}

/** One row per region and operator, in order of both. */
export function usageTotals(statements: readonly VerifiedReceipt[]): readonly UsageTotals[] {
  const groups = new Map<string, VerifiedReceipt[]>();
  for (const verified of statements) {
    if (verified.statement.kind !== 'usage') continue;
    const { region, operator } = verified.statement.predicate.context;
    const key = JSON.stringify([region, operator]);
    const group = groups.get(key) ?? [];
    group.push(verified);
    groups.set(key, group);
  }
  return [...groups.keys()].sort().map((key) => sumOf(groups.get(key) ?? []));
}

function sumOf(group: readonly VerifiedReceipt[]): UsageTotals {
  const predicates = group.flatMap(({ statement }) =>
    statement.kind === 'usage' ? [statement.predicate] : [],
  );
  const first = predicates[0] as (typeof predicates)[number];
  const total = (metric: UsageMetric): string =>
    predicates
      .reduce((sum, { quantities }) => sum + parseQuantity(quantities[metric] ?? '0'), 0n)
      .toString();
  const starts = predicates.map(({ window }) => window.start).sort();
  const ends = predicates.map(({ window }) => window.end).sort();
  return {
    region: first.context.region,
    operator: first.context.operator,
    windows: predicates.length,
    from: starts[0] as string,
    to: ends.at(-1) as string,
    totals: Object.fromEntries(USAGE_METRICS.map((metric) => [metric, total(metric)])) as Record<
      UsageMetric,
      string
    >,
  };
}
