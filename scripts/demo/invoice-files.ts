/** What a customer has in hand: the receipts that were kept, and the operator's invoice. */
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { formatInvoice, type Invoice, makeInvoice } from '../../src/core/metering/invoice.ts';
import { formatUsageReceipt } from '../../src/core/metering/usage-receipt.ts';
import type { Auditor } from './auditor.ts';
import type { KeptReceipt, RegionMeter } from './region-meter.ts';

/** Paths. */
export interface InvoiceFiles {
  readonly invoice: string;
  /** One receipt a line. */
  readonly receipts: string;
}

/** The operator's invoice over these requests, each with the proof from its meter. */
export async function billRequests(
  meter: RegionMeter,
  billed: readonly KeptReceipt[],
): Promise<Invoice> {
  return makeInvoice(await Promise.all(billed.map(({ requestId }) => meter.proofFor(requestId))));
}

export async function keepInvoice(
  auditor: Auditor,
  name: string,
  { invoice, kept }: { readonly invoice: Invoice; readonly kept: readonly KeptReceipt[] },
): Promise<InvoiceFiles> {
  const lines = kept.map(({ receipt }) => new TextDecoder().decode(formatUsageReceipt(receipt)));
  return {
    invoice: await auditor.keep(`${name}-invoice.json`, formatInvoice(invoice)),
    receipts: await auditor.keep(`${name}-receipts.jsonl`, encodeUtf8(`${lines.join('\n')}\n`)),
  };
}
