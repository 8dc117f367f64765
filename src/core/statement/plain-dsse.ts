/**
 * The fast way into an envelope. Canonical JSON of one shape has one spelling: the same letters around base64 and hex
 * digits, none of which JSON escapes. So bytes that are those letters with those digits between them are an envelope, and
 * no JSON need be parsed, checked and written anew to know it. It only ever says yes: all else is for the plain way to judge.
 */
import { decodeBase64Into, decodedLength } from '../bytes/base64.ts';
import { hasBytesAt } from '../bytes/equal.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/utf8.ts';
import { preAuthFramer } from '../note/signable.ts';
import type { DsseEnvelope, DsseFormat, DsseSignature } from './dsse.ts';

const PAYLOAD = encodeUtf8('{"payload":"');
const KEYID = encodeUtf8('{"keyid":"');
const SIG = encodeUtf8('","sig":"');
const END_OF_SIGNATURE = encodeUtf8('"}');
const END = encodeUtf8(']}');
const QUOTE = 0x22;
const COMMA = 0x2c;
const KEYID_DIGITS = 64;
const SIGNATURE_BYTES = 64;
const SIGNATURE_LETTERS = 88;
const SIGNATURE_WIDTH =
  KEYID.length + KEYID_DIGITS + SIG.length + SIGNATURE_LETTERS + END_OF_SIGNATURE.length;

/** Gives the envelope of a format in its bytes; undefined where they are anything but exactly one with signatures of 64 bytes. */
export function plainDsseReader(
  format: DsseFormat,
): (bytes: Uint8Array) => DsseEnvelope | undefined {
  const middle = encodeUtf8(`","payloadType":${JSON.stringify(format.payloadType)},"signatures":[`);
  const frame = preAuthFramer(format.payloadType);
  return (bytes) => {
    if (!hasBytesAt(bytes, 0, PAYLOAD)) return undefined;
    const end = bytes.indexOf(QUOTE, PAYLOAD.length);
    if (end < 0 || !hasBytesAt(bytes, end, middle)) return undefined;
    const signatures = readSignatures(bytes.subarray(end + middle.length), format.signatures);
    if (signatures === undefined) return undefined;
    const letters = bytes.subarray(PAYLOAD.length, end);
    const { message, payload } = frame(decodedLength(letters));
    return decodeBase64Into(letters, payload) ? { message, payload, signatures } : undefined;
  };
}

/** The signatures in `[…]}` after its bracket, in ascending order of keyid. */
function readSignatures(
  bytes: Uint8Array,
  { min, max }: DsseFormat['signatures'],
): DsseSignature[] | undefined {
  const count = (bytes.length - END.length + 1) / (SIGNATURE_WIDTH + 1);
  if (!Number.isInteger(count) || count < Math.max(1, min) || count > max) return undefined;
  if (!hasBytesAt(bytes, bytes.length - END.length, END)) return undefined;
  const signatures: DsseSignature[] = [];
  let before = '';
  for (let i = 0; i < count; i++) {
    const start = i * (SIGNATURE_WIDTH + 1);
    if (i > 0 && bytes[start - 1] !== COMMA) return undefined;
    const signature = readSignature(bytes.subarray(start, start + SIGNATURE_WIDTH));
    if (signature === undefined || signature.keyid <= before) return undefined;
    signatures.push(signature);
    before = signature.keyid;
  }
  return signatures;
}

function readSignature(bytes: Uint8Array): DsseSignature | undefined {
  const sigAt = KEYID.length + KEYID_DIGITS;
  const lettersAt = sigAt + SIG.length;
  const endAt = lettersAt + SIGNATURE_LETTERS;
  if (!hasBytesAt(bytes, 0, KEYID) || !hasBytesAt(bytes, sigAt, SIG)) return undefined;
  if (!hasBytesAt(bytes, endAt, END_OF_SIGNATURE)) return undefined;
  const keyid = readDigits(bytes.subarray(KEYID.length, sigAt));
  const letters = bytes.subarray(lettersAt, endAt);
  const signature = new Uint8Array(SIGNATURE_BYTES);
  if (keyid === undefined || decodedLength(letters) !== SIGNATURE_BYTES) return undefined;
  return decodeBase64Into(letters, signature) ? { keyid, signature } : undefined;
}

/** The text of lowercase hex digits. */
function readDigits(bytes: Uint8Array): string | undefined {
  for (const byte of bytes) {
    const isDigit = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
    if (!isDigit) return undefined;
  }
  return decodeUtf8(bytes);
}
