/** Totals of a model's usage, of each log whose tally proves them. */
import type { UsageMetric } from '../../core/statement/usage.ts';
import { formatQuantity } from '../format.ts';
import { hrefOf } from '../state/route.ts';
import { WORDS } from '../words/words.ts';
import type { Judgement } from '../worker/protocol.ts';
import { Scroller } from './scroller.tsx';

/** The columns that people ask for; the other buckets stand in the usage view. */
const METRICS: readonly UsageMetric[] = [
  'requests',
  'inputTokens',
  'inputCachedTokens',
  'outputTokens',
  'outputReasoningTokens',
  'energyWattHours',
];

export function UsageSummary({ report }: Pick<Judgement, 'report'>) {
  const used = report.usage.filter(({ windows }) => windows > 0);
  if (used.length === 0) return null;
  return (
    <section>
      <h2>{WORDS.answer.usage}</h2>
      <p class="dim">{WORDS.answer.usageLead}</p>
      <UsageTable
        head={WORDS.usage.grouping['region'] ?? ''}
        rows={used.map(({ region, operator, ...row }) => ({
          key: `${region} · ${operator}`,
          ...row,
        }))}
      />
      {report.model === null ? null : (
        <p>
          <a href={hrefOf('usage', report.model)}>{WORDS.answer.usageOpen}</a>
        </p>
      )}
    </section>
  );
}

interface UsageTableProps {
  readonly head: string;
  readonly rows: readonly {
    readonly key: string;
    readonly windows: number;
    readonly totals: Readonly<Record<string, string>>;
  }[];
  readonly metrics?: readonly UsageMetric[];
  /** Adds a last row with the sums. */
  readonly summed?: boolean;
}

export function UsageTable({ head, rows, metrics = METRICS, summed = false }: UsageTableProps) {
  const shown = metrics.filter(
    (metric) => metric !== 'energyWattHours' || rows.some(({ totals }) => totals[metric] !== '0'),
  );
  const sum = (metric: string): string =>
    rows.reduce((total, { totals }) => total + BigInt(totals[metric] ?? '0'), 0n).toString();
  return (
    <Scroller class="table stacks" label={head}>
      <table>
        <thead>
          <tr>
            <th scope="col">{head}</th>
            {shown.map((metric) => (
              <th key={metric} scope="col" class="number">
                {WORDS.usage.metrics[metric]}
              </th>
            ))}
            <th scope="col" class="number">
              {WORDS.usage.windows}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, windows, totals }) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              {shown.map((metric) => (
                <td key={metric} class="number" data-column={WORDS.usage.metrics[metric]}>
                  {formatQuantity(totals[metric] ?? '0')}
                </td>
              ))}
              <td class="number" data-column={WORDS.usage.windows}>
                {windows.toLocaleString('en')}
              </td>
            </tr>
          ))}
        </tbody>
        {summed && rows.length > 1 ? (
          <tfoot>
            <tr>
              <th scope="row">{WORDS.usage.total}</th>
              {shown.map((metric) => (
                <td key={metric} class="number" data-column={WORDS.usage.metrics[metric]}>
                  {formatQuantity(sum(metric))}
                </td>
              ))}
              <td class="number" data-column={WORDS.usage.windows}>
                {rows.reduce((total, { windows }) => total + windows, 0).toLocaleString('en')}
              </td>
            </tr>
          </tfoot>
        ) : null}
      </table>
    </Scroller>
  );
}
