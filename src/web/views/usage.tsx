/** Usage: charts and tables of numbers that this browser has recomputed from tally proofs. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { UsageMetric } from '../../core/statement/usage.ts';
import type { UsageRange } from '../../core/tally/questions.ts';
import { formatDay, formatMinute, formatQuantity } from '../format.ts';
import { Choice } from '../parts/choice.tsx';
import { ModelPicker } from '../parts/model-picker.tsx';
import { Offline } from '../parts/model-table.tsx';
import { OwnRange } from '../parts/own-range.tsx';
import { ProvenFiles } from '../parts/proven-files.tsx';
import { Scroller } from '../parts/scroller.tsx';
import { UsageChart } from '../parts/usage-chart.tsx';
import { UsageTable } from '../parts/usage-summary.tsx';
import { loadModels, models, modelsState } from '../state/models.ts';
import { usable } from '../state/trust.ts';
import { askUsage, failures, proven, usageState } from '../state/usage.ts';
import { type Grouping, lastHours, seriesOf, timesOf } from '../usage-series.ts';
import { WORDS } from '../words/words.ts';

const HOURS: Readonly<Record<string, number>> = { '24h': 24, '7d': 168, '30d': 720, '90d': 2160 };
const OWN = 'own';
/** In the order of the choice. */
const METRICS = Object.keys(WORDS.usage.metrics) as UsageMetric[];
const MOST_MODELS = 12;
/** As many fit side by side on a telephone. */
const MOST_COLUMNS = 3;

export function UsageView({ model }: { readonly model: string }) {
  const { usage: words } = WORDS;
  const span = useSignal('90d');
  const own = useSignal<UsageRange | undefined>(undefined);
  const chosen = useSignal<readonly string[]>(model === '' ? [] : [model]);
  useEffect(() => void loadModels(), []);
  const listed = models.value;
  useEffect(() => {
    const used = listed.filter(({ kinds }) => kinds['usage'] !== undefined);
    if (chosen.value.length === 0)
      chosen.value = used.slice(0, MOST_MODELS).map((one) => one.model);
  }, [listed]);
  const root = usable.value;
  const range = span.value === OWN ? own.value : lastHours(HOURS[span.value] ?? 24, Date.now());
  const question = JSON.stringify([chosen.value, range, root?.view.digest, listed.length]);
  useEffect(() => {
    if (range === undefined || root === undefined) return;
    const names = new Map(listed.map((one) => [one.model, one.names[0] ?? '']));
    const asked = chosen.value.map((one) => ({
      model: one,
      name: names.get(one) || one.slice(0, 12),
    }));
    void askUsage(asked, range);
  }, [question]);
  if (modelsState.value === 'offline') return <Offline />;
  return (
    <>
      <section class="lead">
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
      </section>
      <ModelPicker chosen={chosen} />
      <Choice label={words.range} options={words.ranges} value={span} />
      {span.value === OWN ? <OwnRange range={own} /> : null}
      {range === undefined ? null : <Numbers range={range} />}
    </>
  );
}

function Numbers({ range }: { readonly range: UsageRange }) {
  const { usage: words } = WORDS;
  const by = useSignal<Grouping>('region');
  const metric = useSignal<UsageMetric>('requests');
  const series = useMemo(() => seriesOf(proven.value, by.value), [proven.value, by.value]);
  const times = useMemo(() => timesOf(proven.value), [proven.value]);
  if (usageState.value !== 'answered') return <p role="status">{WORDS.loading}</p>;
  const nodes = new Set(
    proven.value.flatMap(({ judgement }) => judgement.report.proven.map(({ origin }) => origin)),
  );
  const label = words.chart(
    words.metrics[metric.value] ?? '',
    range.by === 'hour' ? words.perHour : words.perDay,
  );
  return (
    <>
      <Choice label={words.by} options={words.grouping} value={by} />
      <Choice label={words.metric} options={words.metrics} value={metric} />
      <NotDrawn />
      {nodes.size === 0 ? null : <p class="badge good">✓ {words.verified(nodes.size)}</p>}
      {series.length === 0 ? (
        <Nothing isProven={nodes.size > 0 && failures.value.length === 0} />
      ) : (
        <>
          <UsageChart series={series} times={times} metric={metric.value} label={label} />
          <h2>{words.totals}</h2>
          <UsageTable
            head={words.grouping[by.value] ?? ''}
            rows={series}
            metrics={METRICS}
            summed
          />
          <h2>{words.overTime}</h2>
          <OverTime
            series={series}
            times={times}
            metric={metric.value}
            isDaily={range.by === 'day'}
          />
        </>
      )}
      <ProvenFiles />
    </>
  );
}

function Nothing({ isProven }: { readonly isProven: boolean }) {
  if (proven.value.length === 0 && failures.value.length === 0) return <p>{WORDS.usage.none}</p>;
  return isProven ? <p>{WORDS.usage.nothing}</p> : null;
}

function NotDrawn() {
  if (failures.value.length === 0) return null;
  return (
    <section class="note bad" role="alert" data-not-drawn={failures.value.length}>
      <h2>{WORDS.usage.notDrawn}</h2>
      <ul>
        {failures.value.map(({ name, reason }) => (
          <li key={name}>
            <strong>{name}</strong> {reason}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface OverTimeProps {
  readonly series: ReturnType<typeof seriesOf>;
  readonly times: readonly string[];
  readonly metric: UsageMetric;
  /** One row for each day, not for each hour. */
  readonly isDaily: boolean;
}

/** One row for each stretch of time with usage: the chart, to read. */
function OverTime({ series, times, metric, isDaily }: OverTimeProps) {
  const used = times.filter((time) => series.some(({ byTime }) => byTime.has(time)));
  return (
    <Scroller
      class={series.length > MOST_COLUMNS ? 'table tall stacks' : 'table tall'}
      label={WORDS.usage.overTime}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">{isDaily ? WORDS.usage.day : WORDS.usage.time}</th>
            {series.map(({ key }) => (
              <th key={key} scope="col" class="number">
                {key}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {used.map((time) => (
            <tr key={time}>
              <th scope="row">{isDaily ? formatDay(time) : formatMinute(time)}</th>
              {series.map(({ key, byTime }) => (
                <td key={key} class="number" data-column={key}>
                  {formatQuantity(byTime.get(time)?.[metric] ?? '0')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
