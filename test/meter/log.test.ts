import { describe, expect, it } from 'vitest';
import { makeInvoice } from '../../src/core/metering/invoice.ts';
import { verifyInvoice } from '../../src/core/metering/verify-invoice.ts';
import type { Log } from '../../src/log/log.ts';
import type { SubmitWindow } from '../../src/meter/submissions.ts';
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
});
