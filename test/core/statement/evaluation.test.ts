import { describe, expect, it } from 'vitest';
import { type EvaluationClaim, verifyClaims } from '../../../src/core/statement/evaluation.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { sampleStatement } from '../../helpers/statements.ts';

const { predicate } = sampleStatement('evaluation');
const [GOOD] = predicate.claims as [EvaluationClaim];

const verdict = (...claims: readonly Partial<EvaluationClaim>[]): string =>
  codeOf(() =>
    verifyClaims({ ...predicate, claims: claims.map((claim) => ({ ...GOOD, ...claim })) }),
  );

describe('verifyClaims', () => {
  it('accepts what the numbers say, at the threshold too', () => {
    expect(verdict({})).toBe('none');
    expect(verdict({ scorePerMillion: GOOD.thresholdPerMillion })).toBe('none');
    expect(verdict({ scorePerMillion: '899999', passed: false })).toBe('none');
    expect(verdict({ comparator: '<=', scorePerMillion: '900000' })).toBe('none');
    expect(verdict({ comparator: '<=', scorePerMillion: '900001', passed: false })).toBe('none');
  });

  it('refuses passed against the numbers, and the reverse, in any claim', () => {
    expect(verdict({ scorePerMillion: '899999' })).toBe('CLAIM_MISMATCH');
    expect(verdict({ passed: false })).toBe('CLAIM_MISMATCH');
    expect(verdict({ comparator: '<=' })).toBe('CLAIM_MISMATCH');
    expect(verdict({}, {}, { passed: false })).toBe('CLAIM_MISMATCH');
  });

  it('compares numbers, not texts', () => {
    expect(verdict({ scorePerMillion: '1000000' })).toBe('none');
    expect(verdict({ scorePerMillion: '95' })).toBe('CLAIM_MISMATCH');
    expect(
      verdict({ scorePerMillion: '9007199254740993', thresholdPerMillion: '9007199254740992' }),
    ).toBe('none');
    expect(
      verdict({
        comparator: '<=',
        scorePerMillion: '9007199254740993',
        thresholdPerMillion: '9007199254740992',
      }),
    ).toBe('CLAIM_MISMATCH');
  });
});
