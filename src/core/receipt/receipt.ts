/** Receipts: the portable proof that ONE entry stands in a log. Envelope, inclusion proof, cosigned checkpoint. */
import { AttestryError } from '../../errors.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import { anyText, literal, object, readShape } from '../bytes/shape.ts';
import { formatTlogProof, parseTlogProof, type TlogProof } from '../note/tlog-proof.ts';
import { type Envelope, envelopeFields, envelopeOf, fieldsOf } from '../statement/envelope.ts';

export const RECEIPT_TYPE = 'attestry/receipt';
export const LARGEST_RECEIPT_BYTES = 1024 * 1024;

export interface Receipt {
  readonly envelope: Envelope;
  /** A c2sp.org/tlog-proof whose leaf is the envelope's entry. */
  readonly proof: TlogProof;
}

const receiptFile = object({
  envelope: envelopeFields,
  proof: anyText,
  type: literal(RECEIPT_TYPE),
  version: literal(1),
});

/** @throws INPUT_TOO_LARGE, JSON_*, RECEIPT_MALFORMED, ENVELOPE_*, PROOF_MALFORMED */
export function parseReceipt(bytes: Uint8Array): Receipt {
  if (bytes.length > LARGEST_RECEIPT_BYTES) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected a receipt of at most ${LARGEST_RECEIPT_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  const file = readShape('RECEIPT_MALFORMED', receiptFile, parseCanonicalJson(bytes));
  return { envelope: envelopeOf(file.envelope), proof: parseTlogProof(file.proof) };
}

/** What stands in a receipt before the entry. */
export const RECEIPT_HEAD = '{"envelope":';
/** What stands after the entry, before the proof as JSON text. */
export const RECEIPT_MIDDLE = ',"proof":';
/** What stands after the proof. */
export const RECEIPT_TAIL = `,"type":${JSON.stringify(RECEIPT_TYPE)},"version":1}`;

/** RFC 8785 bytes. */
export function formatReceipt(receipt: Receipt): Uint8Array {
  return formatCanonicalJson({
    envelope: fieldsOf(receipt.envelope),
    proof: formatTlogProof(receipt.proof),
    type: RECEIPT_TYPE,
    version: 1,
  });
}
