/** The report on an invoice: one line for each request, and the totals. */
import type { AttestryErrorCode, Outcome } from '../../errors.ts';
import type { Json } from '../bytes/json.ts';
import type { InvoiceTotals } from './invoice.ts';

/** JSON. What is said of a request rests on the operator's signature, unless its id is null. */
export interface InvoiceReport {
  readonly type: 'attestry/invoice-report';
  readonly version: 1;
  readonly outcome: Outcome;
  /** Of the invoice as a whole. */
  readonly problems: readonly InvoiceProblem[];
  /** In the order of the invoice; after it, receipts that were kept and are not in the invoice. */
  readonly lines: readonly InvoiceLine[];
  readonly totals: {
    readonly stated: InvoiceTotals;
    /** Of the requests in the invoice that nothing speaks against, each once. */
    readonly recomputed: InvoiceTotals;
    /** Of those among them that are proven. */
    readonly proven: InvoiceTotals;
  };
  /** What this cannot prove, in sentences. */
  readonly notProven: readonly string[];
  readonly trustRoot: string;
  readonly verifiedAt: string;
}

export interface InvoiceProblem {
  readonly code: AttestryErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
}

export interface InvoiceLine {
  readonly of: 'invoice' | 'kept receipt';
  /** Its number there, from 0. */
  readonly line: number;
  /** Null where no operator of the trust root has signed the receipt. */
  readonly requestId: string | null;
  /** Null where the request is proven to be in its logged window. */
  readonly code: AttestryErrorCode | null;
  readonly outcome: Outcome;
  readonly message: string;
  /** Where the code is USAGE_RECEIPT_UNFULFILLED: what the operator signed, and what contradicts it. */
  readonly evidence?: InvoiceEvidence;
}

export interface InvoiceEvidence {
  readonly receipt: Json;
  /** The log's receipt of the window; absent where the log holds no such window, which the dossier proves. */
  readonly window?: Json;
  /** Another receipt that the operator signed for the same request or the same place. */
  readonly other?: Json;
}
