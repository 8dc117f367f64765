/** Receipts: the portable proof that ONE entry stands in a log. Envelope, inclusion proof, cosigned checkpoint. */
import { AttestryError } from '../../errors.ts';
import { concatBytes, hasBytesAt } from '../bytes/equal.ts';
import { parseCanonicalJson } from '../bytes/json.ts';
import { anyText, literal, object, readShape } from '../bytes/shape.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/utf8.ts';
import { formatTlogProof, parseTlogProof, type TlogProof } from '../note/tlog-proof.ts';
import {
  type Envelope,
  envelopeFields,
  envelopeOf,
  readPlainEnvelope,
} from '../statement/envelope.ts';

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
  return readPlainReceipt(bytes) ?? parseReceiptJson(bytes);
}

/** The plain way: whatever JSON the bytes are, it says what is wrong with it. */
export function parseReceiptJson(bytes: Uint8Array): Receipt {
  const file = readShape('RECEIPT_MALFORMED', receiptFile, parseCanonicalJson(bytes));
  return { envelope: envelopeOf(file.envelope), proof: parseTlogProof(file.proof) };
}

/** What stands in a receipt before the entry. */
export const RECEIPT_HEAD = '{"envelope":';
/** What stands after the entry, before the proof as JSON text. */
export const RECEIPT_MIDDLE = ',"proof":';
/** What stands after the proof. */
export const RECEIPT_TAIL = `,"type":${JSON.stringify(RECEIPT_TYPE)},"version":1}`;

const HEAD = encodeUtf8(RECEIPT_HEAD);
const MIDDLE = encodeUtf8(RECEIPT_MIDDLE);
const TAIL = encodeUtf8(RECEIPT_TAIL);
const CLOSING_BRACKET = 0x5d;
/** What proofs are written in: newlines, printable ASCII without quotes and backslashes, and the dash of signature lines. */
const UNUSUAL = /[^\n !#-[\]-~—]/;

/**
 * The fast way, as `plainDsseReader` is one into an envelope: canonical JSON of one shape has one spelling, so these letters
 * around a plain envelope and around a proof with no escapes but those of newlines are a receipt. It only ever says yes;
 * undefined where the plain way is to judge. It throws what the plain way throws.
 */
export function readPlainReceipt(bytes: Uint8Array): Receipt | undefined {
  // A plain envelope holds one bracket that closes, at the end of its signatures.
  const entryEnd = bytes.indexOf(CLOSING_BRACKET, HEAD.length) + 2;
  const textStart = entryEnd + MIDDLE.length;
  const textEnd = bytes.length - TAIL.length;
  if (!hasBytesAt(bytes, 0, HEAD) || !hasBytesAt(bytes, entryEnd, MIDDLE)) return undefined;
  if (textEnd < textStart || !hasBytesAt(bytes, textEnd, TAIL)) return undefined;
  // Bytes of its own, as the plain way gives.
  const envelope = readPlainEnvelope(new Uint8Array(bytes.subarray(HEAD.length, entryEnd)));
  if (envelope === undefined) return undefined;
  const proof = readPlainText(decodeUtf8(bytes.subarray(textStart, textEnd)));
  return proof === undefined ? undefined : { envelope, proof: parseTlogProof(proof) };
}

/** What the JSON of a text stands for, where only newlines are escaped in it. */
function readPlainText(json: string): string | undefined {
  if (json.length < 2 || !json.startsWith('"') || !json.endsWith('"')) return undefined;
  if (json.includes('\n')) return undefined;
  // A backslash that is escaped itself is left over here.
  const text = json.slice(1, -1).replaceAll('\\n', '\n');
  return UNUSUAL.test(text) ? undefined : text;
}

/** RFC 8785 bytes: an entry is canonical as it is, and of text JSON has one spelling. */
export function formatReceipt({ envelope, proof }: Receipt): Uint8Array {
  const text = JSON.stringify(formatTlogProof(proof));
  return concatBytes(HEAD, envelope.entry, encodeUtf8(`${RECEIPT_MIDDLE}${text}${RECEIPT_TAIL}`));
}
