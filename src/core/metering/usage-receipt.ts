/**
 * Usage receipts: what the operator signs for the customer about one request. It is a promise: this request will stand at
 * this place of this window of this meter, in this log, by this time. Customers keep it; the log holds only its hash.
 */
import { AttestryError } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { formatCanonicalJson, type Json, parseCanonicalJson } from '../bytes/json.ts';
import {
  array,
  base64,
  count,
  digest,
  label,
  literal,
  object,
  optional,
  type Reader,
  readShape,
  time,
} from '../bytes/shape.ts';
import { sha256 } from '../merkle/hash.ts';
import {
  publicKeyOf,
  type SignatureEngine,
  signEd25519,
  verifySignature,
} from '../note/ed25519.ts';
import { preAuthEncoding } from '../note/signable.ts';
import { keyIdOf } from '../statement/dsse.ts';
import type { TrustedOperator, TrustRoot } from '../trust/trust-root.ts';
import { parseBuckets, type TokenQuantities, tokenQuantities } from './buckets.ts';
import { type CustomerCommitment, customerCommitment } from './customer.ts';
import type { RequestLeaf } from './sum-tree.ts';

const USAGE_RECEIPT_PAYLOAD_TYPE = 'application/vnd.attestry.usage-receipt+json';
const LARGEST_USAGE_RECEIPT_BYTES = 16 * 1024;

export interface UsageReceipt {
  readonly version: 1;
  /** The operator's id in the trust root. */
  readonly operator: string;
  /** Origin of the log that the window goes to. */
  readonly log: string;
  readonly meter: string;
  /** Hex SHA-256. */
  readonly model: string;
  /** Unique among all requests of the operator. */
  readonly requestId: string;
  /** RFC 3339: when the request was metered; inside the window. */
  readonly at: string;
  /** RFC 3339: by when the window is in the log. */
  readonly due: string;
  /** The window is the meter's statement with this sequence; the request is number `index` in it, from 0. */
  readonly window: { readonly sequence: number; readonly index: number };
  readonly quantities: TokenQuantities;
  readonly customer?: CustomerCommitment;
}

/** A usage receipt as it is kept and handed on; its signature is not verified yet. */
export interface SignedUsageReceipt {
  /** Not to be relied on before the signature is verified. */
  readonly payload: Uint8Array;
  readonly keyid: string;
  readonly signature: Uint8Array;
  /** The canonical bytes of the whole: what a leaf of a request tree hashes. */
  readonly bytes: Uint8Array;
}

interface UsageReceiptFields {
  readonly payload: string;
  readonly payloadType: typeof USAGE_RECEIPT_PAYLOAD_TYPE;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** The JSON shape of a usage receipt, for formats that carry one inside: a DSSE envelope with one signature. */
export const usageReceiptFields: Reader<UsageReceiptFields> = object<UsageReceiptFields>({
  payload: base64,
  payloadType: literal(USAGE_RECEIPT_PAYLOAD_TYPE),
  signatures: array(object({ keyid: digest, sig: base64 }), { min: 1, max: 1 }),
});

const usageReceipt: Reader<UsageReceipt> = object<UsageReceipt>({
  version: literal(1),
  operator: label,
  log: label,
  meter: label,
  model: digest,
  requestId: label,
  at: time,
  due: time,
  window: object({ sequence: count, index: count }),
  quantities: tokenQuantities,
  customer: optional(customerCommitment),
});

/** The receipt in a file; its signature is not verified. @throws INPUT_TOO_LARGE, JSON_*, USAGE_RECEIPT_MALFORMED */
export function parseUsageReceipt(bytes: Uint8Array): SignedUsageReceipt {
  if (bytes.length > LARGEST_USAGE_RECEIPT_BYTES) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected a usage receipt of at most ${LARGEST_USAGE_RECEIPT_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  const fields = readShape(
    'USAGE_RECEIPT_MALFORMED',
    usageReceiptFields,
    parseCanonicalJson(bytes),
  );
  return openFields(fields, bytes);
}

/** The canonical bytes. */
export function formatUsageReceipt(signed: SignedUsageReceipt): Uint8Array {
  return signed.bytes;
}

/** The receipt that JSON fields inside another file describe. @throws INPUT_TOO_LARGE, USAGE_RECEIPT_MALFORMED */
export function usageReceiptOf(fields: UsageReceiptFields): SignedUsageReceipt {
  return parseUsageReceipt(formatCanonicalJson(fields));
}

/** The receipt as JSON inside another file. */
export function usageReceiptJson(signed: SignedUsageReceipt): Json {
  return parseCanonicalJson(signed.bytes);
}

/** An operator's key that signs: the same message gives the same 64 bytes, as RFC 8032 has it. */
export interface ReceiptSigner {
  readonly keyid: string;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** Signs with a 32-byte seed, in pure JavaScript. */
export function seedSigner(seed: Uint8Array): ReceiptSigner {
  const keyid = keyIdOf(publicKeyOf(seed));
  return { keyid, sign: (message) => signEd25519(seed, message) };
}

/** What the operator gives to the customer. @throws USAGE_RECEIPT_MALFORMED */
export function signUsageReceipt(receipt: UsageReceipt, signer: ReceiptSigner): SignedUsageReceipt {
  const payload = formatCanonicalJson(receipt);
  readUsageReceipt(payload);
  const signature = signer.sign(preAuthEncoding(USAGE_RECEIPT_PAYLOAD_TYPE, payload));
  return usageReceiptOf({
    payload: encodeBase64(payload),
    payloadType: USAGE_RECEIPT_PAYLOAD_TYPE,
    signatures: [{ keyid: signer.keyid, sig: encodeBase64(signature) }],
  });
}

/** What a payload says, whoever signed it. @throws JSON_*, USAGE_RECEIPT_MALFORMED */
export function readUsageReceipt(payload: Uint8Array): UsageReceipt {
  return readShape('USAGE_RECEIPT_MALFORMED', usageReceipt, parseCanonicalJson(payload));
}

export interface UsageReceiptRules {
  readonly trust: TrustRoot;
  readonly engine?: SignatureEngine;
}

export interface VerifiedUsageReceipt {
  readonly receipt: UsageReceipt;
  readonly signed: SignedUsageReceipt;
}

/** What the operator has promised. @throws KEY_UNKNOWN, SIGNATURE_*, JSON_*, USAGE_RECEIPT_MALFORMED, OPERATOR_UNAUTHORIZED */
export function verifyUsageReceipt(
  signed: SignedUsageReceipt,
  { trust, engine }: UsageReceiptRules,
): VerifiedUsageReceipt {
  const { payload, keyid, signature } = signed;
  const key = trust.operatorKeys.get(keyid);
  if (key === undefined) {
    throw new AttestryError(
      'KEY_UNKNOWN',
      `Expected a signature by an operator's key of the trust root, got one by key ${keyid.slice(0, 16)}….`,
    );
  }
  const message = preAuthEncoding(USAGE_RECEIPT_PAYLOAD_TYPE, payload);
  verifySignature({ publicKey: key.publicKey, message, signature }, engine);
  const receipt = readUsageReceipt(payload);
  verifyAuthority(key.operator, receipt);
  return { receipt, signed };
}

/** The leaf that the receipt is in its window's request tree. */
export function leafOfReceipt({ receipt, signed }: VerifiedUsageReceipt): RequestLeaf {
  return { receiptDigest: sha256(signed.bytes), buckets: parseBuckets(receipt.quantities) };
}

/** Hex SHA-256 of the receipt's bytes. */
export function usageReceiptDigest(signed: SignedUsageReceipt): string {
  return encodeHex(sha256(signed.bytes));
}

function verifyAuthority(operator: TrustedOperator, receipt: UsageReceipt): void {
  const problem =
    (receipt.operator !== operator.id && `speak for ${receipt.operator}`) ||
    (!operator.kinds.includes('usage') && 'make usage statements') ||
    (!operator.logs.includes(receipt.log) && `write to log ${receipt.log}`);
  if (problem) {
    throw new AttestryError(
      'OPERATOR_UNAUTHORIZED',
      `The trust root does not let ${operator.id} ${problem}.`,
    );
  }
}

function openFields(fields: UsageReceiptFields, bytes: Uint8Array): SignedUsageReceipt {
  const [signature] = fields.signatures;
  const { keyid, sig } = signature as UsageReceiptFields['signatures'][number];
  return { payload: decodeBase64(fields.payload), keyid, signature: decodeBase64(sig), bytes };
}
