import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import { verifyReceipt } from '../../../src/core/receipt/verify.ts';
import { admitEntry } from '../../../src/core/statement/admission.ts';
import { finalDigest } from '../../../src/core/trust/retirement.ts';
import type { RetiredFields } from '../../../src/core/trust/trust-file.ts';
import type { TrustRoot } from '../../../src/core/trust/trust-root.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, signedEntry, type TestLog } from '../../helpers/fixtures.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { digestOf, MODEL, NOW, sampleStatement } from '../../helpers/statements.ts';

const { file, rules, logs } = makeNetwork({ regions: ['eu', 'us'] });
const [EU, US] = logs as [TestLog, TestLog];
for (let i = 0; i < 4; i++) EU.state('deployment', { predicate: { deploymentId: `${i}` } });
const END = { size: 3, root: EU.tree.root(3) };
const FINAL = finalDigest(EU.origin, END);
US.append(signedEntry(succession(FINAL)).entry);
US.state('deployment');

/** What the first entry of the successor says. */
function succession(sha256: string, action: 'retire' | 'deploy' = 'retire') {
  const subject = [{ name: `final checkpoint of ${EU.origin}`, digest: { sha256 } }];
  return sampleStatement('deployment', { subject, context: US.context, predicate: { action } });
}

function trustWith(retired: object): TrustRoot {
  const [eu, us] = file.logs as [(typeof file.logs)[0], (typeof file.logs)[0]];
  const end = { size: END.size, root: encodeHex(END.root), successor: US.origin, ...retired };
  return trustOf({ ...file, logs: [{ ...eu, retired: end as RetiredFields }, us] });
}

const RETIRED = { ...rules, trust: trustWith({}) };

describe('a log that is retired', () => {
  it('names a successor that is another log, and succeeds no other', () => {
    expect(RETIRED.trust.logs.get(US.origin)?.predecessor).toBe(FINAL);
    for (const successor of [EU.origin, 'mars.log.example']) {
      expect(codeOf(() => trustWith({ successor }))).toBe('TRUST_MALFORMED');
    }
    const three = makeNetwork();
    const [eu, us, asia] = three.file.logs as [
      (typeof file.logs)[0],
      (typeof file.logs)[0],
      (typeof file.logs)[0],
    ];
    const end = { size: 0, root: '00'.repeat(32), successor: 'asia.log.example' };
    const both = [{ ...eu, retired: end }, { ...us, retired: end }, asia];
    expect(codeOf(() => trustOf({ ...three.file, logs: both }))).toBe('TRUST_MALFORMED');
  });

  it('counts up to its final checkpoint, and not behind it', () => {
    const at = (size: number): string =>
      codeOf(() => verifyReceipt(EU.receipt(0, { size }), RETIRED));
    expect([1, 2, 3, 4].map(at)).toEqual(['none', 'none', 'none', 'LOG_RETIRED']);
    const other = { ...rules, trust: trustWith({ root: '11'.repeat(32) }) };
    expect(codeOf(() => verifyReceipt(EU.receipt(0, { size: 3 }), other))).toBe('LOG_RETIRED');
  });

  it('is complete in a dossier at its final size alone, however long ago that was', () => {
    const codes = (size: number): string[] => {
      const dossier = {
        model: MODEL,
        logs: [
          EU.dossierLog(MODEL, { size, time: NOW - 3_601 }),
          US.dossierLog(MODEL, { time: NOW }),
        ],
        findings: [],
      };
      const { problems } = verifyDossier(dossier, { ...RETIRED, maxAge: 60 });
      return problems.map(({ code, origin }) => `${code} ${origin}`);
    };
    expect(codes(3)).toEqual([]);
    expect(codes(2)).toContain(`CHECKPOINT_STALE ${EU.origin}`);
  });
});

describe('its successor', () => {
  it('begins with the final checkpoint', () => {
    expect(codeOf(() => verifyReceipt(US.receipt(0), RETIRED))).toBe('none');
    expect(codeOf(() => verifyReceipt(US.receipt(1), RETIRED))).toBe('none');
  });

  it('takes that from an operator who may speak about other models alone', () => {
    const { operators, ...parts } = RETIRED.trust.file;
    const bound = operators.map((operator) => ({ ...operator, models: [MODEL] }));
    const trust = trustOf({ ...parts, operators: bound });
    expect(codeOf(() => verifyReceipt(US.receipt(0), { ...rules, trust }))).toBe('none');
  });

  it.each([
    ['another statement', sampleStatement('deployment', { context: US.context })],
    ['another checkpoint', succession(digestOf('other'))],
    ['a log put to work', succession(FINAL, 'deploy')],
    ['another kind', sampleStatement('revocation', { context: US.context, model: FINAL })],
  ])('does not begin with %s', (_, statement) => {
    const { entry } = signedEntry(statement);
    const at = (index: number | undefined): string =>
      codeOf(() =>
        admitEntry(entry, {
          ...RETIRED,
          origin: US.origin,
          ...(index === undefined ? {} : { index }),
        }),
      );
    expect([at(0), at(1), at(undefined)]).toEqual(['SUCCESSION_MISMATCH', 'none', 'none']);
  });
});
