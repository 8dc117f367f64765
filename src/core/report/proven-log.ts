/** What the tallies of a dossier prove, as a report says it. */
import type { ProvenLog, ProvenStretch } from '../dossier/verify-tally.ts';
import type { UsageMetric } from '../statement/usage.ts';
import { addSums, type Sums, TALLY_METRICS, ZERO_SUMS } from '../tally/sums.ts';
import type { UsageTotals } from './usage-totals.ts';

/** That nothing about the model is missing on one log, and who has checked the tally that says so. */
export interface ReportedProof {
  readonly origin: string;
  readonly region: string;
  readonly operator: string;
  readonly verifiers: readonly string[];
  /** Kinds of which there is no statement about the model. */
  readonly absent: readonly string[];
  readonly stretches: readonly ReportedStretch[];
  /** Statements of each kind that the file counts without showing them; absent where it lists all. */
  readonly counted?: Readonly<Record<string, number>>;
}

/** Usage of one stretch of time, as decimal strings. */
export interface ReportedStretch {
  readonly from: string;
  readonly to: string;
  readonly windows: number;
  readonly totals: Readonly<Record<UsageMetric, string>>;
}

export function reportProof({
  checkpoint,
  verifiers,
  absent,
  stretches,
  counted,
}: ProvenLog): ReportedProof {
  const { origin, region, operator } = checkpoint.log;
  const proof = { origin, region, operator, verifiers, absent };
  const counts = Object.fromEntries(counted.map(({ kind, statements }) => [kind, statements]));
  return {
    ...proof,
    stretches: stretches.map(reportStretch),
    ...(counted.length === 0 ? {} : { counted: counts }),
  };
}

/** One row for each log whose usage is summed: the region and operator are those of the log. */
export function provenTotals(proven: readonly ProvenLog[]): readonly UsageTotals[] {
  return proven.flatMap(({ checkpoint, stretches }) => {
    const [first] = stretches;
    const last = stretches.at(-1);
    if (first === undefined || last === undefined) return [];
    const { region, operator } = checkpoint.log;
    const whole = {
      from: first.from,
      to: last.to,
      windows: stretches.reduce((sum, { windows }) => sum + windows, 0),
      sums: stretches.reduce((sum: Sums, { sums }) => addSums(sum, sums), ZERO_SUMS),
    };
    return [{ region, operator, ...reportStretch(whole) }];
  });
}

function reportStretch({ from, to, windows, sums }: ProvenStretch): ReportedStretch {
  const buckets = Object.fromEntries(TALLY_METRICS.map((metric, i) => [metric, sums[i] ?? 0n]));
  const sum = (...metrics: readonly UsageMetric[]): bigint =>
    metrics.reduce((total, metric) => total + (buckets[metric] ?? 0n), 0n);
  const input = sum('inputUncachedTokens', 'inputCachedTokens', 'inputCacheWriteTokens');
  const output = sum('outputVisibleTokens', 'outputReasoningTokens');
  const totals = { ...buckets, inputTokens: input, outputTokens: output };
  const texts = Object.entries(totals).map(([metric, value]) => [metric, String(value)]);
  return { from, to, windows, totals: Object.fromEntries(texts) as ReportedStretch['totals'] };
}
