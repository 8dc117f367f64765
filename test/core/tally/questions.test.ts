import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { readShape } from '../../../src/core/bytes/shape.ts';
import { formatTime } from '../../../src/core/bytes/time.ts';
import {
  formatHour,
  questionsAbout,
  stretchesOf,
  type UsageRange,
  usageRange,
} from '../../../src/core/tally/questions.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { MODEL } from '../../helpers/statements.ts';

const OCTOBER = { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' };

describe('stretchesOf', () => {
  it('covers the range without gap or overlap, in the stretches asked for', () => {
    const any = fc.record({
      first: fc.nat(60_000_000),
      hours: fc.integer({ min: 1, max: 999 }),
      by: fc.constantFrom('total' as const, 'day' as const, 'hour' as const),
    });
    // The stretch that an hour belongs to.
    const nameOf = {
      total: () => 0,
      day: (hour: number) => Math.floor(hour / 24),
      hour: (hour: number) => hour,
    };
    fc.assert(
      fc.property(any, ({ first, hours, by }) => {
        const range = { from: formatHour(first), to: formatHour(first + hours), by };
        const listed = stretchesOf(range).flatMap(({ from, to }, i) =>
          Array.from({ length: to - from }, (_, hour) => [from + hour, i]),
        );
        const names = Array.from({ length: hours }, (_, i) => nameOf[by](first + i));
        const ordinal = [...new Set(names)];
        const wanted = names.map((name, i) => [first + i, ordinal.indexOf(name)]);
        expect(listed).toEqual(wanted);
      }),
    );
  });

  it('cuts days at midnight UTC, wherever the range begins', () => {
    const range = { from: '2026-10-01T22:00:00Z', to: '2026-10-03T01:00:00Z', by: 'day' } as const;
    expect(stretchesOf(range).map(({ from, to }) => [formatHour(from), formatHour(to)])).toEqual([
      ['2026-10-01T22:00:00Z', '2026-10-02T00:00:00Z'],
      ['2026-10-02T00:00:00Z', '2026-10-03T00:00:00Z'],
      ['2026-10-03T00:00:00Z', '2026-10-03T01:00:00Z'],
    ]);
    expect(stretchesOf({ ...OCTOBER, by: 'day' })).toHaveLength(31);
    expect(stretchesOf({ ...OCTOBER, by: 'hour' })).toHaveLength(744);
  });

  it('makes at most a thousand stretches', () => {
    const of = (hours: number, by: UsageRange['by'], offset = 0): UsageRange => ({
      from: formatHour(400_000 * 24 + offset),
      to: formatHour(400_000 * 24 + offset + hours),
      by,
    });
    expect(stretchesOf(of(1000, 'hour'))).toHaveLength(1000);
    expect(stretchesOf(of(24_000, 'day'))).toHaveLength(1000);
    expect(stretchesOf(of(1_000_000, 'total'))).toHaveLength(1);
    for (const range of [of(1001, 'hour'), of(24_001, 'day'), of(24_000, 'day', 1)])
      expect(codeOf(() => stretchesOf(range))).toBe('USAGE_RANGE_INVALID');
  });

  it('refuses ranges that are empty, backwards, or not of whole hours', () => {
    const { from, to } = OCTOBER;
    const wrong = [
      { from, to: from },
      { from: to, to: from },
      { from, to: formatTime(Date.parse(to) / 1000 - 1) },
      { from: '2026-10-01T00:30:00Z', to },
    ];
    for (const range of wrong)
      expect(codeOf(() => stretchesOf({ ...range, by: 'day' }))).toBe('USAGE_RANGE_INVALID');
  });
});

describe('usageRange', () => {
  it('reads a range whose stretches can be made, and nothing else', () => {
    const range = { ...OCTOBER, by: 'day' };
    expect(readShape('DOSSIER_MALFORMED', usageRange, range)).toEqual(range);
    const read = (value: Record<string, string>) =>
      codeOf(() => readShape('DOSSIER_MALFORMED', usageRange, value));
    expect(read({ ...range, by: 'week' })).toBe('DOSSIER_MALFORMED');
    expect(read({ ...OCTOBER })).toBe('DOSSIER_MALFORMED');
    expect(read({ ...range, from: 'today' })).toBe('DOSSIER_MALFORMED');
    expect(read({ ...range, to: OCTOBER.from })).toBe('USAGE_RANGE_INVALID');
  });
});

describe('questionsAbout', () => {
  const hexOf = (range: UsageRange | null) =>
    questionsAbout(MODEL, range).map(({ first, last, want }) => [
      encodeHex(first),
      encodeHex(last),
      want,
    ]);
  const whole = (byte: string) => [
    `${MODEL}${byte}${'00'.repeat(12)}`,
    `${MODEL}${byte}${'ff'.repeat(12)}`,
  ];

  it('lists everything about a model where usage is not to be summed', () => {
    expect(hexOf(null)).toEqual([[whole('00')[0], whole('ff')[1], 'list']]);
  });

  it('sums usage stretch by stretch, and lists what stands before and behind it', () => {
    const range = { from: '2026-10-01T10:00:00Z', to: '2026-10-01T12:00:00Z', by: 'hour' } as const;
    const hour = (text: string) =>
      `${MODEL}04${(Date.parse(text) / 3_600_000).toString(16).padStart(8, '0')}`;
    const sum = (text: string) => [
      `${hour(text)}${'00'.repeat(8)}`,
      `${hour(text)}${'ff'.repeat(8)}`,
      'totals',
    ];
    expect(hexOf(range)).toEqual([
      [whole('00')[0], whole('03')[1], 'list'],
      sum('2026-10-01T10:00:00Z'),
      sum('2026-10-01T11:00:00Z'),
      [whole('05')[0], whole('ff')[1], 'list'],
    ]);
  });
});
