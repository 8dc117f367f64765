import { describe, expect, it } from 'vitest';
import { formatFocusCsv } from '../../../src/core/report/focus-csv.ts';
import type { ReportedProof } from '../../../src/core/report/proven-log.ts';
import { makeReport, type Report } from '../../../src/core/report/report.ts';
import { USAGE_METRICS } from '../../../src/core/statement/usage.ts';
import { makeNetwork } from '../../helpers/fixtures.ts';
import { MODEL } from '../../helpers/statements.ts';

const ZEROS = Object.fromEntries(USAGE_METRICS.map((metric) => [metric, '0']));
const DAY = { from: '2026-10-01T00:00:00Z', to: '2026-10-02T00:00:00Z', windows: 1 };

/** A report on usage that one log proves. */
function reportOf(totals: Record<string, string>, proof: Partial<ReportedProof> = {}): Report {
  const found = { of: 'dossier', model: MODEL, problems: [], checked: [], notProven: [] } as const;
  const stretch = {
    ...DAY,
    totals: { ...ZEROS, ...totals } as ReportedProof['stretches'][0]['totals'],
  };
  const log = { origin: 'eu.log.example', region: 'eu', operator: 'operator-eu' };
  const proven = [{ ...log, verifiers: [], absent: [], stretches: [stretch], ...proof }];
  return { ...makeReport(found, makeNetwork().rules), proven };
}

const HEADER =
  'ChargePeriodStart,ChargePeriodEnd,ProviderName,RegionId,ResourceId,SkuMeter,ConsumedQuantity,ConsumedUnit,x_LogOrigin,x_Outcome';

describe('formatFocusCsv', () => {
  it('has a line for each bucket that is not zero', () => {
    const csv = formatFocusCsv(reportOf({ requests: '3', outputVisibleTokens: '40' }));
    const tail = (meter: string, quantity: string, unit: string): string =>
      `${DAY.from},${DAY.to},operator-eu,eu,${MODEL},${meter},${quantity},${unit},eu.log.example,VALID`;
    expect(csv.split('\n')).toEqual([
      HEADER,
      tail('requests', '3', 'Requests'),
      tail('outputVisibleTokens', '40', 'Tokens'),
    ]);
  });

  it('leaves out sums of other buckets, so that lines may be added up', () => {
    const all = Object.fromEntries(USAGE_METRICS.map((metric) => [metric, '7']));
    const meters = formatFocusCsv(reportOf(all))
      .split('\n')
      .map((line) => line.split(',')[5]);
    expect(meters).not.toContain('inputTokens');
    expect(meters).not.toContain('outputTokens');
    expect(meters).toHaveLength(8);
  });

  it('keeps quantities beyond 2^53 exact', () => {
    const quantity = String(2n ** 127n + 1n);
    expect(formatFocusCsv(reportOf({ requests: quantity }))).toContain(`,${quantity},`);
  });

  it('has its header alone where nothing is proven', () => {
    expect(formatFocusCsv(reportOf({}, { stretches: [] }))).toBe(HEADER);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '=cmd|calc', '\tx'])(
    'defuses the formula %j',
    (name) => {
      const [, line = ''] = formatFocusCsv(reportOf({ requests: '1' }, { operator: name })).split(
        '\n',
      );
      expect(line).toContain(`,'${name},eu,`);
    },
  );

  it('quotes what would end a cell or a line', () => {
    const csv = formatFocusCsv(reportOf({ requests: '1' }, { operator: 'a,"b"\nc' }));
    expect(csv).toContain(',"a,""b""\nc",eu,');
    const formula = formatFocusCsv(reportOf({ requests: '1' }, { region: '=HYPERLINK("a","b")' }));
    expect(formula).toContain(`,"'=HYPERLINK(""a"",""b"")",`);
  });
});
