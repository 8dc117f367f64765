import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyCustomer } from '../../src/core/metering/customer.ts';
import { verifyRequestProof } from '../../src/core/metering/request-proof.ts';
import { readUsageReceipt } from '../../src/core/metering/usage-receipt.ts';
import { eraseRows } from '../../src/meter/erasure.ts';
import type { Meter, RecordedRequest } from '../../src/meter/meter.ts';
import { openLevelFolder } from '../../src/store/level-folder.ts';
import { MeterBed, usageOf } from '../helpers/meter-bed.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const ACME = { account: 'acme-hospital-4711', contact: 'night.shift@acme.example' };
const OTHER = 'other-customer-0815';
const IDENTITIES = ['acme-hospital', 'night.shift', 'other-customer'].map((text) =>
  Buffer.from(text),
);

/** How many files of the folder hold the bytes, or either half of them. */
async function countFiles(folder: string, bytes: Uint8Array): Promise<number> {
  const half = bytes.length / 2;
  const halves = bytes.length > 16 ? [bytes.subarray(0, half), bytes.subarray(half)] : [bytes];
  const parts = halves.map((part) => Buffer.from(part));
  let found = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const file = await readFile(join(folder, name));
    if (parts.some((part) => file.includes(part))) found++;
  }
  return found;
}

/** Requests of two customers in turn, and the salts that each was given. */
async function recordBoth(
  meter: Meter,
  from: number,
  to: number,
): Promise<{ acme: Uint8Array[]; other: Uint8Array[]; recorded: RecordedRequest[] }> {
  const recorded = await Promise.all(
    Array.from({ length: to - from }, (_, i) =>
      meter.record({
        requestId: `r-${from + i}`,
        usage: usageOf(i),
        customer: i % 2 === 0 ? ACME : OTHER,
      }),
    ),
  );
  const salts = recorded.map(({ salt }) => salt as Uint8Array);
  return {
    recorded,
    acme: salts.filter((_, i) => i % 2 === 0),
    other: salts.filter((_, i) => i % 2 === 1),
  };
}

describe('Meter.eraseCustomer', () => {
  it('leaves no byte of the salts of this customer, and those of others as they are', async () => {
    const folder = await temporaryFolder();
    const bed = new MeterBed(folder);
    let meter = await bed.open();
    const first = await recordBoth(meter, 0, 40);
    bed.now += 60;
    await meter.tick();
    // Now they are in a table file; what comes next is in the write-ahead log alone.
    await meter.close();
    meter = await bed.open();
    const second = await recordBoth(meter, 40, 60);
    const salts = [...first.acme, ...second.acme];
    const others = [...first.other, ...second.other];
    for (const salt of [...salts, ...others]) {
      expect(await countFiles(folder, salt)).toBeGreaterThan(0);
    }
    expect(await meter.eraseCustomer(ACME)).toBe(30);
    for (const salt of salts) expect(await countFiles(folder, salt)).toBe(0);
    for (const salt of others) expect(await countFiles(folder, salt)).toBeGreaterThan(0);
    await meter.close();
    for (const salt of salts) expect(await countFiles(folder, salt)).toBe(0);
  });

  it('makes the commitment meaningless here, and leaves receipt and proof as they are', async () => {
    const bed = new MeterBed(await temporaryFolder());
    const meter = await bed.open();
    const { recorded } = await recordBoth(meter, 0, 4);
    bed.now += 60;
    await meter.tick();
    await meter.eraseCustomer(ACME);
    const [before] = recorded as [RecordedRequest];
    const again = await meter.record({ requestId: 'r-0', usage: usageOf(0), customer: ACME });
    expect(again.receipt.bytes).toEqual(before.receipt.bytes);
    expect(again.salt).toBeUndefined();
    verifyRequestProof(await meter.proofFor('r-0'), bed.rules);
    // Whoever has kept the salt can still open it: it is theirs.
    const { customer } = readUsageReceipt(before.receipt.payload);
    if (customer === undefined) throw new Error('no commitment');
    verifyCustomer(customer, ACME, before.salt as Uint8Array);
  });

  it('finds nothing of a customer that is not known or is erased already', async () => {
    const meter = await new MeterBed(await temporaryFolder()).open();
    await recordBoth(meter, 0, 4);
    expect(await meter.eraseCustomer('nobody')).toBe(0);
    expect(await meter.eraseCustomer(OTHER)).toBe(2);
    expect(await meter.eraseCustomer(OTHER)).toBe(0);
  });

  it('finishes after a kill in the middle of it', async () => {
    const folder = await temporaryFolder();
    const bed = new MeterBed(folder);
    const meter = await bed.open();
    const { acme } = await recordBoth(meter, 0, 4);
    await meter.close();
    const db = await openLevelFolder(folder);
    await db.batch([
      { type: 'put', key: Buffer.from('x'), value: Buffer.of() },
      { type: 'del', key: Buffer.concat([Buffer.from('s'), Buffer.alloc(16)]) },
    ]);
    await db.close();
    const [salt] = acme as [Uint8Array];
    expect(await countFiles(folder, salt)).toBeGreaterThan(0);
    await bed.open();
    expect(await countFiles(folder, salt)).toBe(0);
  });
});

describe('the identity of a customer', () => {
  it('is in no byte of the log or of the folder of the meter', async () => {
    const folder = await temporaryFolder();
    const bed = new MeterBed(folder);
    const meter = await bed.open();
    const { recorded } = await recordBoth(meter, 0, 20);
    bed.now += 60;
    await meter.tick();
    await meter.close();
    const logged = bed.log.entries.map((entry) => Buffer.from(entry));
    const payloads = bed.submitted.map(({ payload }) => Buffer.from(payload));
    const receipts = recorded.map(({ receipt }) => Buffer.from(receipt.payload));
    expect(logged).toHaveLength(1);
    for (const identity of IDENTITIES) {
      expect(await countFiles(folder, identity)).toBe(0);
      for (const bytes of [...logged, ...payloads, ...receipts]) {
        expect(bytes.includes(identity)).toBe(false);
      }
    }
    // The request id is there, so the scan sees what is there.
    expect(await countFiles(folder, Buffer.from('r-19'))).toBeGreaterThan(0);
  });
});

describe('eraseRows', () => {
  it('says so when the bytes stay', async () => {
    const folder = await temporaryFolder();
    const db = await openLevelFolder(folder);
    const secret = Buffer.alloc(32, 'secret of 32 bytes, not random. ');
    await db.put(Buffer.from('a'), secret, { sync: true });
    await db.put(Buffer.from('elsewhere'), secret, { sync: true });
    const erasure = {
      range: { gte: Buffer.from('a'), lt: Buffer.from('b') },
      keys: [Buffer.from('a')],
      secrets: [secret],
    };
    expect(await codeOf(() => eraseRows(db, erasure))).toBe('METER_ERASURE_INCOMPLETE');
    await db.del(Buffer.from('elsewhere'), { sync: true });
    const rest = { ...erasure, range: { gte: Buffer.of(0), lt: Buffer.of(255) } };
    expect(await codeOf(() => eraseRows(db, rest))).toBe('nothing thrown');
    expect(db.getSync(Buffer.from('a'))).toBeUndefined();
    await db.close();
  });
});
