/** Proven usage as CSV with the column names of FOCUS (FinOps Open Cost and Usage Specification 1.2), `x_` for our own. */

import { TALLY_METRICS, type TallyMetric } from '../tally/sums.ts';
import type { Report } from './report.ts';

const COLUMNS = [
  'ChargePeriodStart',
  'ChargePeriodEnd',
  'ProviderName',
  'RegionId',
  'ResourceId',
  'SkuMeter',
  'ConsumedQuantity',
  'ConsumedUnit',
  'x_LogOrigin',
  'x_Outcome',
] as const;

const UNIT: Readonly<Record<TallyMetric, string>> = {
  requests: 'Requests',
  inputUncachedTokens: 'Tokens',
  inputCachedTokens: 'Tokens',
  inputCacheWriteTokens: 'Tokens',
  outputVisibleTokens: 'Tokens',
  outputReasoningTokens: 'Tokens',
  energyWattHours: 'Wh',
};

/** One line for each log, stretch of time and bucket that is not zero. The buckets are disjoint: they may be added up. */
export function formatFocusCsv(report: Report): string {
  const lines = report.proven.flatMap(({ origin, region, operator, stretches }) =>
    stretches.flatMap(({ from, to, totals }) =>
      TALLY_METRICS.filter((metric) => totals[metric] !== '0').map((metric) => [
        from,
        to,
        operator,
        region,
        report.model ?? '',
        metric,
        totals[metric],
        UNIT[metric],
        origin,
        report.outcome,
      ]),
    ),
  );
  return [COLUMNS, ...lines].map((line) => line.map(formatCell).join(',')).join('\n');
}

/** RFC 4180; text that a spreadsheet would run as a formula is defused. */
function formatCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
