import { Level } from 'level';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { verifyCustomer } from '../../src/core/metering/customer.ts';
import { makeInvoice } from '../../src/core/metering/invoice.ts';
import { verifyRequestProof } from '../../src/core/metering/request-proof.ts';
import { readUsageReceipt, verifyUsageReceipt } from '../../src/core/metering/usage-receipt.ts';
import { verifyInvoice } from '../../src/core/metering/verify-invoice.ts';
import { AttestryError } from '../../src/errors.ts';
import { type Meter, type MeterOptions, openMeter } from '../../src/meter/meter.ts';
import { MeterBed, START, usageOf } from '../helpers/meter-bed.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

async function makeBed(): Promise<MeterBed> {
  return new MeterBed(await temporaryFolder());
}

/** Records requests `from` up to but not including `to`, all at once. */
async function recordMany(meter: Meter, from: number, to: number): Promise<void> {
  await Promise.all(
    Array.from({ length: to - from }, (_, i) =>
      meter.record({ requestId: `r-${from + i}`, usage: usageOf(from + i) }),
    ),
  );
}

const sequencesOf = (bed: MeterBed): number[] =>
  bed.windows.map(({ predicate }) => predicate.meter.sequence);
const requestsOf = (bed: MeterBed): string[] =>
  bed.windows.map(({ predicate }) => predicate.quantities.requests);

describe('Meter.record', () => {
  it('gives a receipt that the operator has signed, and a salt that opens it', async () => {
    const bed = await makeBed();
    const meter = await bed.open({ promiseSeconds: 600 });
    bed.now = START + 7;
    const usage = usageOf(1);
    const { receipt, salt } = await meter.record({ requestId: 'r-1', usage, customer: 'acme' });
    const verified = verifyUsageReceipt(receipt, bed.rules).receipt;
    expect(verified).toMatchObject({
      requestId: 'r-1',
      meter: 'gateway',
      at: formatTime(START + 7),
      due: formatTime(START + 60 + 600),
      window: { sequence: 0, index: 0 },
      quantities: { inputUncachedTokens: '11', outputVisibleTokens: '6' },
    });
    if (verified.customer === undefined || salt === undefined) throw new Error('no commitment');
    verifyCustomer(verified.customer, 'acme', salt);
  });

  it('gives every request a salt of its own', async () => {
    const meter = await (await makeBed()).open();
    const usage = usageOf(1);
    const recorded = await Promise.all(
      ['a', 'b'].map((requestId) => meter.record({ requestId, usage, customer: 'acme' })),
    );
    const commitments = recorded.map(({ receipt }) => readUsageReceipt(receipt.payload).customer);
    expect(commitments[0]?.value).not.toBe(commitments[1]?.value);
  });

  it('commits to nobody where no customer is given', async () => {
    const meter = await (await makeBed()).open();
    const { receipt, salt } = await meter.record({ requestId: 'r-1', usage: usageOf(1) });
    expect(salt).toBeUndefined();
    expect(readUsageReceipt(receipt.payload).customer).toBeUndefined();
  });

  it('gives the same receipt for the same request and counts it once', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    const request = { requestId: 'r-1', usage: usageOf(1), customer: { account: 17 } };
    const [first, second] = await Promise.all([meter.record(request), meter.record(request)]);
    bed.now += 200;
    await meter.tick();
    const third = await meter.record(request);
    await meter.close();
    const fourth = await (await bed.open()).record(request);
    for (const again of [second, third, fourth]) {
      expect(encodeHex(again.receipt.bytes)).toBe(encodeHex(first.receipt.bytes));
      expect(again.salt).toEqual(first.salt);
    }
    expect(requestsOf(bed)).toEqual(['1']);
  });

  it.each<[string, Parameters<Meter['record']>[0]]>([
    ['other numbers', { requestId: 'r-1', usage: usageOf(2), customer: 'acme' }],
    ['another customer', { requestId: 'r-1', usage: usageOf(1), customer: 'other' }],
    ['no customer', { requestId: 'r-1', usage: usageOf(1) }],
  ])('refuses the same request with %s, on its way to the disk and after', async (_, other) => {
    const bed = await makeBed();
    const meter = await bed.open();
    const stored = meter.record({ requestId: 'r-1', usage: usageOf(1), customer: 'acme' });
    expect(await codeOf(() => meter.record(other))).toBe('METER_REQUEST_CONFLICT');
    await stored;
    expect(await codeOf(() => meter.record(other))).toBe('METER_REQUEST_CONFLICT');
    await meter.close();
    const reopened = await bed.open();
    expect(await codeOf(() => reopened.record(other))).toBe('METER_REQUEST_CONFLICT');
    expect(reopened.status.openRequests).toBe(1);
  });

  it('refuses what is no usage, and counts nothing of it', async () => {
    const meter = await (await makeBed()).open();
    const usage = usageOf(1);
    for (const wrong of [-1n, 2n ** 64n, 5 as never, undefined as never]) {
      const request = { requestId: 'r', usage: { ...usage, inputCachedTokens: wrong } };
      expect(await codeOf(() => meter.record(request))).toBe('METERING_USAGE_MALFORMED');
    }
    const nameless = await codeOf(() => meter.record({ requestId: '', usage }));
    expect(nameless).toBe('USAGE_RECEIPT_MALFORMED');
    expect(meter.status.openRequests).toBe(0);
  });

  it('refuses a request that the sums of the window have no room for', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    const huge = { ...usageOf(1), inputCachedTokens: 2n ** 63n };
    await meter.record({ requestId: 'r-1', usage: huge });
    const second = { requestId: 'r-2', usage: huge };
    expect(await codeOf(() => meter.record(second))).toBe('TALLY_OVERFLOW');
    bed.now += 60;
    await meter.record(second);
    bed.now += 60;
    await meter.tick();
    expect(requestsOf(bed)).toEqual(['1', '1']);
  });

  it('answers when the request is on disk, synced, and not before', async () => {
    const meter = await (await makeBed()).open();
    let write = (): void => undefined;
    const batch = vi.spyOn(Level.prototype, 'batch').mockImplementationOnce(
      () =>
        new Promise<void>((resolve) => {
          write = resolve;
        }) as never,
    );
    onTestFinished(() => {
      batch.mockRestore();
    });
    let answered = false;
    const recorded = meter.record({ requestId: 'r-1', usage: usageOf(1) }).then(() => {
      answered = true;
    });
    await expect.poll(() => batch.mock.calls.length).toBe(1);
    expect(answered).toBe(false);
    write();
    await recorded;
    await recordMany(meter, 2, 12);
    expect(batch.mock.calls.map((call) => call.at(-1))).toEqual([{ sync: true }, { sync: true }]);
  });

  it('stops when a write fails, as nobody knows what is on disk', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    const batch = vi
      .spyOn(Level.prototype, 'batch')
      .mockImplementationOnce(() => Promise.reject(new Error('no space left')) as never);
    onTestFinished(() => {
      batch.mockRestore();
    });
    const request = { requestId: 'r-1', usage: usageOf(1) };
    expect(await codeOf(() => meter.record(request))).toBe('STORE_FAILED');
    expect(await codeOf(() => meter.record(request))).toBe('STORE_FAILED');
    await meter.close();
    const reopened = await bed.open();
    await reopened.record(request);
    expect(reopened.status.openRequests).toBe(1);
  });

  it('refuses when it is closed', async () => {
    const meter = await (await makeBed()).open();
    await meter.close();
    const request = { requestId: 'r-1', usage: usageOf(1) };
    expect(await codeOf(() => meter.record(request))).toBe('NODE_STOPPING');
    expect(await codeOf(() => meter.tick())).toBe('NODE_STOPPING');
  });
});

describe('Meter windows', () => {
  it('close when their time is over, and state what they held', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    bed.now = START + 30;
    await recordMany(meter, 0, 3);
    bed.now = START + 59;
    await recordMany(meter, 3, 5);
    await meter.tick();
    expect(bed.windows).toEqual([]);
    bed.now = START + 60;
    await meter.tick();
    const [window] = bed.windows;
    expect(window?.predicate).toMatchObject({
      meter: { id: 'gateway', method: 'test tokens', sequence: 0, previous: null },
      window: { start: formatTime(START), end: formatTime(START + 60) },
      context: { issuedAt: formatTime(START + 60) },
      quantities: {
        requests: '5',
        inputUncachedTokens: `${50 + 10}`,
        inputTokens: `${50 + 10 + 10 + 4}`,
      },
      requestTree: { count: '5' },
    });
  });

  it('close with the next request too, and are stated late without crossing an hour', async () => {
    const bed = await makeBed();
    const meter = await bed.open({ windowSeconds: 3600 });
    bed.now = START + 3599;
    await recordMany(meter, 0, 2);
    bed.now = START + 9000;
    await recordMany(meter, 2, 4);
    bed.now = START + 20_000;
    await meter.tick();
    expect(bed.windows.map(({ predicate }) => predicate.window)).toEqual([
      { start: formatTime(START), end: formatTime(START + 3600) },
      { start: formatTime(START + 7200), end: formatTime(START + 10_800) },
    ]);
  });

  it('close when they are full, but never within a second', async () => {
    const bed = await makeBed();
    const meter = await bed.open({ maxRequests: 3 });
    bed.now = START + 10;
    await recordMany(meter, 0, 5);
    bed.now = START + 11;
    await recordMany(meter, 5, 7);
    bed.now = START + 12;
    await recordMany(meter, 7, 8);
    bed.now = START + 60;
    await meter.tick();
    expect(requestsOf(bed)).toEqual(['5', '3']);
    expect(bed.windows.map(({ predicate }) => predicate.window)).toEqual([
      { start: formatTime(START), end: formatTime(START + 11) },
      { start: formatTime(START + 11), end: formatTime(START + 60) },
    ]);
  });

  it('are not stated when nothing was used', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    bed.now += 5000;
    await meter.tick();
    expect(bed.submitted).toEqual([]);
  });

  it('stay in order when the clock goes back', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    bed.now = START + 100;
    await recordMany(meter, 0, 1);
    bed.now = START + 20;
    await recordMany(meter, 1, 2);
    bed.now = START + 130;
    await meter.tick();
    await meter.close();
    bed.now = START;
    const reopened = await bed.open();
    await recordMany(reopened, 2, 3);
    bed.now = START + 500;
    await reopened.tick();
    expect(requestsOf(bed)).toEqual(['2', '1']);
    for (const id of ['r-0', 'r-1', 'r-2']) {
      verifyRequestProof(await reopened.proofFor(id), bed.rules);
    }
  });

  it('go on where they were when the folder is opened again, with other lengths too', async () => {
    const bed = await makeBed();
    const meter = await bed.open({ windowSeconds: 3600 });
    await recordMany(meter, 0, 2);
    bed.now = START + 700;
    await recordMany(meter, 2, 4);
    await meter.close();
    const reopened = await bed.open({ windowSeconds: 60 });
    expect(reopened.status.openRequests).toBe(4);
    bed.now = START + 705;
    await recordMany(reopened, 4, 5);
    bed.now = START + 900;
    await recordMany(reopened, 5, 6);
    bed.now = START + 960;
    await reopened.tick();
    expect(sequencesOf(bed)).toEqual([0, 1, 2]);
    expect(requestsOf(bed)).toEqual(['4', '1', '1']);
    for (let i = 0; i < 6; i++) {
      verifyRequestProof(await reopened.proofFor(`r-${i}`), bed.rules);
    }
  });

  it.each([0, 7, 7200, 0.5])('refuse a length of %d seconds', async (windowSeconds) => {
    const bed = await makeBed();
    await expect(openMeter({ ...bed.options, windowSeconds })).rejects.toThrow(RangeError);
  });

  it('close and are submitted by themselves as time goes on', async () => {
    const bed = await makeBed();
    const meter = await bed.open({ tickMs: 5 });
    await recordMany(meter, 0, 1);
    bed.now += 60;
    await expect.poll(() => requestsOf(bed), { timeout: 5000, interval: 5 }).toEqual(['1']);
  });
});

describe('Meter submissions', () => {
  async function withWindows(bed: MeterBed, count: number): Promise<Meter> {
    const meter = await bed.open();
    for (let i = 0; i < count; i++) {
      await recordMany(meter, i, i + 1);
      bed.now += 60;
    }
    return meter;
  }

  const unavailable = (): AttestryError => new AttestryError('PEER_UNAVAILABLE', 'no answer');

  it('go on in order when the log comes back, after a pause, with the same bytes', async () => {
    const bed = await makeBed();
    const meter = await withWindows(bed, 3);
    bed.failure = { error: unavailable(), afterCommit: false };
    await meter.tick();
    expect(meter.status).toMatchObject({
      unloggedWindows: 3,
      lastError: { code: 'PEER_UNAVAILABLE' },
    });
    bed.failure = undefined;
    await meter.tick();
    expect(bed.submitted).toHaveLength(1);
    bed.now += 2;
    await meter.tick();
    expect(sequencesOf(bed)).toEqual([0, 1, 2]);
    expect(bed.submitted[1]?.entry).toEqual(bed.submitted[0]?.entry);
    expect(meter.status).toEqual({
      openRequests: 0,
      unloggedWindows: 0,
      unwitnessedWindows: 0,
      lastError: undefined,
    });
  });

  it('count nothing twice when an answer is lost, in this run or the next', async () => {
    const bed = await makeBed();
    const meter = await withWindows(bed, 2);
    bed.failure = { error: unavailable(), afterCommit: true };
    await meter.tick();
    await meter.close();
    bed.failure = undefined;
    const reopened = await bed.open();
    expect(reopened.status.unloggedWindows).toBe(2);
    await reopened.tick();
    expect(requestsOf(bed)).toEqual(['1', '1']);
    expect(bed.submitted[1]?.entry).toEqual(bed.submitted[0]?.entry);
  });

  it('ask again for receipts that were not witnessed', async () => {
    const bed = await makeBed();
    bed.state = 'committed';
    const meter = await withWindows(bed, 2);
    await meter.tick();
    expect(meter.status).toMatchObject({ unloggedWindows: 0, unwitnessedWindows: 2 });
    const committed = await meter.proofFor('r-0');
    expect(await codeOf(() => verifyRequestProof(committed, bed.rules))).toBe('QUORUM_SHORT');
    await meter.close();
    bed.state = 'witnessed';
    const reopened = await bed.open();
    bed.now += 60;
    await reopened.tick();
    expect(reopened.status.unwitnessedWindows).toBe(0);
    verifyRequestProof(await reopened.proofFor('r-0'), bed.rules);
    expect(requestsOf(bed)).toEqual(['1', '1']);
  });

  it('refuse a receipt of another entry', async () => {
    const bed = await makeBed();
    bed.log.state('deployment');
    const meter = await bed.open({
      submit: async () => ({ receipt: bed.log.receipt(0), state: 'witnessed' }),
    });
    await recordMany(meter, 0, 1);
    bed.now += 60;
    await meter.tick();
    expect(meter.status).toMatchObject({
      unloggedWindows: 1,
      lastError: { code: 'RESPONSE_INVALID' },
    });
  });

  it('stop the meter when the log holds other statements of it', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    await recordMany(meter, 0, 1);
    bed.now += 60;
    await meter.tick();
    // A second meter with the same id, as after a folder was put back to an older state.
    const twin = await bed.open({ folder: await temporaryFolder() });
    await recordMany(twin, 1, 2);
    bed.now += 60;
    expect(await codeOf(() => twin.tick())).toBe('METER_STREAM_DIVERGED');
    const request = { requestId: 'r-9', usage: usageOf(9) };
    expect(await codeOf(() => twin.record(request))).toBe('METER_STREAM_DIVERGED');
    expect(await codeOf(() => twin.tick())).toBe('METER_STREAM_DIVERGED');
    expect(sequencesOf(bed)).toEqual([0]);
    expect(bed.submitted.at(-1)?.entry).not.toEqual(bed.submitted[0]?.entry);
    await twin.tick().catch((error: AttestryError) => {
      expect(error.details).toMatchObject({ sequence: 0, expectedSequence: 1 });
    });
  });
});

describe('openMeter', () => {
  it.each<[string, (bed: MeterBed) => Partial<MeterOptions>]>([
    ['meter', () => ({ meter: { id: 'other', method: 'test tokens' } })],
    ['model', () => ({ subject: { name: 'm', digest: { sha256: '00'.repeat(32) } } })],
    ['log', (bed) => ({ context: { ...bed.options.context, log: 'us.log.example' } })],
    ['operator', (bed) => ({ context: { ...bed.options.context, operator: 'operator-us' } })],
  ])('refuses the folder of another %s', async (_, other) => {
    const bed = await makeBed();
    await (await bed.open()).close();
    expect(await codeOf(() => openMeter({ ...bed.options, ...other(bed) }))).toBe('CONFIG_INVALID');
    await bed.open();
  });

  it('refuses a folder that is in use', async () => {
    const bed = await makeBed();
    await bed.open();
    expect(await codeOf(() => openMeter(bed.options))).toBe('STORE_LOCKED');
  });
});

describe('Meter.proofFor', () => {
  it('proves every request, and an invoice over them, also after the folder was opened again', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    await recordMany(meter, 0, 20);
    bed.now += 60;
    await recordMany(meter, 20, 27);
    bed.now += 60;
    await meter.tick();
    await meter.close();
    const reopened = await bed.open();
    const ids = Array.from({ length: 27 }, (_, i) => `r-${i}`);
    const proofs = await Promise.all(ids.map((id) => reopened.proofFor(id)));
    const report = verifyInvoice(makeInvoice(proofs), bed.rules);
    expect(report.outcome).toBe('VALID');
    expect(report.totals.proven.requests).toBe('27');
  });

  it('refuses a request that is not known, or whose window is not logged', async () => {
    const bed = await makeBed();
    const meter = await bed.open();
    await recordMany(meter, 0, 1);
    expect(await codeOf(() => meter.proofFor('r-1'))).toBe('METER_REQUEST_UNKNOWN');
    expect(await codeOf(() => meter.proofFor('r-0'))).toBe('METER_WINDOW_OPEN');
  });
});
