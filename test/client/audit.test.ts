import { beforeAll, describe, expect, test } from 'vitest';
import { type AuditOptions, type AuditReport, auditLog } from '../../src/client/audit.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { formatBundlePath } from '../../src/core/merkle/tile-path.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { AttestryError } from '../../src/errors.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { makeNetwork, TestLog, type TestNetwork } from '../helpers/fixtures.ts';
import { quickEntry } from '../helpers/quick-entry.ts';
import { NOW, sampleStatement, sampleStream } from '../helpers/statements.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { ServedLog } from '../helpers/verifier-bed.ts';
import { flipBit } from '../helpers/wrapped-store.ts';

const network: TestNetwork = makeNetwork({ regions: ['eu'] });

function logWith(entries: readonly Uint8Array[]): ServedLog {
  const log = new TestLog('eu', network.witnesses.slice(0, 3));
  for (const entry of entries) log.append(entry);
  const served = new ServedLog(log);
  served.publish();
  return served;
}

function deployments(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    quickEntry(sampleStatement('deployment', { predicate: { deploymentId: `d${i}` } })),
  );
}

function audit(source: ServedLog, options: Partial<AuditOptions> = {}): Promise<AuditReport> {
  return auditLog({ ...network.rules, engine: opensslEngine, source, ...options });
}

async function codesOf(source: ServedLog, options: Partial<AuditOptions> = {}): Promise<string[]> {
  return (await audit(source, options)).problems.map(({ code }) => code);
}

describe('auditLog', () => {
  // Two full bundles and a partial one, tiles on two levels.
  let entries: Uint8Array[] = [];
  beforeAll(() => {
    entries = [...deployments(600), ...sampleStream(5).map((statement) => quickEntry(statement))];
  });

  test('finds nothing against an honest log, and says what it has done', async () => {
    const source = logWith(entries);
    const told: number[] = [];
    const report = await audit(source, { onProgress: (done) => told.push(done) });
    expect(report).toMatchObject({
      origin: 'eu.log.example',
      size: 605,
      root: encodeHex(source.log.tree.root(605)),
      entriesChecked: 605,
      signaturesVerified: 605,
      problems: [],
    });
    expect(told).toEqual([256, 512, 605]);
    const { asked } = source;
    const tiles = ['tile/0/000', 'tile/0/001', 'tile/0/002.p/93', 'tile/1/000.p/2'];
    const bundles = ['tile/entries/000', 'tile/entries/001', 'tile/entries/002.p/93'];
    expect([...new Set(asked)].sort()).toEqual(['checkpoint', ...tiles, ...bundles].sort());
  });

  test('audits an empty log', async () => {
    expect(await audit(logWith([]))).toMatchObject({ size: 0, entriesChecked: 0, problems: [] });
  });

  test('leaves out signatures on request, says so, and still judges the rest', async () => {
    const forged = flipBit(entries[3] as Uint8Array, 8 * 40);
    const unsigned = quickEntry(sampleStatement('deployment'));
    const text = new TextDecoder().decode(unsigned).replace(/"sig":"..../, '"sig":"AAAA');
    const source = logWith([new TextEncoder().encode(text), ...entries.slice(0, 3)]);
    expect(await codesOf(source)).toEqual(['ENTRY_INADMISSIBLE']);
    const report = await audit(source, { signatures: false });
    expect(report).toMatchObject({ problems: [], signaturesVerified: 0 });
    expect(report.notChecked.join(' ')).toContain('signatures');
    expect(await codesOf(logWith([forged]), { signatures: false })).toEqual(['ENTRY_INADMISSIBLE']);
  });

  test('finds an entry that was changed after it was logged', async () => {
    const source = logWith(entries);
    source.damage = (path, served) =>
      path === 'tile/entries/001' && served !== undefined
        ? encodeBundle([
            quickEntry(sampleStatement('evaluation')),
            ...source.log.entries.slice(257, 512),
          ])
        : served;
    expect(await codesOf(source)).toEqual(['ENTRY_HASH_MISMATCH', 'ROOT_MISMATCH']);
  });

  test('finds tiles that do not belong to the signed root', async () => {
    const wrong: readonly [string, string][] = [
      ['tile/0/000', 'TILE_HASH_MISMATCH'],
      ['tile/0/002.p/93', 'ROOT_MISMATCH'],
      ['tile/1/000.p/2', 'ROOT_MISMATCH'],
    ];
    for (const [path, code] of wrong) {
      const source = logWith(entries);
      source.damage = (asked, served) =>
        asked === path && served !== undefined ? flipBit(served) : served;
      expect((await codesOf(source))[0], path).toBe(code);
    }
  });

  test('finds a root that the log never had', async () => {
    const source = logWith(entries);
    const { origin, signer } = source.log;
    source.checkpoint = signCheckpoint({ origin, size: 605, root: new Uint8Array(32) }, signer);
    expect(await codesOf(source)).toEqual(['QUORUM_SHORT', 'ROOT_MISMATCH']);
  });

  test('finds what may not be in a log: strangers, duplicates, broken streams, wrong sums', async () => {
    const stream = sampleStream(3).map((statement) => quickEntry(statement));
    const elsewhere = sampleStatement('deployment', { context: { log: 'us.log.example' } });
    const bad = [
      stream[0],
      stream[2],
      stream[0],
      quickEntry(elsewhere),
      new TextEncoder().encode('{}'),
    ] as Uint8Array[];
    const { problems, entriesChecked } = await audit(logWith(bad));
    expect(problems.map(({ code }) => code)).toEqual([
      'ENTRY_INADMISSIBLE',
      'ENTRY_DUPLICATE',
      'ENTRY_INADMISSIBLE',
      'ENTRY_INADMISSIBLE',
    ]);
    expect(problems.map(({ message }) => /[A-Z]+_[A-Z_]+/.exec(message)?.[0])).toEqual([
      'STREAM_SEQUENCE_MISMATCH',
      undefined,
      'STATEMENT_LOG_MISMATCH',
      'ENVELOPE_MALFORMED',
    ]);
    expect(entriesChecked).toBe(5);
  });

  test('is inconclusive, and says how far it came, where the log stops to answer', async () => {
    const source = logWith(entries);
    source.damage = (path, served) => {
      if (path !== 'tile/entries/001') return served;
      throw new AttestryError('PEER_UNAVAILABLE', 'no answer');
    };
    const report = await audit(source);
    expect(report.problems.map(({ code }) => code)).toEqual(['PEER_UNAVAILABLE']);
    expect(report.entriesChecked).toBe(256);
    expect(report.notChecked.join(' ')).toContain('349 entries');
  });

  test('finds missing and malformed resources', async () => {
    for (const [path, code] of [
      ['tile/entries/001', 'TILE_MISSING'],
      ['tile/0/001', 'TILE_MISSING'],
    ] as const) {
      const source = logWith(entries);
      source.damage = (asked, served) => (asked === path ? undefined : served);
      expect(await codesOf(source), path).toEqual([code]);
    }
    const source = logWith(entries);
    source.damage = (asked, served) =>
      asked === formatBundlePath({ index: 0, width: 256 }) ? served?.subarray(1) : served;
    expect(await codesOf(source)).toEqual(['BUNDLE_MALFORMED']);
  });

  test('begins with nothing less than a checkpoint that a log of the trust root signed', async () => {
    const source = logWith(entries.slice(0, 3));
    source.checkpoint = undefined;
    expect(await codeOf(() => audit(source))).toBe('CHECKPOINT_UNPUBLISHED');
    source.checkpoint = 'hello';
    expect(await codeOf(() => audit(source))).toBe('NOTE_MALFORMED');
    const stranger = makeNetwork({ regions: ['us'] }).logs[0] as TestLog;
    source.checkpoint = stranger.cosigned();
    expect(await codeOf(() => audit(source))).toBe('CHECKPOINT_ORIGIN_UNKNOWN');
    source.publish({ witnesses: network.witnesses.slice(0, 2) });
    expect(await codesOf(source)).toEqual(['QUORUM_SHORT']);
  });

  test('knows the time: statements from the future are not admitted', async () => {
    const source = logWith(entries.slice(0, 1));
    source.publish({ time: NOW - 90_000 });
    expect(await codesOf(source, { now: NOW - 86_400 })).toEqual(['ENTRY_INADMISSIBLE']);
  });
});
