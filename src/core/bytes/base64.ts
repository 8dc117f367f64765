import { AttestryError } from '../../errors.ts';
import { quote } from './hex.ts';
import { encodeUtf8 } from './utf8.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PAD = 61;
const INVALID = 255;
const NO_LETTER = 0;
/** By the letter's code; INVALID for every other byte. */
const SIX_BITS = new Uint8Array(256).fill(INVALID);
for (let i = 0; i < 64; i++) SIX_BITS[ALPHABET.charCodeAt(i)] = i;
const SIX_BITS_TO_CODE = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const ascii = new TextDecoder();

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    // Past the end an index gives undefined, which counts as 0 here.
    const group =
      ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    out[at++] = SIX_BITS_TO_CODE[group >> 18] as number;
    out[at++] = SIX_BITS_TO_CODE[(group >> 12) & 63] as number;
    out[at++] = SIX_BITS_TO_CODE[(group >> 6) & 63] as number;
    out[at++] = SIX_BITS_TO_CODE[group & 63] as number;
  }
  const left = bytes.length % 3;
  if (left > 0) out[at - 1] = PAD;
  if (left === 1) out[at - 2] = PAD;
  return ascii.decode(out);
}

/**
 * The bytes of canonical base64: no URL alphabet, no spaces, full padding, zero trailing bits. Lenient decoders
 * give one value many spellings; here one value has one. @throws BASE64_MALFORMED
 */
export function decodeBase64(text: string): Uint8Array {
  const letters = text.length > SHORT_TEXT ? encodeUtf8(text) : lettersOf(text);
  const out = new Uint8Array(decodedLength(letters));
  if (decodeBase64Into(letters, out)) return out;
  throw new AttestryError(
    'BASE64_MALFORMED',
    `Expected canonical standard base64 with padding, got ${quote(text)}.`,
  );
}

// Hashes and signatures come by the dozen: a buffer for the letters of each would cost more than to decode them.
const SHORT_TEXT = 256;
const shortText = new Uint8Array(SHORT_TEXT);

/** The letters of a short text, until the next call. */
function lettersOf(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    shortText[i] = code < 0x80 ? code : NO_LETTER;
  }
  return shortText.subarray(0, text.length);
}

/** How many bytes the base64 in ASCII `letters` stands for, if it is canonical. */
export function decodedLength(letters: Uint8Array): number {
  return Math.max(0, Math.floor(letters.length / 4) * 3 - paddingOf(letters));
}

/** Writes the bytes of the base64 in `letters` into `out`, of `decodedLength`; false, with `out` in any state, where it is not canonical. */
export function decodeBase64Into(letters: Uint8Array, out: Uint8Array): boolean {
  if (letters.length % 4 !== 0) return false;
  const padding = paddingOf(letters);
  const whole = padding === 0 ? letters.length : letters.length - 4;
  let invalid = 0;
  let at = 0;
  for (let i = 0; i < whole; i += 4) {
    const a = SIX_BITS[letters[i] as number] as number;
    const b = SIX_BITS[letters[i + 1] as number] as number;
    const c = SIX_BITS[letters[i + 2] as number] as number;
    const d = SIX_BITS[letters[i + 3] as number] as number;
    invalid |= a | b | c | d;
    out[at++] = (a << 2) | (b >> 4);
    out[at++] = (b << 4) | (c >> 2);
    out[at++] = (c << 6) | d;
  }
  // INVALID has bits that no six bits have.
  if (invalid > 63) return false;
  return padding === 0 || decodeLastGroup(letters.subarray(whole), out.subarray(at));
}

function paddingOf(letters: Uint8Array): number {
  if (letters[letters.length - 1] !== PAD) return 0;
  return letters[letters.length - 2] === PAD ? 2 : 1;
}

/** Writes the one or two bytes of a padded group; false where it is none, or has bits set that no byte takes up. */
function decodeLastGroup(letters: Uint8Array, out: Uint8Array): boolean {
  const a = SIX_BITS[letters[0] as number] as number;
  const b = SIX_BITS[letters[1] as number] as number;
  const c = out.length === 2 ? (SIX_BITS[letters[2] as number] as number) : 0;
  out[0] = (a << 2) | (b >> 4);
  if (out.length === 2) out[1] = (b << 4) | (c >> 2);
  const trailing = out.length === 2 ? c & 3 : b & 15;
  return (a | b | c) <= 63 && trailing === 0;
}
