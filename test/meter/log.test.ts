import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeInvoice } from '../../src/core/metering/invoice.ts';
import { verifyInvoice } from '../../src/core/metering/verify-invoice.ts';
import type { Log } from '../../src/log/log.ts';
import type { SubmitWindow } from '../../src/meter/submissions.ts';
import { openLevelFolder } from '../../src/store/level-folder.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { MeterBed, START, usageOf } from '../helpers/meter-bed.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

/** What a client does over HTTP, without it. */
function submitTo(log: Log): SubmitWindow {
  return async ({ entry }) => {
    const { index } = await log.commit(await log.admit(entry));
    const isWitnessed = await log.waitForWitnesses(index, 5000);
    const state = isWitnessed ? 'witnessed' : 'committed';
    const { entryHash } = await log.admit(entry);
    return { receipt: await log.receipt(entryHash, state), state };
  };
}

/** Everything on disk: the files as they are, and the rows of the database, which the files hold compressed. */
async function bytesIn(folder: string): Promise<readonly Buffer[]> {
  const names = await readdir(folder);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const db = await openLevelFolder(folder);
  const rows = await db.iterator().all();
  await db.close();
  return [...files, ...rows.flat().map((part) => Buffer.from(part))];
}

describe('a meter and a log node', () => {
  it('prove an invoice over everything that was recorded, window by window', async () => {
    const logBed = await LogBed.make();
    logBed.now = START;
    const { log } = await logBed.open();
    const bed = new MeterBed(await temporaryFolder());
    bed.now = START;
    const meter = await bed.open({ submit: submitTo(log) });
    const ids = Array.from({ length: 12 }, (_, i) => `r-${i}`);
    for (const [i, requestId] of ids.entries()) {
      await meter.record({ requestId, usage: usageOf(i), customer: 'acme' });
      bed.now += 15;
      logBed.now = bed.now;
      await meter.tick();
    }
    bed.now += 60;
    logBed.now = bed.now;
    await meter.tick();
    expect(meter.status).toMatchObject({ unloggedWindows: 0, lastError: undefined });
    expect(log.size).toBe(3);
    const proofs = await Promise.all(ids.map((id) => meter.proofFor(id)));
    const report = verifyInvoice(makeInvoice(proofs), { ...bed.rules, now: bed.now });
    expect(report.outcome).toBe('VALID');
    expect(report.totals.proven.requests).toBe('12');
  });

  it('leave the identity of a customer in no byte on disk', async () => {
    const folder = await temporaryFolder();
    const [logFolder, meterFolder] = [join(folder, 'log'), join(folder, 'meter')];
    const logBed = await LogBed.make();
    logBed.now = START;
    const { log, store } = await logBed.open({ store: await openLevelLogStore(logFolder) });
    const bed = new MeterBed(meterFolder);
    const meter = await bed.open({ submit: submitTo(log) });
    const customer = { name: 'Ines Quermann', account: 'zx-81-4711' };
    for (const requestId of ['request-a', 'request-b']) {
      await meter.record({ requestId, usage: usageOf(1), customer });
    }
    bed.now += 60;
    logBed.now = bed.now;
    await meter.tick();
    expect(log.size).toBe(1);
    await meter.close();
    await log.close();
    await store.close();
    const isIn = (bytes: readonly Buffer[], text: string): boolean =>
      bytes.some((part) => part.includes(text));
    const [logged, metered] = [await bytesIn(logFolder), await bytesIn(meterFolder)];
    for (const text of ['Quermann', 'Ines', 'zx-81', '4711']) {
      expect(isIn(logged, text), text).toBe(false);
      expect(isIn(metered, text), text).toBe(false);
    }
    // What is there is found: the search sees what it should.
    expect(isIn(metered, 'request-b')).toBe(true);
    expect(isIn(logged, 'payloadType')).toBe(true);
  });
});
