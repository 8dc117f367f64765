import { describe, expect, it } from 'vitest';
import { formatCanonicalJson, type Json, parseCanonicalJson } from '../../src/core/bytes/json.ts';
import { parseDossier } from '../../src/core/dossier/dossier.ts';
import { parseFinding } from '../../src/core/finding/finding.ts';
import { verifyFinding } from '../../src/core/finding/verify.ts';
import { judge } from '../../src/core/report/judge.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { operatorSeed, signedEntry, type TestLog } from '../helpers/fixtures.ts';
import { quickEntry, quickEnvelope } from '../helpers/quick-entry.ts';
import { MODEL, sampleStatement, sampleStream } from '../helpers/statements.ts';
import { standingOf, statusOf, VerifierBed } from '../helpers/verifier-bed.ts';

/** What a log may hold against the rules, each as a list of entries of which the last is refused. */
const WRONGS: readonly (readonly [
  what: string,
  code: string,
  entries: (log: TestLog, bed: VerifierBed) => readonly Uint8Array[],
])[] = [
  ['bytes that are no envelope', 'JSON_MALFORMED', () => [new TextEncoder().encode('no envelope')]],
  ['an envelope that is not canonical', 'JSON_NOT_CANONICAL', (log) => [spaced(evaluation(log))]],
  ['a signature that does not verify', 'SIGNATURE_INVALID', (log) => [resigned(log)]],
  ['a signature by a key of nobody', 'KEY_UNKNOWN', (log) => [evaluation(log, 'nobody')]],
  ['sums that do not add up', 'USAGE_SUM_MISMATCH', (log) => [doubleCounted(log)]],
  ['a statement for another log', 'STATEMENT_LOG_MISMATCH', (_, bed) => [evaluation(bed.us.log)]],
  [
    'a statement by the operator of another log',
    'OPERATOR_UNAUTHORIZED',
    (log, bed) => [evaluation(log, bed.us.log.operator)],
  ],
  ['a statement from the future', 'STATEMENT_TIME_FUTURE', (log) => [fromTheFuture(log)]],
  ['the same entry twice', 'ENTRY_DUPLICATE', (log) => [evaluation(log), evaluation(log)]],
  [
    'the same inadmissible entry twice',
    'ENTRY_DUPLICATE',
    () => [new TextEncoder().encode('twice'), new TextEncoder().encode('twice')],
  ],
  [
    'a stream that begins in the middle',
    'STREAM_SEQUENCE_MISMATCH',
    (log) => stream(log).slice(1, 2),
  ],
  [
    'a missing sequence number',
    'STREAM_SEQUENCE_MISMATCH',
    (log) => stream(log).filter((_, i) => i !== 1 && i < 3),
  ],
  [
    'a statement that commits to another one before it',
    'STREAM_PREVIOUS_MISMATCH',
    (log) => [...stream(log).slice(0, 1), ...stream(log, { environment: 'other' }).slice(1, 2)],
  ],
  [
    'two statements with one sequence number',
    'STREAM_SEQUENCE_MISMATCH',
    (log) => [...stream(log).slice(0, 2), ...stream(log, { environment: 'other' }).slice(1, 2)],
  ],
  ['overlapping windows', 'STREAM_WINDOW_OVERLAP', (log) => overlapping(log)],
];

describe('Refusals', () => {
  it.each(WRONGS)('proves to anyone that a log holds %s', async (_, code, entries) => {
    const bed = await VerifierBed.make();
    // Before it, after it and between the entries stands what is in order.
    bed.eu.log.state('deployment');
    for (const entry of entries(bed.eu.log, bed)) {
      bed.eu.log.append(entry);
      bed.eu.log.state('training', { model: `${bed.eu.log.entries.length}`.padStart(64, '0') });
    }
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    const { mirroredSize, refusedEntries } = statusOf(verifier, bed.eu.log.origin);
    expect(mirroredSize).toBe(bed.eu.log.entries.length);
    const index = bed.eu.log.entries.length - 2;
    const filed = verifier.findings.list();
    expect(filed).toHaveLength(refusedEntries);
    const own = filed.find(({ wrong }) => wrong === `entry ${index}`);
    const finding = parseFinding(verifier.findings.read(own?.id ?? ''));
    expect(finding.evidence).toMatchObject({ kind: 'entry-inadmissible', code });
    expect(verifyFinding(finding, bed.network.rules)).toMatchObject({
      code: 'ENTRY_INADMISSIBLE',
      selfContained: true,
    });
    await expect(verifier.dossiers.receiptOf(bed.eu.log.origin, index)).rejects.toMatchObject({
      code: 'ENTRY_INADMISSIBLE',
    });
  });

  it('keeps entries that are in order catalogued, and the others out', async () => {
    const bed = await VerifierBed.make();
    const good = stream(bed.eu.log);
    for (const i of [0, 2, 1, 2, 2]) bed.eu.log.append(good[i] as Uint8Array);
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    // 0 is good, 2 comes too early, 1 is good, then 2 stands in the log already, and so it does again.
    expect(refusalsOf(verifier)).toEqual([
      ['entry 1', 'STREAM_SEQUENCE_MISMATCH'],
      ['entry 3', 'ENTRY_DUPLICATE'],
      ['entry 4', 'ENTRY_DUPLICATE'],
    ]);
    const { models } = await verifier.catalogue.models({ limit: 10 });
    expect(models).toMatchObject([{ model: MODEL, statements: 2, kinds: { usage: 2 } }]);
  });

  it('puts what is proven against a log into the dossiers of the models that it is about', async () => {
    const bed = await VerifierBed.make();
    for (const { log } of bed.served) log.state('evaluation');
    bed.eu.log.append(doubleCounted(bed.eu.log));
    bed.eu.log.state('training', { model: OTHER_MODEL });
    for (const served of bed.served) served.publish();
    const verifier = await bed.openAndLook();
    const dossier = await verifier.dossiers.bytesOf(MODEL);
    expect(parseDossier(dossier).findings).toHaveLength(1);
    const report = judge(dossier, bed.network.rules);
    expect(report.outcome).toBe('INVALID');
    expect(report.problems.map(({ code, origin }) => [code, origin])).toContainEqual([
      'ENTRY_INADMISSIBLE',
      bed.eu.log.origin,
    ]);
    const other = parseDossier(await verifier.dossiers.bytesOf(OTHER_MODEL));
    expect(other.findings).toEqual([]);
  });

  it('knows where a stream stands from one growth to the next, and over a restart', async () => {
    const bed = await VerifierBed.make();
    const entries = stream(bed.eu.log);
    let verifier = await bed.open();
    for (const i of [0, 1]) {
      bed.eu.log.append(entries[i] as Uint8Array);
      bed.eu.publish();
      await verifier.round();
    }
    await verifier.close();
    bed.eu.log.append(entries[2] as Uint8Array);
    bed.eu.publish();
    verifier = await bed.openAndLook();
    expect(statusOf(verifier, bed.eu.log.origin)).toMatchObject({
      mirroredSize: 3,
      refusedEntries: 0,
    });
  });

  it('files nothing twice, over restarts and further growth', async () => {
    const bed = await VerifierBed.make();
    bed.eu.log.append(doubleCounted(bed.eu.log));
    bed.eu.publish();
    const first = await bed.openAndLook();
    await first.close();
    bed.eu.log.state('evaluation');
    bed.eu.publish();
    const second = await bed.openAndLook();
    await second.round();
    expect(refusalsOf(second)).toEqual([['entry 0', 'USAGE_SUM_MISMATCH']]);
    expect(statusOf(second, bed.eu.log.origin).refusedEntries).toBe(1);
  });

  it('names a log as missing from a dossier where what is wrong is too much to be proven to others', async () => {
    const bed = await VerifierBed.make();
    const { log } = bed.eu;
    const [first, , third] = stream(log);
    log.append(first as Uint8Array);
    for (let i = 0; i < 90; i++) log.append(longEvaluation(log, i));
    log.append(third as Uint8Array);
    for (const served of bed.served) served.publish();
    const verifier = await bed.openAndLook();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(verifier.findings.list()).toEqual([]);
    expect(statusOf(verifier, log.origin).refusedEntries).toBe(1);
    const { logs } = parseDossier(await verifier.dossiers.bytesOf(MODEL));
    expect(logs[0]).toMatchObject({ missing: { code: 'ENTRY_INADMISSIBLE' } });
    const other = parseDossier(await verifier.dossiers.bytesOf(OTHER_MODEL));
    expect(other.logs[0]).toMatchObject({ entries: { length: 90 } });
    await verifier.close();
    const restarted = await bed.openAndLook();
    const again = parseDossier(await restarted.dossiers.bytesOf(MODEL));
    expect(again.logs[0]).toMatchObject({ missing: { code: 'ENTRY_INADMISSIBLE' } });
  });

  it('does not let a log fill the disk with findings', async () => {
    const bed = await VerifierBed.make();
    const { log } = bed.eu;
    for (let i = 0; i < 300; i++) log.append(new TextEncoder().encode(`filler ${i}`));
    log.append(doubleCounted(log));
    for (const served of bed.served) served.publish();
    const verifier = await bed.openAndLook();
    expect(verifier.findings.countOf(log.origin, 'entry-inadmissible')).toBe(100);
    expect(statusOf(verifier, log.origin).refusedEntries).toBe(301);
    const { logs } = parseDossier(await verifier.dossiers.bytesOf(MODEL));
    expect(logs[0]).toMatchObject({ missing: { code: 'ENTRY_INADMISSIBLE' } });
  });
});

const OTHER_MODEL = '7'.repeat(64);

/** An admissible entry of some 55 KB. */
function longEvaluation(log: TestLog, number: number): Uint8Array {
  const claim = {
    metric: 'm'.repeat(240),
    comparator: '>=',
    scorePerMillion: '1',
    thresholdPerMillion: '1',
    passed: true,
  } as const;
  const predicate = {
    sampleSize: String(number),
    claims: Array.from({ length: 110 }, () => claim),
  };
  const { context } = log;
  return quickEntry(
    sampleStatement('evaluation', { context, model: OTHER_MODEL, predicate }) as Statement,
  );
}

function refusalsOf(verifier: Verifier): readonly (readonly string[])[] {
  return verifier.findings
    .list()
    .toReversed()
    .map(({ id, wrong }) => {
      const { evidence } = parseFinding(verifier.findings.read(id));
      return [wrong, evidence.kind === 'entry-inadmissible' ? evidence.code : evidence.kind];
    });
}

function evaluation(log: TestLog, operator = log.operator): Uint8Array {
  const context = { ...log.context, operator };
  return signedEntry(sampleStatement('evaluation', { context }), [operatorSeed(operator)]).entry;
}

function stream(log: TestLog, context: object = {}): readonly Uint8Array[] {
  const overrides = { context: { ...log.context, ...withJurisdiction(context) } };
  return sampleStream(3, overrides).map((statement) => signedEntry(statement).entry);
}

function withJurisdiction(context: object): object {
  return 'environment' in context ? { jurisdiction: 'FRA' } : {};
}

function overlapping(log: TestLog): readonly Uint8Array[] {
  const [first, second] = sampleStream(2, { context: log.context });
  if (first === undefined || second === undefined) throw new TypeError('two statements');
  const window = first.predicate.window;
  const again: Statement = { ...second, predicate: { ...second.predicate, window } };
  return [signedEntry(first).entry, signedEntry(again).entry];
}

/** Good in every way, but for counting cached tokens twice. */
function doubleCounted(log: TestLog): Uint8Array {
  const payload = formatStatement(sampleStatement('usage', { context: log.context }));
  const text = new TextDecoder()
    .decode(payload)
    .replace('"inputTokens":"100"', '"inputTokens":"120"');
  return quickEnvelope(new TextEncoder().encode(text), operatorSeed(log.operator));
}

function fromTheFuture(log: TestLog): Uint8Array {
  const context = { ...log.context, issuedAt: '2026-10-01T13:00:00Z' };
  return signedEntry(sampleStatement('deployment', { context })).entry;
}

/** Signed, but over another payload. */
function resigned(log: TestLog): Uint8Array {
  const { signatures } = fields(evaluation(log));
  const other = fields(signedEntry(sampleStatement('deployment', { context: log.context })).entry);
  return formatCanonicalJson({ ...other, signatures: signatures ?? null });
}

function fields(entry: Uint8Array): Record<string, Json> {
  parseEnvelope(entry);
  return { ...(parseCanonicalJson(entry) as Record<string, Json>) };
}

function spaced(entry: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(entry).replace('{', '{ '));
}
