import { describe, expect, it } from 'vitest';
import type { ReportedProof, ReportedStretch } from '../../src/core/report/proven-log.ts';
import { USAGE_METRICS } from '../../src/core/statement/usage.ts';
import {
  lastHours,
  type ProvenUsage,
  rangeBetween,
  seriesOf,
  timesOf,
} from '../../src/web/usage-series.ts';

const ZEROS = Object.fromEntries(USAGE_METRICS.map((metric) => [metric, '0']));

function stretch(hour: number, requests: string): ReportedStretch {
  return {
    from: `2026-10-01T0${hour}:00:00Z`,
    to: `2026-10-01T0${hour + 1}:00:00Z`,
    windows: requests === '0' ? 0 : 1,
    totals: { ...ZEROS, requests } as ReportedStretch['totals'],
  };
}

function usage(name: string, proven: readonly Partial<ReportedProof>[]): ProvenUsage {
  const judgement = { report: { proven } } as unknown as ProvenUsage['judgement'];
  return { model: name, name, judgement };
}

const EU = { region: 'eu', operator: 'rhine', stretches: [stretch(1, '5'), stretch(2, '0')] };
const US = {
  region: 'us',
  operator: 'potomac',
  stretches: [stretch(1, '18446744073709551615'), stretch(2, '7')],
};
const USAGES = [usage('one', [EU, US]), usage('two', [EU])];

describe('seriesOf', () => {
  it.each([
    ['region', ['eu', '10'], ['us', '18446744073709551622']],
    ['operator', ['potomac', '18446744073709551622'], ['rhine', '10']],
    ['model', ['one', '18446744073709551627'], ['two', '5']],
  ] as const)('sums exactly by %s', (by, ...rows) => {
    const found = seriesOf(USAGES, by).map(({ key, totals }) => [key, totals.requests]);
    expect(found).toEqual(rows);
  });

  it('has no series where nothing was used, and no time without one', () => {
    expect(seriesOf([usage('three', [{ ...EU, stretches: [stretch(1, '0')] }])], 'model')).toEqual(
      [],
    );
    const [eu] = seriesOf(USAGES, 'region');
    expect([...(eu?.byTime.keys() ?? [])]).toEqual(['2026-10-01T01:00:00Z']);
  });
});

describe('timesOf', () => {
  it('gives every stretch once, used or not', () => {
    expect(timesOf(USAGES)).toEqual(['2026-10-01T01:00:00Z', '2026-10-01T02:00:00Z']);
  });
});

describe('ranges', () => {
  const noon = Date.parse('2026-10-01T12:00:00Z');
  const hour = 3_600_000;

  it('are by the hour where they are short, else by the day, and end with the running hour', () => {
    expect(lastHours(24, noon + 1)).toEqual({
      from: '2026-09-30T13:00:00Z',
      to: '2026-10-01T13:00:00Z',
      by: 'hour',
    });
    // By the day, the first day is whole, whatever the hour is now.
    expect(lastHours(720, noon)).toEqual({
      from: '2026-09-01T00:00:00Z',
      to: '2026-10-01T13:00:00Z',
      by: 'day',
    });
  });

  it.each([
    [noon, noon],
    [noon, noon - hour],
    [noon, noon + 1],
    [Number.NaN, noon],
    [noon - 25_000 * hour, noon],
  ])('from %d to %d cannot be asked for', (from, to) => {
    expect(rangeBetween(from, to)).toBeUndefined();
  });
});
