import { describe, expect, it } from 'vitest';
import { OperatorRate } from '../../src/log/operator-rate.ts';
import { codeOf } from '../helpers/code-of.ts';

function rateOf(perSecond: number, burst: number): { rate: OperatorRate; clock: { ms: number } } {
  const clock = { ms: 1_000 };
  return { rate: new OperatorRate({ perSecond, burst, clockMs: () => clock.ms }), clock };
}

function takeMany(rate: OperatorRate, operator: string, count: number): number {
  return Array.from({ length: count }, () => codeOf(() => rate.take(operator))).filter(
    (code) => code === 'none',
  ).length;
}

describe('OperatorRate', () => {
  it('lets a burst through and then the steady rate', () => {
    const { rate, clock } = rateOf(10, 20);
    expect(takeMany(rate, 'a', 30)).toBe(20);
    clock.ms += 500;
    expect(takeMany(rate, 'a', 30)).toBe(5);
    clock.ms += 99;
    expect(takeMany(rate, 'a', 1)).toBe(0);
    clock.ms += 1;
    expect(takeMany(rate, 'a', 2)).toBe(1);
  });

  it('never saves up more than the burst', () => {
    const { rate, clock } = rateOf(10, 20);
    takeMany(rate, 'a', 20);
    clock.ms += 3_600_000;
    expect(takeMany(rate, 'a', 30)).toBe(20);
  });

  it('gives each operator a share of its own', () => {
    const { rate } = rateOf(10, 2);
    expect(takeMany(rate, 'a', 5)).toBe(2);
    expect(takeMany(rate, 'b', 5)).toBe(2);
  });

  it('says when to come back', () => {
    const { rate } = rateOf(0.1, 1);
    rate.take('a');
    expect(() => rate.take('a')).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED', details: { retryAfterSeconds: 10 } }),
    );
  });

  it('does not count a refused attempt', () => {
    const { rate, clock } = rateOf(1, 1);
    expect(takeMany(rate, 'a', 1_000)).toBe(1);
    clock.ms += 1_000;
    expect(takeMany(rate, 'a', 2)).toBe(1);
  });

  it('takes no share of whoever is only asked about', () => {
    const { rate, clock } = rateOf(1, 2);
    for (let i = 0; i < 100; i++) expect(rate.demand('a')).toBe(2);
    expect(takeMany(rate, 'a', 3)).toBe(2);
    expect(codeOf(() => rate.demand('a'))).toBe('RATE_LIMITED');
    clock.ms += 1_000;
    expect(rate.demand('a')).toBe(1);
  });

  it('lets everything through without a limit', () => {
    expect(takeMany(rateOf(0, 1).rate, 'a', 1_000)).toBe(1_000);
  });
});
