import { describe, expect, it } from 'vitest';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import { formatReceipt } from '../../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../../src/core/receipt/verify.ts';
import { judge } from '../../../src/core/report/judge.ts';
import { verifyKeyStanding } from '../../../src/core/statement/standing.ts';
import type { OperatorKeyFields, TrustRootFile } from '../../../src/core/trust/trust-file.ts';
import type { TrustRoot } from '../../../src/core/trust/trust-root.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, operatorSeed, signedEntry, type TestLog } from '../../helpers/fixtures.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { MODEL, NOW, sampleStatement } from '../../helpers/statements.ts';

const { file: FILE, logs, rules } = makeNetwork({ regions: ['eu'] });
const [LOG] = logs as [TestLog];
LOG.state('deployment');
LOG.state('evaluation');
const ORIGIN = LOG.origin;
const { signatures } = LOG.receipt(0).envelope;

/** The trust root with the operator's first key otherwise. */
function trustWith(key: Partial<OperatorKeyFields>): TrustRoot {
  const [operator] = FILE.operators as [TrustRootFile['operators'][0]];
  const [first, ...others] = operator.keys as [OperatorKeyFields];
  return trustOf({
    ...FILE,
    operators: [{ ...operator, keys: [{ ...first, ...key }, ...others] }],
  });
}

const standing = (key: Partial<OperatorKeyFields>, index: number, time = NOW): string =>
  codeOf(() => verifyKeyStanding(signatures, { origin: ORIGIN, index, time }, trustWith(key)));

describe('verifyKeyStanding', () => {
  it('lets a revoked key count for what stands below its cut-off, and for nothing behind it', () => {
    const revoked = { [ORIGIN]: 2 };
    expect([0, 1, 2, 3].map((index) => standing({ revoked }, index))).toEqual([
      'none',
      'none',
      'KEY_REVOKED',
      'KEY_REVOKED',
    ]);
    expect(standing({ revoked: { [ORIGIN]: 0 } }, 0)).toBe('KEY_REVOKED');
  });

  it('lets a key count for what was seen in its window', () => {
    const key = { validFrom: '2026-10-01T11:00:00Z', validUntil: '2026-10-01T12:00:00Z' };
    expect([-3_601, -3_600, -1, 0].map((at) => standing(key, 0, NOW + at))).toEqual([
      'KEY_OUT_OF_WINDOW',
      'none',
      'none',
      'KEY_OUT_OF_WINDOW',
    ]);
  });

  it('asks every key that signed', () => {
    const both = signedEntry(sampleStatement('deployment'), [
      operatorSeed('operator-eu', 2),
      operatorSeed('operator-eu', 1),
    ]);
    const seen = { origin: ORIGIN, index: 9, time: NOW };
    const trust = trustWith({ revoked: { [ORIGIN]: 2 } });
    expect(codeOf(() => verifyKeyStanding(both.signatures, seen, trust))).toBe('KEY_REVOKED');
  });
});

describe('receipts and dossiers', () => {
  it('are judged by when the witnesses saw them, not by the clock of whoever reads', () => {
    const trust = trustWith({ validUntil: '2026-10-01T12:00:00Z' });
    const later = { ...rules, trust, now: NOW + 86_400 };
    expect(codeOf(() => verifyReceipt(LOG.receipt(0, { time: NOW - 60 }), later))).toBe('none');
    expect(codeOf(() => verifyReceipt(LOG.receipt(0, { time: NOW }), later))).toBe(
      'KEY_OUT_OF_WINDOW',
    );
  });

  it('keep what a revoked key signed below the cut-off', () => {
    const cut = { ...rules, trust: trustWith({ revoked: { [ORIGIN]: 1 } }) };
    expect(codeOf(() => verifyReceipt(LOG.receipt(0), cut))).toBe('none');
    expect(codeOf(() => verifyReceipt(LOG.receipt(1), cut))).toBe('KEY_REVOKED');
    const dossier = { model: MODEL, logs: [LOG.dossierLog(MODEL)], findings: [] };
    const { problems, statements } = verifyDossier(dossier, cut);
    expect(problems.map(({ code }) => code)).toEqual(['KEY_REVOKED']);
    expect(statements.map(({ index }) => index)).toEqual([0]);
  });

  it('are INCONCLUSIVE by a trust root that has expired', () => {
    const expired = { ...rules, now: rules.trust.expires };
    const report = judge(formatReceipt(LOG.receipt(0)), expired);
    expect([report.outcome, report.problems.map(({ code }) => code)]).toEqual([
      'INCONCLUSIVE',
      ['TRUST_EXPIRED'],
    ]);
    const dossier = { model: MODEL, logs: [LOG.dossierLog(MODEL)], findings: [] };
    const { problems, statements } = verifyDossier(dossier, expired);
    expect(problems.map(({ code }) => code)).toEqual(['TRUST_EXPIRED']);
    expect(statements).toHaveLength(2);
  });
});
