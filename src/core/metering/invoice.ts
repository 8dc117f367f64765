/** Invoices: a set of requests and what they add up to. Each request brings the proof that its window counts it, or none. */
import { AttestryError } from '../../errors.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import {
  array,
  count,
  literal,
  object,
  optional,
  quantity,
  type Reader,
  readShape,
} from '../bytes/shape.ts';
import type { Receipt } from '../receipt/receipt.ts';
import type { UsageQuantities } from '../statement/usage.ts';
import { addBuckets, NO_TOKENS, parseBuckets, quantitiesOf } from './buckets.ts';
import {
  innerFile,
  pathFields,
  pathJson,
  pathOf,
  type RequestProof,
  receiptJson,
  receiptOf,
} from './request-proof.ts';
import type { SumSibling } from './sum-tree.ts';
import {
  readUsageReceipt,
  type SignedUsageReceipt,
  usageReceiptFields,
  usageReceiptJson,
  usageReceiptOf,
} from './usage-receipt.ts';

const INVOICE_TYPE = 'attestry/invoice';
export const LARGEST_INVOICE_BYTES = 256 * 1024 * 1024;

/** Requests, token buckets, and input and output totals, as decimal strings. */
export type InvoiceTotals = Omit<UsageQuantities, 'energyWattHours'>;

export interface InvoicedRequest {
  readonly receipt: SignedUsageReceipt;
  /** Absent where nobody has asked the operator for it yet. */
  readonly proof?: {
    /** Number of the log receipt in `windows`, from 0. */
    readonly window: number;
    readonly path: readonly SumSibling[];
  };
}

export interface Invoice {
  readonly totals: InvoiceTotals;
  /** Log receipts of the windows that the requests are in, each once. */
  readonly windows: readonly Receipt[];
  readonly requests: readonly InvoicedRequest[];
}

const invoiceTotals: Reader<InvoiceTotals> = object<InvoiceTotals>({
  requests: quantity,
  inputUncachedTokens: quantity,
  inputCachedTokens: quantity,
  inputCacheWriteTokens: quantity,
  inputTokens: quantity,
  outputVisibleTokens: quantity,
  outputReasoningTokens: quantity,
  outputTokens: quantity,
});

const invoiceFile = object({
  requests: array(
    object({
      receipt: usageReceiptFields,
      proof: optional(object({ window: count, path: pathFields })),
    }),
    { max: 1_000_000 },
  ),
  totals: invoiceTotals,
  type: literal(INVOICE_TYPE),
  version: literal(1),
  windows: array(innerFile, { max: 1_000_000 }),
});

/** @throws INPUT_TOO_LARGE, JSON_*, INVOICE_MALFORMED, RECEIPT_MALFORMED, ENVELOPE_*, PROOF_MALFORMED */
export function parseInvoice(bytes: Uint8Array): Invoice {
  if (bytes.length > LARGEST_INVOICE_BYTES) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected an invoice of at most ${LARGEST_INVOICE_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  const file = readShape('INVOICE_MALFORMED', invoiceFile, parseCanonicalJson(bytes));
  const windows = file.windows.map(receiptOf);
  const requests = file.requests.map(({ receipt, proof }): InvoicedRequest => {
    if (proof === undefined) return { receipt: usageReceiptOf(receipt) };
    if (proof.window >= windows.length) {
      throw new AttestryError(
        'INVOICE_MALFORMED',
        `Expected a window below ${windows.length}, got ${proof.window}.`,
      );
    }
    return {
      receipt: usageReceiptOf(receipt),
      proof: { window: proof.window, path: pathOf(proof.path) },
    };
  });
  return { totals: file.totals, windows, requests };
}

/** RFC 8785 bytes. */
export function formatInvoice({ totals, windows, requests }: Invoice): Uint8Array {
  return formatCanonicalJson({
    requests: requests.map(({ receipt, proof }) => ({
      receipt: usageReceiptJson(receipt),
      ...(proof === undefined
        ? {}
        : { proof: { window: proof.window, path: pathJson(proof.path) } }),
    })),
    totals,
    type: INVOICE_TYPE,
    version: 1,
    windows: windows.map(receiptJson),
  });
}

/** The invoice over these requests, with the total that their receipts add up to; proofs and bare receipts may be mixed. */
export function makeInvoice(requests: readonly (RequestProof | SignedUsageReceipt)[]): Invoice {
  const windows: Receipt[] = [];
  const invoiced = requests.map((request): InvoicedRequest => {
    if (!('window' in request)) return { receipt: request };
    const { receipt, path, window } = request;
    return { receipt, proof: { window: placeOf(window, windows), path } };
  });
  const total = invoiced
    .map(({ receipt }) => parseBuckets(readUsageReceipt(receipt.payload).quantities))
    .reduce(addBuckets, NO_TOKENS);
  return { totals: quantitiesOf(invoiced.length, total), windows, requests: invoiced };
}

/** The number of the window in the list; it is added where it is not there yet. */
function placeOf(window: Receipt, windows: Receipt[]): number {
  // Requests come in order of their windows, so the one wanted is most often the last.
  const at = windows.findLastIndex(({ envelope }) =>
    bytesEqual(envelope.entry, window.envelope.entry),
  );
  return at >= 0 ? at : windows.push(window) - 1;
}
