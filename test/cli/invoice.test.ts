import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { formatDossier } from '../../src/core/dossier/dossier.ts';
import { formatInvoice, makeInvoice } from '../../src/core/metering/invoice.ts';
import type { InvoiceReport } from '../../src/core/metering/invoice-report.ts';
import { formatRequestProof, type RequestProof } from '../../src/core/metering/request-proof.ts';
import { openMeter } from '../../src/meter/meter.ts';
import { MeterBed, usageOf } from '../helpers/meter-bed.ts';
import { signTrust } from '../helpers/signed-trust.ts';
import { MODEL } from '../helpers/statements.ts';
import { attestry, type Ended } from './command-line.ts';

const IDS = Array.from({ length: 6 }, (_, i) => `request-${i}`);

describe('attestry invoice check', () => {
  let folder = '';
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeFile(join(folder, name), content);
  const check = (...args: readonly string[]): Promise<Ended> =>
    attestry(['invoice', 'check', ...args, '--trust', 'trust.json'], { cwd: folder });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attestry-cli-'));
    const bed = new MeterBed(join(folder, 'meter'));
    // The program goes by the clock of the system.
    bed.witnessedAt = Math.floor(Date.now() / 1000);
    bed.now = bed.witnessedAt - 7200;
    bed.rules = { ...bed.rules, now: bed.witnessedAt };
    const meter = await openMeter(bed.options);
    for (const [i, requestId] of IDS.entries()) {
      await meter.record({ requestId, usage: usageOf(i), customer: 'acme' });
    }
    bed.now += 3600;
    await meter.tick();
    const proofs = await Promise.all(IDS.map((requestId) => meter.proofFor(requestId)));
    await meter.close();
    const [first] = proofs as [RequestProof];
    const invoice = makeInvoice(proofs);
    await write('trust.json', signTrust(bed.rules.trust.file));
    await write('invoice.json', formatInvoice(invoice));
    await write('proof.json', formatRequestProof(first));
    await write('short.json', formatInvoice(makeInvoice(proofs.slice(0, 4))));
    const totals = { ...invoice.totals, outputTokens: '1000000' };
    await write('inflated.json', formatInvoice({ ...invoice, totals }));
    const lines = proofs.map(({ receipt }) => Buffer.from(receipt.bytes).toString());
    await write('kept.jsonl', `${lines.join('\n')}\n`);
    const log = bed.log.dossierLog(MODEL, { time: bed.witnessedAt });
    await write('dossier.json', formatDossier({ model: MODEL, logs: [log], findings: [] }));
    return () => rm(folder, { recursive: true, force: true });
  });

  test('says VALID of an honest invoice, request by request, and ends with 0', async () => {
    const { code, stdout, stderr } = await check('invoice.json', '--receipts', 'kept.jsonl');
    expect(stderr).toMatch(/^Trust root [^\n]* tolerates 1 dishonest one\.\n$/);
    expect(stdout).toMatch(/^VALID: invoice; 6 of 6 requests are proven to be in the log\n/);
    for (const id of IDS) expect(stdout).toContain(`VALID ${id} (line `);
    expect(stdout).toContain('Not proven');
    expect(code).toBe(0);
  });

  test('takes the proof of a single request too', async () => {
    const { code, stdout } = await check('proof.json', '--json');
    expect(code).toBe(0);
    const { lines, totals } = JSON.parse(stdout) as InvoiceReport;
    expect(lines).toMatchObject([{ requestId: 'request-0', code: null, outcome: 'VALID' }]);
    expect(totals.proven.requests).toBe('1');
  });

  test('says INVALID of a total that is not the sum, and ends with 1', async () => {
    const { code, stdout } = await check('inflated.json');
    expect(stdout).toContain('INVOICE_TOTAL_MISMATCH');
    expect(code).toBe(1);
  });

  test('says INCONCLUSIVE of a kept receipt that the invoice leaves out, and ends with 2', async () => {
    const { code, stdout } = await check(
      ...['short.json', '--receipts', 'kept.jsonl', '--dossier', 'dossier.json'],
    );
    expect(stdout).toMatch(/^INCONCLUSIVE/);
    expect(stdout).toContain('USAGE_RECEIPT_UNPROVEN request-4 (kept receipt 5): Entry 0 of');
    expect(code).toBe(2);
  });

  test('refuses what is no invoice, by code and with 1', async () => {
    for (const file of ['trust.json', 'dossier.json']) {
      const { code, stderr } = await check(file);
      expect(stderr).toContain('INVOICE_MALFORMED');
      expect(code).toBe(1);
    }
    const { code, stderr } = await check('missing.json');
    expect([code, stderr]).toEqual([1, expect.stringContaining('FILE_UNREADABLE')]);
  });
});
