import { describe, expect, it } from 'vitest';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { formatDossier, LARGEST_DOSSIER_BYTES } from '../../../src/core/dossier/dossier.ts';
import { formatFinding } from '../../../src/core/finding/finding.ts';
import { formatReceipt } from '../../../src/core/receipt/receipt.ts';
import { type JudgeOptions, judge } from '../../../src/core/report/judge.ts';
import type { Report } from '../../../src/core/report/report.ts';
import { contradiction, rootMismatch } from '../../helpers/findings.ts';
import { makeNetwork, type TestLog } from '../../helpers/fixtures.ts';
import { digestOf, MODEL } from '../../helpers/statements.ts';

const OTHER = digestOf('other');
const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
const BOTH = [MODEL, OTHER].map((sha256) => ({ name: sha256.slice(0, 8), digest: { sha256 } }));
EU.state('deployment', { subject: BOTH });
US.state('evaluation');

const report = (bytes: Uint8Array, options: Partial<JudgeOptions> = {}): Report =>
  judge(bytes, { ...NETWORK.rules, ...options });
const codes = ({ problems }: Report): string[] => problems.map(({ code }) => code);
const file = (sha256: string): Pick<JudgeOptions, 'artifact'> => ({
  artifact: { part: 'whole', sha256 },
});

describe('judge', () => {
  it('reports a good receipt, and that a receipt cannot show a later withdrawal', () => {
    const good = report(formatReceipt(EU.receipt(0)));
    expect(good).toMatchObject({
      of: 'receipt',
      outcome: 'VALID',
      model: MODEL,
      problems: [],
      artifact: 'not given',
    });
    expect(good.statements).toMatchObject([
      {
        origin: EU.origin,
        index: 0,
        kind: 'deployment',
        models: [MODEL, OTHER],
        operator: 'operator-eu',
        region: 'eu',
        issuedAt: '2026-10-01T11:00:00Z',
        witnessedAt: '2026-10-01T11:59:00Z',
      },
    ]);
    expect(good.logs).toMatchObject([
      { origin: EU.origin, size: 1, region: 'eu', witnessedAt: '2026-10-01T11:59:00Z' },
    ]);
    expect(good.logs[0]?.witnesses).toHaveLength(3);
    expect(good.checked).toHaveLength(3);
    expect(good.notProven.join()).toMatch(/withdrawn since/);
    expect(JSON.parse(JSON.stringify(good))).toEqual(good);
  });

  it('shows how late a statement may have been logged, and says so where that is more than an hour', () => {
    const lateBy = (seconds: number): Report => {
      const issued = Date.parse('2026-10-01T11:00:00Z') / 1000;
      return report(formatReceipt(EU.receipt(0, { time: issued + seconds })));
    };
    for (const [seconds, late, isSaid] of [
      [-100, 0, false],
      [0, 0, false],
      [3_600, 3_600, false],
      [3_601, 3_601, true],
    ] as const) {
      const { outcome, statements, notProven } = lateBy(seconds);
      expect([outcome, statements[0]?.maxLateSeconds]).toEqual(['VALID', late]);
      expect(notProven.some((sentence) => sentence.includes(`${late} s later`))).toBe(isSaid);
    }
    // A dossier stands on the newest checkpoint: that says nothing about when its statements came.
    expect(report(formatDossier(NETWORK.dossier(MODEL))).notProven.join()).not.toMatch(/later/);
  });

  it('reports a good dossier, and that its list is not proven complete', () => {
    const good = report(formatDossier(NETWORK.dossier(MODEL)));
    expect(good).toMatchObject({ of: 'dossier', outcome: 'VALID', model: MODEL });
    expect(good.statements.map(({ origin }) => origin)).toEqual([EU.origin, US.origin]);
    expect(good.notProven.join()).toMatch(/complete/);
  });

  it('gives each of the four outcomes', () => {
    const receipt = EU.receipt(0);
    const { proof } = receipt;
    const short = { ...receipt, proof: { ...proof, checkpoint: EU.checkpoint() } };
    const moved = { ...receipt, proof: { ...proof, index: 1 } };
    expect(report(formatReceipt(receipt)).outcome).toBe('VALID');
    expect(report(formatReceipt(short))).toMatchObject({ outcome: 'INCONCLUSIVE', statements: [] });
    expect(report(formatReceipt(moved))).toMatchObject({ outcome: 'INVALID', statements: [] });
    const finding = report(formatFinding(contradiction(EU)));
    expect(finding).toMatchObject({ of: 'finding', outcome: 'EQUIVOCATION', notProven: [] });
    const dossier = NETWORK.dossier(MODEL, [contradiction(EU)]);
    expect(report(formatDossier(dossier)).outcome).toBe('EQUIVOCATION');
  });

  it('names what a finding rests on the word of the verifier for', () => {
    const found = report(formatFinding(rootMismatch(EU, 0)));
    expect(found).toMatchObject({
      outcome: 'INCONCLUSIVE',
      problems: [{ code: 'FINDING_UNATTRIBUTED' }],
    });
    expect(found.notProven).toHaveLength(1);
  });

  it('says whether the file in hand is the model of a receipt', () => {
    const bytes = formatReceipt(EU.receipt(0));
    expect(report(bytes, file(MODEL))).toMatchObject({ outcome: 'VALID', artifact: 'matches' });
    expect(report(bytes, file(OTHER))).toMatchObject({ outcome: 'VALID', artifact: 'matches' });
    const wrong = report(bytes, file(digestOf('x')));
    expect(wrong).toMatchObject({ outcome: 'INVALID', artifact: 'does not match' });
    expect(codes(wrong)).toEqual(['SUBJECT_MISMATCH']);
  });

  it('takes no other model that a statement names as well for the model of a dossier', () => {
    const bytes = formatDossier(NETWORK.dossier(MODEL));
    expect(report(bytes, file(MODEL))).toMatchObject({ outcome: 'VALID', artifact: 'matches' });
    expect(codes(report(bytes, file(OTHER)))).toEqual(['SUBJECT_MISMATCH']);
    expect(codes(report(formatDossier(NETWORK.dossier(OTHER)), file(OTHER)))).toEqual([]);
  });

  it('has a report on every file, never an error', () => {
    for (const [bytes, code] of [
      [new Uint8Array(0), 'JSON_MALFORMED'],
      [Uint8Array.of(0xff), 'INPUT_NOT_UTF8'],
      [encodeUtf8('['.repeat(100_000)), 'JSON_TOO_DEEP'],
      [encodeUtf8('null'), 'RECEIPT_MALFORMED'],
      [encodeUtf8('[]'), 'RECEIPT_MALFORMED'],
      [encodeUtf8('{}'), 'RECEIPT_MALFORMED'],
      [encodeUtf8('{"type":1}'), 'RECEIPT_MALFORMED'],
      [encodeUtf8('{"type":"attestry/receipt"}'), 'RECEIPT_MALFORMED'],
      [encodeUtf8('{"type":"attestry/dossier"}'), 'DOSSIER_MALFORMED'],
      [encodeUtf8('{"type":"attestry/finding"}'), 'FINDING_MALFORMED'],
      [encodeUtf8('{"type":"toString"}'), 'RECEIPT_MALFORMED'],
      [new Uint8Array(LARGEST_DOSSIER_BYTES + 1), 'INPUT_TOO_LARGE'],
    ] as const) {
      const bad = report(bytes);
      expect(codes(bad)).toEqual([code]);
      expect(bad).toMatchObject({ outcome: 'INVALID', statements: [], logs: [], checked: [] });
    }
  });

  it('repeats nothing of the file that a terminal would act on', () => {
    const bytes = formatCanonicalJson({ type: `\u202e\u009b${'x'.repeat(1000)}` });
    const [problem] = report(bytes).problems;
    expect(problem?.message).toMatch(/^[\x20-\x7e…]{1,300}$/);
  });

  it('gives the same report whichever engine checks the signatures', () => {
    const bytes = formatDossier(NETWORK.dossier(MODEL));
    const engine = { name: 'other', verify: (): boolean => true };
    expect(report(bytes, { engine })).toEqual(report(bytes));
  });

  it('reports a stale checkpoint as inconclusive and still shows the statements', () => {
    const stale = report(formatDossier(NETWORK.dossier(MODEL)), { maxAge: 10 });
    expect(stale.outcome).toBe('INCONCLUSIVE');
    expect(codes(stale)).toEqual(['CHECKPOINT_STALE', 'CHECKPOINT_STALE']);
    expect(stale.statements).toHaveLength(2);
  });
});
