import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, parseTime } from '../../../src/core/bytes/time.ts';
import { formatStatement } from '../../../src/core/statement/statement.ts';
import { type UsageQuantities, verifyUsage } from '../../../src/core/statement/usage.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { SAMPLE_CONTEXT, SAMPLE_QUANTITIES, sampleStatement } from '../../helpers/statements.ts';

function verdictOfSums(quantities: Partial<UsageQuantities>): string {
  const { predicate } = sampleStatement('usage');
  return codeOf(() =>
    verifyUsage({ ...predicate, quantities: { ...SAMPLE_QUANTITIES, ...quantities } }),
  );
}

function verdictOfWindow(start: string, end: string, issuedAt = '2026-10-02T00:00:00Z'): string {
  const { predicate } = sampleStatement('usage', { context: { issuedAt } });
  return codeOf(() => verifyUsage({ ...predicate, window: { start, end } }));
}

describe('verifyUsage', () => {
  it('accepts buckets that add up', () => {
    expect(verdictOfSums({})).toBe('none');
    expect(verdictOfSums({ energyWattHours: '0', requests: '0' })).toBe('none');
  });

  it.each<[string, Partial<UsageQuantities>]>([
    ['cached tokens that are counted twice', { inputUncachedTokens: '90' }],
    ['cached tokens that are hidden', { inputTokens: '80' }],
    ['cache writes that are left out', { inputTokens: '90' }],
    ['an input total above its buckets', { inputTokens: '101' }],
    ['reasoning tokens that are hidden', { outputTokens: '40' }],
    ['an output total above its buckets', { outputTokens: '43' }],
    ['input tokens moved to the output', { inputTokens: '99', outputTokens: '43' }],
  ])('refuses %s', (_, quantities) => {
    expect(verdictOfSums(quantities)).toBe('USAGE_SUM_MISMATCH');
  });

  it('adds exactly beyond 2^53 and does not wrap at 2^64', () => {
    const near = { inputCachedTokens: '0', inputCacheWriteTokens: '1' };
    expect(
      verdictOfSums({
        ...near,
        inputUncachedTokens: '9007199254740992',
        inputTokens: '9007199254740993',
      }),
    ).toBe('none');
    expect(
      verdictOfSums({
        ...near,
        inputUncachedTokens: '9007199254740992',
        inputTokens: '9007199254740992',
      }),
    ).toBe('USAGE_SUM_MISMATCH');
    expect(
      verdictOfSums({ ...near, inputUncachedTokens: '18446744073709551615', inputTokens: '0' }),
    ).toBe('USAGE_SUM_MISMATCH');
  });

  it('accepts exactly the sums of any buckets', () => {
    const bucket = fc.bigInt({ min: 0n, max: 2n ** 62n });
    fc.assert(
      fc.property(bucket, bucket, bucket, fc.bigInt({ min: -2n, max: 2n }), (a, b, c, off) => {
        const total = a + b + c + off;
        fc.pre(total >= 0n);
        const code = verdictOfSums({
          inputUncachedTokens: `${a}`,
          inputCachedTokens: `${b}`,
          inputCacheWriteTokens: `${c}`,
          inputTokens: `${total}`,
        });
        expect(code).toBe(off === 0n ? 'none' : 'USAGE_SUM_MISMATCH');
      }),
    );
  });

  it.each([
    ['as many as there are', '3', '3', 'none'],
    ['fewer', '3', '2', 'USAGE_SUM_MISMATCH'],
    ['more', '3', '4', 'USAGE_SUM_MISMATCH'],
    ['none, in a window without', '0', '0', 'USAGE_SUM_MISMATCH'],
  ])('judges a request tree over %s requests', (_, requests, count, code) => {
    const { predicate } = sampleStatement('usage');
    const tree = { algorithm: 'attestry-sum-sha256/v1', root: 'ab'.repeat(32), count } as const;
    const quantities = { ...SAMPLE_QUANTITIES, requests };
    expect(codeOf(() => verifyUsage({ ...predicate, quantities, requestTree: tree }))).toBe(code);
  });

  it('accepts nothing but the algorithm that it knows in a request tree', () => {
    const requestTree = { algorithm: 'rfc6962-sha256', root: 'ab'.repeat(32), count: '3' } as never;
    const statement = sampleStatement('usage', { predicate: { requestTree } });
    expect(codeOf(() => formatStatement(statement))).toBe('STATEMENT_MALFORMED');
  });

  it('accepts windows inside one UTC hour, the whole hour included', () => {
    expect(verdictOfWindow('2026-10-01T10:00:00Z', '2026-10-01T11:00:00Z')).toBe('none');
    expect(verdictOfWindow('2026-10-01T10:59:59Z', '2026-10-01T11:00:00Z')).toBe('none');
    expect(verdictOfWindow('2026-10-01T23:00:00Z', '2026-10-02T00:00:00Z')).toBe('none');
  });

  it.each([
    ['an empty window', '2026-10-01T10:00:00Z', '2026-10-01T10:00:00Z'],
    ['a window that ends before it starts', '2026-10-01T10:30:00Z', '2026-10-01T10:00:00Z'],
    ['a window across an hour', '2026-10-01T10:30:00Z', '2026-10-01T11:00:01Z'],
    ['a window of a day', '2026-10-01T00:00:00Z', '2026-10-02T00:00:00Z'],
    ['a window across midnight', '2026-09-30T23:59:59Z', '2026-10-01T00:00:01Z'],
  ])('refuses %s', (_, start, end) => {
    expect(verdictOfWindow(start, end)).toBe('USAGE_WINDOW_INVALID');
  });

  it('refuses a window that ends after the statement is issued', () => {
    const issued = parseTime(SAMPLE_CONTEXT.issuedAt);
    const start = formatTime(issued - 60);
    expect(verdictOfWindow(start, formatTime(issued), SAMPLE_CONTEXT.issuedAt)).toBe('none');
    const later = formatTime(issued + 60);
    expect(verdictOfWindow(formatTime(issued), later, SAMPLE_CONTEXT.issuedAt)).toBe(
      'USAGE_WINDOW_INVALID',
    );
  });
});
