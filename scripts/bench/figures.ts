/** What the bench says: each figure beside the machine's own limit, measured in the same run, and what is to be reached. */
import Table from 'cli-table3';

export interface Figure {
  readonly work: string;
  readonly figure: number;
  readonly unit: string;
  /** The machine's own figure in the same unit, where there is one. */
  readonly limit: number | null;
  /** figure / limit: the median over the runs of each run's own. */
  readonly ratio: number | null;
  /** What is to be reached, in words; empty for a baseline. */
  readonly reach: string;
  /** Whether it is; null for a baseline. */
  readonly ok: boolean | null;
}

/** One value of each run, in the order of the runs. */
export type Runs = readonly number[];

/** A baseline: nothing is to be reached. */
export function baseline(work: string, unit: string, runs: Runs): Figure {
  const figure = median(runs);
  return { work, figure, unit, limit: null, ratio: null, reach: '', ok: null };
}

export interface RateOptions {
  readonly unit: string;
  readonly limits: Runs;
  /** The least share of the limit. */
  readonly atLeast: number;
}

/** A rate beside its limit, run by run. */
export function rate(work: string, runs: Runs, options: RateOptions): Figure {
  const { unit, limits, atLeast } = options;
  const ratio = median(runs.map((figure, i) => figure / (limits[i] as number)));
  const reach = `≥ ${percent(atLeast)} of the limit`;
  return {
    work,
    figure: median(runs),
    unit,
    limit: median(limits),
    ratio,
    reach,
    ok: ratio >= atLeast,
  };
}

/** A time, size or factor that must not be greater. */
export function most(
  work: string,
  figure: number,
  [unit, atMost]: [unit: string, atMost: number],
): Figure {
  const reach = `≤ ${atMost} ${unit}`.trim();
  return { work, figure, unit, limit: null, ratio: null, reach, ok: figure <= atMost };
}

/** A rate or a number that must not be smaller. */
export function least(
  work: string,
  figure: number,
  [unit, atLeast]: [unit: string, atLeast: number],
): Figure {
  const reach = `≥ ${short(atLeast)} ${unit}`.trim();
  return { work, figure, unit, limit: null, ratio: null, reach, ok: figure >= atLeast };
}

export function median(values: Runs): number {
  return percentile(values, 0.5);
}

/** The value below which a share of all values lies. */
export function percentile(values: Runs, share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function formatFigures(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['work', 'figure', 'unit', 'limit', 'ratio', 'reach', ''],
    style: { head: [], border: [] },
  });
  for (const { work, figure, unit, limit, ratio, reach, ok } of figures) {
    const verdict = ok === null ? '' : ok ? 'ok' : 'no';
    table.push([work, short(figure), unit, short(limit), percent(ratio), reach, verdict]);
  }
  return table.toString();
}

/** Two runs side by side, for the works that both have. */
export function formatComparison(before: readonly Figure[], after: readonly Figure[]): string {
  const table = new Table({
    head: ['work', 'before', 'now', 'unit', 'ratio before', 'ratio now'],
    style: { head: [], border: [] },
  });
  for (const { work, figure, unit, ratio } of after) {
    const old = before.find((candidate) => candidate.work === work);
    if (old === undefined) continue;
    table.push([work, short(old.figure), short(figure), unit, percent(old.ratio), percent(ratio)]);
  }
  return table.toString();
}

function short(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function percent(share: number | null): string {
  return share === null ? '' : `${(share * 100).toFixed(0)} %`;
}
