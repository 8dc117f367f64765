import { describe, expect, it } from 'vitest';
import { usageRows } from '../../src/core/report/usage-rows.ts';
import { USAGE_METRICS } from '../../src/core/statement/usage.ts';
import type { ListedModel, UsageAnswer } from '../../src/web/server-answer.ts';
import { listDoubts, predecessorOf, usageDoubts } from '../../src/web/state/cross-check.ts';
import type { Judgement } from '../../src/web/worker/protocol.ts';

const TOTALS = Object.fromEntries(USAGE_METRICS.map((metric) => [metric, '7']));
const PROVEN = [
  {
    region: 'eu',
    operator: 'rhine',
    stretches: [{ from: '2026-10-01T00:00:00Z', windows: 2, totals: TOTALS }],
  },
] as unknown as Judgement['report']['proven'];

function judgement(problems: readonly object[] = []): Judgement {
  const report = { model: 'ab'.repeat(32), outcome: 'VALID', problems, proven: PROVEN };
  return { report, names: ['net.bin'], statements: 3, logsTrusted: 1 } as unknown as Judgement;
}

const SAID: UsageAnswer = { outcome: 'VALID', rows: usageRows(PROVEN, 'region') };
const LISTED: ListedModel = {
  model: 'ab'.repeat(32),
  names: ['net.bin'],
  statements: 5,
  kinds: {},
  origins: [],
};

describe('usageDoubts', () => {
  it('has none about a server that says what it proves', () => {
    expect(usageDoubts(SAID, judgement())).toEqual([]);
  });

  it('leaves aside what the page alone finds: the age by its clock, the file in hand', () => {
    const stale = { code: 'CHECKPOINT_STALE', outcome: 'INCONCLUSIVE' };
    const other = { code: 'SUBJECT_MISMATCH', outcome: 'INVALID' };
    expect(usageDoubts(SAID, judgement([stale, other]))).toEqual([]);
  });

  it('names another outcome, and other totals', () => {
    const withdrawn = { code: 'MODEL_WITHDRAWN', outcome: 'INVALID' };
    expect(usageDoubts(SAID, judgement([withdrawn]))).toHaveLength(1);
    expect(usageDoubts({ ...SAID, rows: [] }, judgement([withdrawn]))).toHaveLength(2);
    const rows = SAID.rows.map((row) => ({ ...row, totals: { ...row.totals, requests: '8' } }));
    expect(usageDoubts({ ...SAID, rows }, judgement())).toHaveLength(1);
  });
});

describe('listDoubts', () => {
  it('counts listed and summed statements together', () => {
    expect(listDoubts(LISTED, judgement())).toEqual([]);
    expect(listDoubts({ ...LISTED, statements: 4 }, judgement())).toHaveLength(1);
  });

  it('says nothing of a count where a log does not prove its list', () => {
    const partial = { ...judgement(), logsTrusted: 2 };
    expect(listDoubts({ ...LISTED, statements: 4 }, partial)).toEqual([]);
  });
});

describe('predecessorOf', () => {
  it('gives the digest before, and stays at the first', () => {
    expect(predecessorOf(`${'0'.repeat(63)}1`)).toBe('0'.repeat(64));
    expect(predecessorOf(`1${'0'.repeat(63)}`)).toBe(`0${'f'.repeat(63)}`);
    expect(predecessorOf('0'.repeat(64))).toBe('0'.repeat(64));
  });
});
