/** Request proofs: that a request, as its usage receipt states it, is counted in a logged window. */
import { AttestryError } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { decodeHex } from '../bytes/hex.ts';
import { formatCanonicalJson, type Json, parseCanonicalJson } from '../bytes/json.ts';
import { array, base64, literal, object, type Reader, readShape } from '../bytes/shape.ts';
import {
  formatReceipt,
  LARGEST_RECEIPT_BYTES,
  parseReceipt,
  type Receipt,
} from '../receipt/receipt.ts';
import { type VerifiedReceipt, verifyReceipt } from '../receipt/verify.ts';
import type { StatementOf } from '../statement/statement.ts';
import type { VerificationRules } from '../trust/quorum.ts';
import { formatBuckets, parseBuckets, type TokenQuantities, tokenQuantities } from './buckets.ts';
import { contradictionOf, promisedWindowKey, windowKeyOf } from './request-window.ts';
import { type SumSibling, verifySum } from './sum-tree.ts';
import {
  leafOfReceipt,
  type SignedUsageReceipt,
  type UsageReceipt,
  usageReceiptFields,
  usageReceiptJson,
  usageReceiptOf,
  type VerifiedUsageReceipt,
  verifyUsageReceipt,
} from './usage-receipt.ts';

export const REQUEST_PROOF_TYPE = 'attestry/request-proof';
const LARGEST_PROOF_BYTES = LARGEST_RECEIPT_BYTES + 64 * 1024;

export interface RequestProof {
  readonly receipt: SignedUsageReceipt;
  /** From the request's own neighbour up to the root's child. */
  readonly path: readonly SumSibling[];
  /** The log's receipt of the window's usage statement. */
  readonly window: Receipt;
}

interface PathFields {
  readonly hash: string;
  readonly quantities: TokenQuantities;
}

/** The JSON shape of a path, for formats that carry one inside. */
export const pathFields: Reader<readonly PathFields[]> = array(
  object<PathFields>({ hash: base64, quantities: tokenQuantities }),
  { max: 53 },
);

/** Any JSON, for a format inside this one that has a parser of its own. */
export const innerFile: Reader<Json> = (value) => value ?? null;

const requestProofFile = object({
  path: pathFields,
  receipt: usageReceiptFields,
  type: literal(REQUEST_PROOF_TYPE),
  version: literal(1),
  window: innerFile,
});

/** @throws INPUT_TOO_LARGE, JSON_*, REQUEST_PROOF_MALFORMED, RECEIPT_MALFORMED, ENVELOPE_*, PROOF_MALFORMED */
export function parseRequestProof(bytes: Uint8Array): RequestProof {
  if (bytes.length > LARGEST_PROOF_BYTES) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected a request proof of at most ${LARGEST_PROOF_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  const file = readShape('REQUEST_PROOF_MALFORMED', requestProofFile, parseCanonicalJson(bytes));
  return {
    receipt: usageReceiptOf(file.receipt),
    path: pathOf(file.path),
    window: receiptOf(file.window),
  };
}

/** RFC 8785 bytes. */
export function formatRequestProof({ receipt, path, window }: RequestProof): Uint8Array {
  return formatCanonicalJson({
    path: pathJson(path),
    receipt: usageReceiptJson(receipt),
    type: REQUEST_PROOF_TYPE,
    version: 1,
    window: receiptJson(window),
  });
}

export function pathOf(fields: readonly PathFields[]): readonly SumSibling[] {
  return fields.map(({ hash, quantities }) => ({
    hash: decodeBase64(hash),
    buckets: parseBuckets(quantities),
  }));
}

export function pathJson(path: readonly SumSibling[]): readonly PathFields[] {
  return path.map(({ hash, buckets }) => ({
    hash: encodeBase64(hash),
    quantities: formatBuckets(buckets),
  }));
}

/** A log receipt that stands as JSON inside another file. @throws RECEIPT_MALFORMED, ENVELOPE_*, PROOF_MALFORMED */
export function receiptOf(json: Json): Receipt {
  return parseReceipt(formatCanonicalJson(json));
}

export function receiptJson(receipt: Receipt): Json {
  return parseCanonicalJson(formatReceipt(receipt));
}

/** A window's usage statement, proven to be in its log. */
export interface VerifiedWindow extends VerifiedReceipt {
  readonly statement: StatementOf<'usage'>;
  /** The log's receipt that proves it. */
  readonly shown: Receipt;
}

export interface VerifiedRequest {
  readonly receipt: UsageReceipt;
  readonly window: VerifiedWindow;
}

/** The request and its window, if the window is logged and counts it. @throws every code of the steps below, in their order */
export function verifyRequestProof(proof: RequestProof, rules: VerificationRules): VerifiedRequest {
  const window = verifyWindow(proof.window, rules);
  return verifyRequest(verifyUsageReceipt(proof.receipt, rules), window, proof.path);
}

/** The window, if the log's receipt is of a usage statement. @throws what `verifyReceipt` throws, REQUEST_WINDOW_MISMATCH */
export function verifyWindow(receipt: Receipt, rules: VerificationRules): VerifiedWindow {
  const verified = verifyReceipt(receipt, rules);
  const { statement } = verified;
  if (statement.kind === 'usage') return { ...verified, statement, shown: receipt };
  throw mismatch(`the log's receipt of a usage statement, got one of kind ${statement.kind}`);
}

/** @throws REQUEST_WINDOW_MISMATCH, REQUEST_PROOF_INVALID, HASH_MALFORMED, REQUEST_TREE_MISMATCH */
export function verifyRequest(
  verified: VerifiedUsageReceipt,
  window: VerifiedWindow,
  path: readonly SumSibling[],
): VerifiedRequest {
  const { receipt } = verified;
  const { statement } = window;
  const [promised, shown] = [promisedWindowKey(receipt), windowKeyOf(statement)];
  if (promised !== shown) throw mismatch(`the window ${promised}, got ${shown}`);
  const contradiction = contradictionOf(receipt, statement);
  const { requestTree, quantities } = statement.predicate;
  if (contradiction !== undefined || requestTree === undefined) {
    throw mismatch(`a window that can hold the request; ${contradiction}`);
  }
  verifySum({
    leaf: leafOfReceipt(verified),
    index: receipt.window.index,
    count: Number(requestTree.count),
    path,
    root: decodeHex(requestTree.root),
    buckets: parseBuckets(quantities),
  });
  return { receipt, window };
}

function mismatch(expected: string): AttestryError {
  return new AttestryError('REQUEST_WINDOW_MISMATCH', `Expected ${expected}.`);
}
