import { describe, expect, it, onTestFinished } from 'vitest';
import { formatFinding, parseFinding } from '../../src/core/finding/finding.ts';
import { type Findings, openFindings } from '../../src/verifier/findings.ts';
import { openLevelVerifierStore } from '../../src/verifier/level-verifier-store.ts';
import { contradiction, inadmissible, rootMismatch } from '../helpers/findings.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { digestOf, MODEL } from '../helpers/statements.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const { logs, rules } = makeNetwork();
const log = logs[0] as TestLog;
log.state('training');
log.append(new TextEncoder().encode('no entry'));
log.append(new TextEncoder().encode('no entry'));

const { origin } = log;
const PROVEN = { origin, evidence: contradiction(log, 2).evidence };

interface Filed {
  readonly findings: Findings;
  /** Ids, as they were told. */
  readonly told: string[];
  reopen(): Promise<Findings>;
}

async function open(): Promise<Filed> {
  const folder = await temporaryFolder();
  let store = await openLevelVerifierStore(folder);
  onTestFinished(() => store.close());
  const told: string[] = [];
  const openAgain = (): Promise<Findings> =>
    openFindings({ store, rules: () => rules, onFiled: ({ id }) => told.push(id) });
  return {
    findings: await openAgain(),
    told,
    reopen: async () => {
      await store.close();
      store = await openLevelVerifierStore(folder);
      return await openAgain();
    },
  };
}

describe('Findings.file', () => {
  it('keeps what its evidence proves, tells of it, and finds it again after a restart', async () => {
    const { findings, told, reopen } = await open();
    expect(await findings.file(PROVEN)).toBe('filed');
    const mismatch = rootMismatch(log, 1).evidence;
    expect(await findings.file({ origin, evidence: mismatch })).toBe('filed');
    expect(told).toEqual(
      findings
        .list()
        .toReversed()
        .map(({ id }) => id),
    );
    const reopened = await reopen();
    expect(reopened.list()).toEqual(findings.list());
    expect(reopened.list()).toMatchObject([
      { kind: 'root-mismatch', code: 'FINDING_UNATTRIBUTED', foundAt: '2026-10-01T12:00:00Z' },
      { kind: 'checkpoint-contradiction', code: 'CHECKPOINT_CONTRADICTION', origin },
    ]);
    const [, first] = reopened.list();
    const bytes = reopened.read(first?.id ?? '');
    expect(formatFinding(parseFinding(bytes))).toEqual(bytes);
    expect(reopened.contradictionOf(origin)).toEqual(first);
    expect(reopened.contradictionOf('us.log.example')).toBeUndefined();
  });

  it.each([
    ['two checkpoints that agree', { ...PROVEN, evidence: agreeing() }],
    [
      'an entry that is in order',
      { ...PROVEN, evidence: inadmissible(log, 'JSON_MALFORMED', [0]).evidence },
    ],
    [
      'another code than admission gives',
      { ...PROVEN, evidence: inadmissible(log, 'KEY_UNKNOWN', [1]).evidence },
    ],
    ['another log than the evidence is of', { ...PROVEN, origin: 'us.log.example' }],
  ])('keeps no accusation that its evidence does not prove: %s', async (_, accusation) => {
    const { findings, told } = await open();
    expect(await findings.file(accusation)).toBe('unproven');
    expect([findings.list(), told]).toEqual([[], []]);
  });

  it('keeps one finding for each wrong, also of two that come at once', async () => {
    const { findings } = await open();
    const filings = [findings.file(PROVEN), findings.file(PROVEN), findings.file(PROVEN)];
    expect(await Promise.all(filings)).toEqual(['filed', 'filed', 'filed']);
    expect(findings.list()).toHaveLength(1);
  });

  it('keeps so many of a kind for each log and no more', async () => {
    const { findings } = await open();
    const [bad] = makeNetwork().logs as [TestLog];
    for (let i = 0; i <= 100; i++) bad.append(new TextEncoder().encode(`no entry ${i}`));
    const accuse = (i: number): Promise<string> =>
      findings.file({ origin, evidence: inadmissible(bad, 'JSON_MALFORMED', [i]).evidence });
    for (let i = 0; i < 100; i++) expect(await accuse(i)).toBe('filed');
    expect(await accuse(100)).toBe('full');
    expect(await findings.file(PROVEN)).toBe('filed');
    expect(findings.countOf(origin, 'entry-inadmissible')).toBe(100);
  });

  it('knows what counts where a model is concerned', async () => {
    const { findings } = await open();
    const [twice] = makeNetwork().logs as [TestLog];
    for (const _ of [1, 2]) twice.state('training');
    const { evidence } = inadmissible(twice, 'ENTRY_DUPLICATE', [0, 1]);
    await findings.file({ origin, evidence });
    expect(findings.about(MODEL)).toHaveLength(1);
    expect(findings.about(digestOf('another'))).toEqual([]);
    await findings.file(PROVEN);
    expect(findings.about(digestOf('another'))).toHaveLength(1);
  });

  it('refuses to read what is no finding', async () => {
    const { findings } = await open();
    expect(() => findings.read(digestOf('none'))).toThrow(
      expect.objectContaining({ code: 'FINDING_UNKNOWN' }),
    );
    expect(() => findings.read('../x')).toThrow(expect.objectContaining({ code: 'HEX_MALFORMED' }));
  });
});

function agreeing(): typeof PROVEN.evidence {
  const { evidence } = contradiction(log, 2);
  if (evidence.kind !== 'checkpoint-contradiction') throw new TypeError('a contradiction');
  return { ...evidence, first: log.checkpoint(2) };
}
