import { describe, expect, it } from 'vitest';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import { usageTotals } from '../../../src/core/report/usage-totals.ts';
import { makeNetwork, signedEntry, type TestLog, TRUSTING_ENGINE } from '../../helpers/fixtures.ts';
import { MODEL, SAMPLE_QUANTITIES, sampleStream } from '../../helpers/statements.ts';

/** Totals over these windows on two logs. */
function totalsOf(fill: (eu: TestLog, us: TestLog) => void): ReturnType<typeof usageTotals> {
  const network = makeNetwork({ regions: ['us', 'eu'] });
  const [us, eu] = network.logs as [TestLog, TestLog];
  fill(eu, us);
  return usageTotals(
    verifyDossier(network.dossier(MODEL), { ...network.rules, engine: TRUSTING_ENGINE }).statements,
  );
}

function meter(
  log: TestLog,
  count: number,
  overrides: Parameters<typeof sampleStream>[1] = {},
): void {
  for (const statement of sampleStream(count, {
    ...overrides,
    context: { ...log.context, ...overrides.context },
  })) {
    log.append(signedEntry(statement).entry);
  }
}

describe('usageTotals', () => {
  it('adds per region and operator, in order', () => {
    const totals = totalsOf((eu, us) => {
      eu.state('deployment');
      meter(eu, 3);
      meter(us, 1);
    });
    expect(
      totals.map(({ region, operator, windows, from, to }) => [
        region,
        operator,
        windows,
        from,
        to,
      ]),
    ).toEqual([
      ['eu', 'operator-eu', 3, '2026-10-01T08:00:00Z', '2026-10-01T08:30:00Z'],
      ['us', 'operator-us', 1, '2026-10-01T08:00:00Z', '2026-10-01T08:10:00Z'],
    ]);
    expect(totals[1]?.totals).toEqual(SAMPLE_QUANTITIES);
    expect(totals[0]?.totals).toMatchObject({
      requests: '9',
      inputTokens: '300',
      outputTokens: '126',
      energyWattHours: '15',
    });
  });

  it('adds meters of one region together, and keeps regions of one operator apart', () => {
    const totals = totalsOf((eu) => {
      meter(eu, 2);
      meter(eu, 1, { meter: 'meter-2' });
      meter(eu, 1, { meter: 'meter-3', context: { region: 'eu-north' } });
    });
    expect(totals.map(({ region, windows }) => [region, windows])).toEqual([
      ['eu', 3],
      ['eu-north', 1],
    ]);
  });

  it('adds exactly, beyond 2^64 too', () => {
    const largest = '18446744073709551615';
    const quantities = { ...SAMPLE_QUANTITIES, requests: largest };
    const [totals] = totalsOf((eu) => meter(eu, 3, { predicate: { quantities } }));
    expect(totals?.totals.requests).toBe('55340232221128654845');
  });

  it('counts energy that is not stated as none', () => {
    const { energyWattHours: _, ...quantities } = SAMPLE_QUANTITIES;
    const [totals] = totalsOf((eu) => meter(eu, 1, { predicate: { quantities } }));
    expect(totals?.totals.energyWattHours).toBe('0');
  });

  it('is empty without usage', () => {
    expect(totalsOf((eu) => eu.state('deployment'))).toEqual([]);
  });
});
