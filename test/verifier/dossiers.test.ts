import { describe, expect, it } from 'vitest';
import { parseDossier } from '../../src/core/dossier/dossier.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { Report } from '../../src/core/report/report.ts';
import { AttestryError } from '../../src/errors.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { makeNetwork, signedEntry, TestLog } from '../helpers/fixtures.ts';
import { digestOf, MODEL, NOW, sampleStream } from '../helpers/statements.ts';
import { type ServedLog, standingOf, VerifierBed } from '../helpers/verifier-bed.ts';
import { wrapStore } from '../helpers/wrapped-store.ts';

/** Three logs, each with a training statement, three usage windows and an evaluation of the model, and others in between. */
async function network(): Promise<VerifierBed> {
  const bed = await VerifierBed.make(makeNetwork());
  for (const served of bed.served) {
    const { log } = served;
    log.state('training');
    log.state('training', { model: digestOf('another') });
    for (const statement of sampleStream(3, { context: log.context })) {
      log.append(signedEntry(statement).entry);
      log.state('evaluation', { model: digestOf(`${log.entries.length}`) });
    }
    log.state('evaluation');
    served.publish();
  }
  return bed;
}

/** What someone who trusts only the trust root says of the dossier, as of the bed's clock. */
async function judged(verifier: Verifier, bed: VerifierBed, model = MODEL): Promise<Report> {
  const dossier = await verifier.dossiers.bytesOf(model);
  return judge(dossier, { ...bed.network.rules, now: bed.now, engine: opensslEngine });
}

function problemsOf(report: Report): [string, string | null][] {
  return report.problems.map(({ code, origin }) => [code, origin]);
}

function failing(code: 'PEER_UNAVAILABLE' | 'RESPONSE_INVALID'): ServedLog['damage'] {
  return () => {
    throw new AttestryError(code, 'The log is out of order.');
  };
}

describe('Dossiers.bytesOf', () => {
  it('gives everything about a model on all logs, which anyone finds valid', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const report = await judged(verifier, bed);
    expect(problemsOf(report)).toEqual([]);
    expect(report.outcome).toBe('VALID');
    expect(report.statements.map(({ origin, index, kind }) => [origin, index, kind])).toEqual(
      bed.served.flatMap(({ log: { origin } }) => [
        [origin, 0, 'training'],
        [origin, 2, 'usage'],
        [origin, 4, 'usage'],
        [origin, 6, 'usage'],
        [origin, 8, 'evaluation'],
      ]),
    );
    expect(await verifier.dossiers.reportOn(MODEL)).toEqual(report);
  });

  it('says of a model that nobody speaks of that nothing was found, under every log', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const report = await judged(verifier, bed, digestOf('nobody'));
    expect(problemsOf(report)).toEqual([['MODEL_UNKNOWN', null]]);
    expect(report.logs).toHaveLength(3);
  });

  it('grows with the logs, and carries the newest cosignatures', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const first = await verifier.dossiers.bytesOf(MODEL);
    expect(await verifier.dossiers.bytesOf(MODEL)).toBe(first);
    bed.eu.publish({ time: bed.now });
    await verifier.round();
    const [refreshed] = (await judged(verifier, bed)).logs;
    expect(refreshed?.witnessedAt).toBe('2026-10-01T12:00:00Z');
    bed.eu.log.state('deployment');
    bed.eu.publish();
    await verifier.round();
    const report = await judged(verifier, bed);
    expect([report.outcome, report.statements.length]).toEqual(['VALID', 16]);
  });

  it('includes a log that has been silent for a while, and names one that has been silent for long', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    bed.us.damage = failing('PEER_UNAVAILABLE');
    bed.now += 200;
    await verifier.round();
    expect(standingOf(verifier, bed.us)).toBe('unreachable PEER_UNAVAILABLE');
    expect((await judged(verifier, bed)).outcome).toBe('VALID');
    bed.now += 200;
    for (const served of bed.served) served.publish({ time: bed.now });
    await verifier.round();
    const report = await judged(verifier, bed);
    expect(report.outcome).toBe('INCONCLUSIVE');
    expect(problemsOf(report)).toEqual([['DOSSIER_LOG_MISSING', bed.us.log.origin]]);
    const { logs } = parseDossier(await verifier.dossiers.bytesOf(MODEL));
    expect(logs[1]).toMatchObject({ missing: { code: 'PEER_UNAVAILABLE' } });
    expect(report.statements).toHaveLength(10);
    bed.us.damage = (_, served) => served;
    await verifier.round();
    expect((await judged(verifier, bed)).outcome).toBe('VALID');
  });

  it('names a log that holds more about the model than fits, and reads no further', async () => {
    const bed = await network();
    const pages: number[] = [];
    const verifier = await bed.openAndLook({
      openMirror: async ({ origin }) => {
        const store = openMemoryLogStore();
        if (origin !== bed.us.log.origin) return store;
        const mentions: LogStore['mentions'] = async (model, from = 0) => {
          pages.push(from);
          return Array.from({ length: 1000 }, () => ({ model, index: 0, kind: 'training' })).with(
            -1,
            { model, index: from + 999, kind: 'training' },
          );
        };
        return wrapStore(store, { mentions });
      },
    });
    pages.length = 0;
    const { logs } = parseDossier(await verifier.dossiers.bytesOf(MODEL));
    expect(logs[1]).toMatchObject({ missing: { code: 'INPUT_TOO_LARGE' } });
    expect(logs[2]).toHaveProperty('checkpoint');
    expect(pages).toEqual(Array.from({ length: 11 }, (_, i) => 1000 * i));
  });

  it.each([
    ['a log that was never reached', 'PEER_UNAVAILABLE', failing('PEER_UNAVAILABLE')],
    ['a log that never answered as it must', 'RESPONSE_INVALID', failing('RESPONSE_INVALID')],
    ['a log that publishes nothing', 'CHECKPOINT_UNPUBLISHED', () => undefined],
  ] as const)('names %s', async (_, code, damage) => {
    const bed = await network();
    bed.us.damage = damage;
    const verifier = await bed.openAndLook();
    const { logs } = parseDossier(await verifier.dossiers.bytesOf(MODEL));
    expect(logs[1]).toMatchObject({ origin: bed.us.log.origin, missing: { code } });
    expect((await judged(verifier, bed)).outcome).toBe('INCONCLUSIVE');
  });

  it('names a log whose checkpoint no quorum has cosigned for long', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    bed.now += 400;
    bed.eu.publish({ time: bed.now });
    await verifier.round();
    const { logs } = parseDossier(await verifier.dossiers.bytesOf(MODEL));
    expect(logs.map((log) => ('missing' in log ? log.missing.code : 'there'))).toEqual([
      'there',
      'CHECKPOINT_STALE',
      'CHECKPOINT_STALE',
    ]);
  });

  it('holds everything against the log that was contradicted, and what was verified of it', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const fork = new TestLog('us', bed.network.witnesses.slice(0, 3));
    fork.state('training', { model: digestOf('yet another') });
    bed.us.log = fork;
    bed.us.publish();
    await verifier.round();
    bed.now += 1000;
    for (const served of bed.served) served.publish({ time: bed.now });
    await verifier.round();
    const report = await judged(verifier, bed);
    expect(report.outcome).toBe('EQUIVOCATION');
    expect(problemsOf(report)).toEqual([['CHECKPOINT_CONTRADICTION', bed.us.log.origin]]);
    expect(report.statements).toHaveLength(15);
  });

  it('reports a withdrawn model', async () => {
    const bed = await network();
    bed.us.log.state('revocation');
    bed.us.publish();
    const verifier = await bed.openAndLook();
    const report = await judged(verifier, bed);
    expect(problemsOf(report)).toEqual([['MODEL_WITHDRAWN', bed.us.log.origin]]);
  });

  it('shows what the last checkpoint covers while more is being taken in', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const { log } = bed.eu;
    log.state('deployment');
    for (let i = 0; log.entries.length < 1100; i++) log.append(new TextEncoder().encode(`${i}`));
    bed.eu.publish();
    bed.eu.damage = (path, served) => (path.startsWith('tile/entries/004') ? undefined : served);
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('invalid TILE_MISSING');
    const report = await judged(verifier, bed);
    expect([report.outcome, report.statements.length]).toEqual(['VALID', 15]);
  });

  it('leaves out a log whose mirror gives other bytes than it took in', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    bed.disks.get(bed.us.log.origin)?.entries.get(0)?.fill(0x20, 5, 6);
    const { logs } = parseDossier(await verifier.dossiers.bytesOf(MODEL));
    expect(logs[1]).toMatchObject({ missing: { code: 'STORE_CORRUPT' } });
    expect((await judged(verifier, bed)).outcome).toBe('INCONCLUSIVE');
  });
});

describe('Dossiers.receiptOf', () => {
  it('gives a receipt that never changes, which anyone finds valid', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const { origin } = bed.eu.log;
    const first = await verifier.dossiers.receiptOf(origin, 8);
    bed.eu.log.state('deployment');
    bed.eu.publish();
    await verifier.round();
    expect(await verifier.dossiers.receiptOf(origin, 8)).toEqual(first);
    const report = judge(first, bed.network.rules);
    expect([report.outcome, report.of, report.statements[0]?.index]).toEqual([
      'VALID',
      'receipt',
      8,
    ]);
    expect(judge(await verifier.dossiers.receiptOf(origin, 9), bed.network.rules).outcome).toBe(
      'VALID',
    );
  });

  it('refuses entries and logs that it does not know', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const { origin } = bed.eu.log;
    for (const [log, index, code] of [
      [origin, 9, 'ENTRY_UNKNOWN'],
      [origin, Number.MAX_SAFE_INTEGER - 1, 'ENTRY_UNKNOWN'],
      ['nobody.example', 0, 'CHECKPOINT_ORIGIN_UNKNOWN'],
    ] as const) {
      await expect(verifier.dossiers.receiptOf(log, index)).rejects.toMatchObject({ code });
    }
  });

  it('refuses to prove what its own mirror has lost', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    bed.disks.get(bed.eu.log.origin)?.entries.get(0)?.fill(0x20, 5, 6);
    await expect(verifier.dossiers.receiptOf(bed.eu.log.origin, 0)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    });
  });
});

describe('Dossiers.judge', () => {
  it('answers as judge does, at the time of its own clock', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const receipt = await verifier.dossiers.receiptOf(bed.eu.log.origin, 0);
    expect(await verifier.dossiers.judge(receipt)).toEqual(
      judge(receipt, { ...bed.network.rules, now: NOW }),
    );
    const broken = await verifier.dossiers.judge(receipt.subarray(1));
    expect([broken.outcome, broken.problems[0]?.code]).toEqual(['INVALID', 'JSON_MALFORMED']);
  });

  it('turns away who comes when too many wait', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const asked = Array.from({ length: 80 }, () => verifier.dossiers.bytesOf(MODEL));
    const answers = await Promise.allSettled(asked);
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(15);
    expect(refused[0]).toMatchObject({ reason: { code: 'QUEUE_FULL' } });
  });
});

describe('Catalogue.models', () => {
  it('lists models of all logs in order, page by page, with counts that stay true', async () => {
    const bed = await network();
    const verifier = await bed.openAndLook();
    const all = await verifier.catalogue.models({ limit: 100 });
    expect(all.next).toBeNull();
    expect(all.models.map(({ model }) => model)).toEqual(
      [MODEL, digestOf('another'), digestOf('3'), digestOf('5'), digestOf('7')].sort(),
    );
    const origins = bed.served.map(({ log }) => log.origin);
    expect(all.models.find(({ model }) => model === MODEL)).toEqual({
      model: MODEL,
      names: ['model.bin'],
      statements: 15,
      kinds: { training: 3, usage: 9, evaluation: 3 },
      origins,
    });
    const pages: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await verifier.catalogue.models(
        after === undefined ? { limit: 2 } : { limit: 2, after },
      );
      pages.push(...page.models.map(({ model }) => model));
      if (page.next === null) break;
      after = page.next;
    }
    expect(pages).toEqual(all.models.map(({ model }) => model));
    bed.us.log.state('deployment');
    bed.us.publish();
    await verifier.round();
    const { models } = await verifier.catalogue.models({ limit: 100 });
    expect(models.find(({ model }) => model === MODEL)).toMatchObject({
      statements: 16,
      kinds: { training: 3, usage: 9, evaluation: 3, deployment: 1 },
    });
  });
});
