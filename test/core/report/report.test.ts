import { describe, expect, it } from 'vitest';
import { makeReport, worstOf } from '../../../src/core/report/report.ts';
import { makeNetwork } from '../../helpers/fixtures.ts';

describe('worstOf', () => {
  it('is VALID where nothing failed, else the worst outcome', () => {
    expect(worstOf([])).toBe('VALID');
    expect(worstOf(['QUORUM_SHORT'])).toBe('INCONCLUSIVE');
    expect(worstOf(['QUORUM_SHORT', 'SIGNATURE_INVALID', 'MODEL_UNKNOWN'])).toBe('INVALID');
    expect(worstOf(['SIGNATURE_INVALID', 'CHECKPOINT_CONTRADICTION', 'QUORUM_SHORT'])).toBe(
      'EQUIVOCATION',
    );
  });

  it('takes any number of problems', () => {
    expect(worstOf(Array.from({ length: 300_000 }, () => 'KEY_UNKNOWN'))).toBe('INVALID');
  });
});

describe('makeReport', () => {
  it('says under which trust root and when', () => {
    const { rules } = makeNetwork();
    const found = { of: 'receipt', model: null, problems: [], checked: [], notProven: [] } as const;
    expect(makeReport(found, rules)).toEqual({
      type: 'attestry/report',
      version: 1,
      of: 'receipt',
      outcome: 'VALID',
      problems: [],
      artifact: 'not given',
      model: null,
      statements: [],
      logs: [],
      usage: [],
      proven: [],
      checked: [],
      notProven: [],
      trustRoot: rules.trust.digest,
      verifiedAt: '2026-10-01T12:00:00Z',
    });
  });
});
