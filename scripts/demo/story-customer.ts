/** Chapter: a customer checks an invoice against the log, and is forgotten afterwards. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyCustomer } from '../../src/core/metering/customer.ts';
import { readUsageReceipt } from '../../src/core/metering/usage-receipt.ts';
import type { Auditor } from './auditor.ts';
import { demand, demandEqual } from './expectation.ts';
import { billRequests, type InvoiceFiles, keepInvoice } from './invoice-files.ts';
import type { Narrator } from './narrator.ts';
import { CUSTOMERS, type KeptReceipt } from './region-meter.ts';
import type { RegionUsage } from './story-usage.ts';

const [CUSTOMER = ''] = CUSTOMERS;

interface CustomerInput {
  /** In one region. */
  readonly usage: RegionUsage;
  /** Path of the dossier that lists all usage of the model. */
  readonly dossier: string;
}

export async function auditInvoice(
  auditor: Auditor,
  narrator: Narrator,
  { usage, dossier }: CustomerInput,
): Promise<InvoiceFiles> {
  const { meter, site } = usage;
  const kept = usage.kept.filter(({ customer }) => customer === CUSTOMER);
  const invoice = await billRequests(meter, kept);
  const files = await keepInvoice(auditor, CUSTOMER, { invoice, kept });
  const { receipts } = files;
  const report = await auditor.checkInvoice(
    files.invoice,
    { outcome: 'VALID' },
    { receipts, dossier },
  );
  demandEqual(report.lines.length, kept.length, 'the lines of the report');
  const { requests, inputTokens, outputTokens } = report.totals.proven;
  demandEqual(requests, String(kept.length), 'the requests that are proven');
  narrator.say(
    `${site.party.operatorName} bills the customer ${CUSTOMER} for ${requests} requests, ${inputTokens} tokens in and ${outputTokens} out.`,
  );
  narrator.say(
    `attestry invoice check proves each of the ${kept.length} receipts that the customer kept to be in its logged window, and the total to be right: VALID.`,
  );
  await tellIdentity(narrator, usage, kept);
  return files;
}

/** Who the customer is stands nowhere; only the salt shows whose a receipt is, until it is destroyed. */
async function tellIdentity(
  narrator: Narrator,
  { site, meter, folder }: RegionUsage,
  kept: readonly KeptReceipt[],
): Promise<void> {
  for (const { receipt, salt } of kept) {
    const { customer } = readUsageReceipt(receipt.payload);
    demand(customer !== undefined, 'a commitment in every receipt');
    verifyCustomer(customer, CUSTOMER, salt);
  }
  const files = [...(await filesIn(site.data)), ...(await filesIn(folder))];
  demand(await isFound(kept[0]?.requestId ?? '', files), 'the request id, to know how to look');
  demand(!isFound(CUSTOMER, files), 'the name of the customer in no file');
  narrator.say(
    `Who the customer is stands in no byte of log or meter: ${files.length} files were searched. Only the salt to a receipt shows whose it is.`,
  );
  demandEqual(await meter.forget(CUSTOMER), kept.length, 'the salts that were destroyed');
  const [salts, gone] = [kept.map(({ salt }) => salt), await filesIn(folder)];
  for (const salt of salts) demand(!isFound(Buffer.from(salt), gone), 'no salt of the customer');
  narrator.say(
    `Asked to forget ${CUSTOMER}, the meter destroys the ${kept.length} salts: none of their bytes is left in its folder.`,
  );
}

async function filesIn(folder: string): Promise<readonly Buffer[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))));
}

function isFound(wanted: string | Buffer, files: readonly Buffer[]): boolean {
  return files.some((file) => file.includes(wanted));
}
