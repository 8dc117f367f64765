import { describe, expect, it } from 'vitest';
import { formatTime } from '../../../src/core/bytes/time.ts';
import type { Dossier, DossierEntry, DossierLog } from '../../../src/core/dossier/dossier.ts';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import type { VerificationRules } from '../../../src/core/trust/quorum.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { contradiction, rootMismatch } from '../../helpers/findings.ts';
import {
  makeNetwork,
  signedEntry,
  type TestLog,
  type TestNetwork,
} from '../../helpers/fixtures.ts';
import { digestOf, MODEL, NOW, sampleStatement } from '../../helpers/statements.ts';

type ShownLog = Extract<DossierLog, { checkpoint: string }>;

/** Three logs with two statements about the model and one about another between them. */
function makeSample(): TestNetwork {
  const network = makeNetwork();
  for (const log of network.logs) {
    log.state('deployment');
    log.state('deployment', { model: digestOf('other') });
    log.state('evaluation');
  }
  return network;
}

const NETWORK = makeSample();
const { rules, witnesses } = NETWORK;
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
const DOSSIER = NETWORK.dossier(MODEL);
const [SHOWN, ...OTHERS] = DOSSIER.logs as [ShownLog, ShownLog, ShownLog];
const [ENTRY, LAST] = SHOWN.entries as [DossierEntry, DossierEntry];

/** The problems of a dossier, as `<code> <origin>`. */
function problems(dossier: Dossier, other: Partial<VerificationRules> = {}): string[] {
  const verified = verifyDossier(dossier, { ...rules, ...other });
  return verified.problems.map(({ code, origin }) => `${code} ${origin}`);
}

/** The sample dossier with its first log otherwise. */
const withLog = (changes: Partial<ShownLog>): Dossier => ({
  ...DOSSIER,
  logs: [{ ...SHOWN, ...changes }, ...OTHERS],
});

describe('verifyDossier', () => {
  it('gives every statement about the model on every log', () => {
    const verified = verifyDossier(DOSSIER, rules);
    expect(verified.problems).toEqual([]);
    expect(verified.model).toBe(MODEL);
    expect(verified.checkpoints.map(({ log }) => log.origin)).toEqual(
      NETWORK.logs.map(({ origin }) => origin),
    );
    expect(verified.statements.map(({ index, statement }) => `${index} ${statement.kind}`)).toEqual(
      Array.from({ length: 3 }, () => ['0 deployment', '2 evaluation']).flat(),
    );
  });

  it('names a log of the trust root that is left out, or could not be included', () => {
    expect(problems({ ...DOSSIER, logs: OTHERS })).toEqual(['DOSSIER_LOG_MISSING eu.log.example']);
    const missing = { code: 'PEER_UNAVAILABLE', message: 'no answer' } as const;
    const logs = [{ origin: EU.origin, missing }, ...OTHERS];
    expect(problems({ ...DOSSIER, logs })).toEqual(['DOSSIER_LOG_MISSING eu.log.example']);
  });

  it('keeps what the other logs show when one fails', () => {
    const verified = verifyDossier(withLog({ checkpoint: EU.checkpoint() }), rules);
    expect(verified.problems.map(({ code }) => code)).toEqual(['QUORUM_SHORT']);
    expect(verified.statements).toHaveLength(4);
    expect(verified.checkpoints).toHaveLength(2);
  });

  it('keeps what else a log shows when one entry fails', () => {
    const wrong = { ...ENTRY, proof: ENTRY.proof.slice(1) };
    const verified = verifyDossier(withLog({ entries: [wrong, LAST] }), rules);
    expect(verified.problems.map(({ code }) => code)).toEqual(['INCLUSION_LENGTH_WRONG']);
    expect(verified.statements).toHaveLength(5);
  });

  it.each<[string, Partial<ShownLog>, string]>([
    [
      'a proof one hash too long',
      { entries: [{ ...ENTRY, proof: [...ENTRY.proof, new Uint8Array(32)] }] },
      'INCLUSION_LENGTH_WRONG',
    ],
    ['an entry at another index', { entries: [{ ...ENTRY, index: 1 }] }, 'INCLUSION_ROOT_MISMATCH'],
    [
      'an index beyond the log',
      { entries: [{ ...ENTRY, index: 3 }] },
      'INCLUSION_INDEX_OUT_OF_RANGE',
    ],
    [
      'a hash of 33 bytes',
      { entries: [{ ...ENTRY, proof: [new Uint8Array(33), new Uint8Array(32)] }] },
      'HASH_MALFORMED',
    ],
    ['entries out of order', { entries: [LAST, ENTRY] }, 'DOSSIER_MALFORMED'],
    ['an entry twice', { entries: [ENTRY, ENTRY] }, 'DOSSIER_MALFORMED'],
    ['a checkpoint of another log', { checkpoint: US.cosigned() }, 'DOSSIER_MALFORMED'],
    [
      'a checkpoint of another size',
      { checkpoint: EU.cosigned({ size: 2 }), entries: [ENTRY] },
      'INCLUSION_LENGTH_WRONG',
    ],
    ['a checkpoint that is no note', { checkpoint: 'x' }, 'NOTE_MALFORMED'],
    [
      'too few witnesses',
      { checkpoint: EU.cosigned({ witnesses: witnesses.slice(1, 3) }) },
      'QUORUM_SHORT',
    ],
  ])('reports %s', (_, changes, code) => {
    expect(problems(withLog(changes))).toEqual([`${code} eu.log.example`]);
  });

  it('reports an entry that is not about the model', () => {
    const [foreign] = (EU.dossierLog(digestOf('other')) as ShownLog).entries as [DossierEntry];
    expect(problems(withLog({ entries: [ENTRY, foreign, LAST] }))).toEqual([
      'DOSSIER_MODEL_MISMATCH eu.log.example',
    ]);
  });

  it('reports an entry that admission must refuse', () => {
    const network = makeSample();
    const [log] = network.logs as [TestLog];
    log.append(signedEntry(sampleStatement('usage', { context: { log: US.origin } })).entry);
    log.state('training', { context: { operator: 'operator-us' } });
    expect(problems(network.dossier(MODEL))).toEqual([
      'STATEMENT_LOG_MISMATCH eu.log.example',
      'OPERATOR_UNAUTHORIZED eu.log.example',
    ]);
  });

  it('reports a statement dated after the witnesses saw it', () => {
    const network = makeSample();
    (network.logs[0] as TestLog).state('training', {
      context: { issuedAt: formatTime(NOW + 241) },
    });
    expect(problems(network.dossier(MODEL))).toEqual(['STATEMENT_TIME_FUTURE eu.log.example']);
  });

  it('reports a statement dated ahead of its own clock, whatever the witnesses say', () => {
    const network = makeSample();
    const [log] = network.logs as [TestLog];
    log.state('training', { context: { issuedAt: formatTime(NOW + 301) } });
    const [, ...others] = network.dossier(MODEL).logs;
    const logs = [log.dossierLog(MODEL, { time: NOW + 300 }), ...others];
    expect(problems({ ...DOSSIER, logs })).toEqual(['STATEMENT_TIME_FUTURE eu.log.example']);
  });

  it('counts an entry that the log holds twice once', () => {
    const network = makeSample();
    const [log] = network.logs as [TestLog];
    log.append(log.entries[0] as Uint8Array);
    const verified = verifyDossier(network.dossier(MODEL), rules);
    expect(verified.problems.map(({ code }) => code)).toEqual(['ENTRY_DUPLICATE']);
    expect(verified.statements).toHaveLength(6);
  });

  it('reports a checkpoint that is older than asked for, and still shows what stands under it', () => {
    const checkpoint = EU.cosigned({ time: NOW - 3000 });
    const dossier = withLog({ checkpoint });
    expect(problems(dossier, { maxAge: 3000 })).toEqual([]);
    expect(problems(dossier, { maxAge: 2999 })).toEqual(['CHECKPOINT_STALE eu.log.example']);
    expect(verifyDossier(dossier, { ...rules, maxAge: 60 }).statements).toHaveLength(6);
  });

  it('says that the model is unknown where no log shows a statement and nothing failed', () => {
    const unknown = NETWORK.dossier(digestOf('unknown'));
    expect(problems(unknown)).toEqual(['MODEL_UNKNOWN null']);
    const missing = { code: 'PEER_UNAVAILABLE', message: 'no answer' } as const;
    const logs = [{ origin: EU.origin, missing }, ...unknown.logs.slice(1)];
    expect(problems({ ...unknown, logs })).toEqual(['DOSSIER_LOG_MISSING eu.log.example']);
  });

  it('reports a log that the trust root does not name', () => {
    const { logs } = makeNetwork({ regions: ['mars'] });
    const stranger = (logs[0] as TestLog).dossierLog(MODEL);
    expect(problems({ ...DOSSIER, logs: [...DOSSIER.logs, stranger] })).toEqual([
      'CHECKPOINT_ORIGIN_UNKNOWN mars.log.example',
    ]);
  });

  it('misses the tallies where the trust root asks for verifiers, or the dossier sums usage', () => {
    const missing = DOSSIER.logs.map(({ origin }) => `TALLY_MISSING ${origin}`);
    expect(problems(DOSSIER, { trust: { ...rules.trust, verifierQuorum: 1 } })).toEqual(missing);
    const range = {
      from: '2026-10-01T00:00:00Z',
      to: '2026-10-02T00:00:00Z',
      by: 'total',
    } as const;
    expect(problems({ ...DOSSIER, range })).toEqual(missing);
  });

  it('refuses one log under two headings', () => {
    const dossier = { ...DOSSIER, logs: [...DOSSIER.logs, SHOWN] };
    expect(codeOf(() => verifyDossier(dossier, rules))).toBe('DOSSIER_MALFORMED');
  });

  it('reports what its findings prove, and findings that prove nothing', () => {
    const proven = contradiction(EU);
    const fair = { ...proven, origin: US.origin };
    const verified = verifyDossier(
      { ...DOSSIER, findings: [proven, fair, rootMismatch(US, 1)] },
      rules,
    );
    expect(verified.problems.map(({ code, origin }) => `${code} ${origin}`)).toEqual([
      'CHECKPOINT_CONTRADICTION eu.log.example',
      'FINDING_UNPROVEN us.log.example',
      'FINDING_UNATTRIBUTED us.log.example',
    ]);
    expect(verified.findings.map(({ finding }) => finding.origin)).toEqual([EU.origin, US.origin]);
  });

  it('lets defects pass instead of reporting them', () => {
    const engine = {
      name: 'broken',
      verify: (): never => {
        throw new RangeError('defect');
      },
    };
    expect(() => verifyDossier(DOSSIER, { ...rules, engine })).toThrow(RangeError);
  });
});
