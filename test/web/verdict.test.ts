import { describe, expect, it } from 'vitest';
import { makeReport, worstOf } from '../../src/core/report/report.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { outcomeOf } from '../../src/errors.ts';
import { verdictOf } from '../../src/web/verdict.ts';
import { makeNetwork } from '../helpers/fixtures.ts';

const { rules, logs } = makeNetwork();

interface Case {
  readonly of?: 'dossier' | 'finding';
  readonly codes?: readonly AttestryErrorCode[];
  readonly artifact?: 'matches' | 'does not match';
  readonly proven?: number;
}

function verdict({ of = 'dossier', codes = [], artifact, proven = logs.length }: Case) {
  const problems = codes.map((code) => ({ code, message: code, origin: null }));
  const { statements, ...report } = makeReport(
    {
      of,
      model: 'ab'.repeat(32),
      problems,
      checked: [],
      notProven: [],
      ...(artifact === undefined ? {} : { artifact }),
    },
    rules,
  );
  const proofs = Array.from({ length: proven }, () => ({}) as (typeof report.proven)[number]);
  return verdictOf({
    report: { ...report, proven: proofs },
    names: ['net.bin'],
    logsTrusted: logs.length,
    operators: ['rhine'],
    withdrawers: ['rhine'],
  });
}

describe('verdictOf', () => {
  it.each<readonly [string, Case]>([
    ['recorded', {}],
    ['authentic', { artifact: 'matches' }],
    ['withdrawn', { codes: ['MODEL_WITHDRAWN'] }],
    ['withdrawn', { codes: ['STATEMENT_WITHDRAWN', 'MODEL_WITHDRAWN'], artifact: 'matches' }],
    ['partly', { codes: ['STATEMENT_WITHDRAWN'] }],
    ['unknown', { codes: ['MODEL_UNKNOWN'] }],
    ['unknown', { codes: ['MODEL_UNKNOWN', 'SUBJECT_MISMATCH'], artifact: 'does not match' }],
    ['unseen', { codes: ['MODEL_UNKNOWN'], proven: logs.length - 1 }],
    ['differs', { codes: ['SUBJECT_MISMATCH'], artifact: 'does not match' }],
    ['inconclusive', { codes: ['DOSSIER_LOG_MISSING'] }],
    ['invalid', { codes: ['DOSSIER_LOG_MISSING', 'SIGNATURE_INVALID'] }],
    ['invalid', { codes: ['MODEL_WITHDRAWN', 'SIGNATURE_INVALID'] }],
    ['invalid', { codes: ['MODEL_UNKNOWN', 'DOSSIER_INCOMPLETE'] }],
    ['equivocation', { codes: ['CHECKPOINT_CONTRADICTION', 'MODEL_WITHDRAWN'] }],
    ['counted', { codes: ['STATEMENTS_COUNTED'] }],
    ['counted', { codes: ['STATEMENTS_COUNTED', 'SUBJECT_MISMATCH'], artifact: 'does not match' }],
    ['withdrawn', { codes: ['STATEMENTS_COUNTED', 'MODEL_WITHDRAWN'] }],
    ['inconclusive', { codes: ['STATEMENTS_COUNTED', 'QUORUM_SHORT'] }],
    ['proven', { of: 'finding', codes: ['ENTRY_INADMISSIBLE'] }],
    ['equivocation', { of: 'finding', codes: ['TALLY_CONTRADICTION'] }],
    ['invalid', { of: 'finding', codes: ['FINDING_UNPROVEN'] }],
    ['inconclusive', { of: 'finding', codes: ['FINDING_UNATTRIBUTED'] }],
  ])('is %s for %j', (name, given) => {
    expect(verdict(given).name).toBe(name);
  });

  it('is good for nothing but an outcome that is VALID', () => {
    for (const code of ['MODEL_WITHDRAWN', 'MODEL_UNKNOWN', 'QUORUM_SHORT'] as const) {
      expect(worstOf([code])).toBe(outcomeOf(code));
      expect(verdict({ codes: [code] }).tone).not.toBe('good');
    }
    expect(verdict({}).tone).toBe('good');
  });

  it('says that nothing withdraws the model only where every node proves that', () => {
    expect(verdict({}).sentence).toContain('nothing on record withdraws it');
    const { sentence } = verdict({ proven: logs.length - 1 });
    expect(sentence).not.toContain('nothing on record withdraws it');
    expect(sentence).toContain('this file cannot show');
  });

  it('names the model and who stated or withdrew it', () => {
    expect(verdict({}).sentence).toContain('net.bin');
    expect(verdict({ codes: ['MODEL_WITHDRAWN'] }).sentence).toContain('rhine withdrew it');
  });
});
