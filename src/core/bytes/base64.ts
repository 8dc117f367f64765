import { AttestryError } from '../../errors.ts';
import { quote } from './hex.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PAD = 61;
const INVALID = 255;
const CODE_TO_SIX_BITS = new Uint8Array(128).fill(INVALID);
for (let i = 0; i < 64; i++) CODE_TO_SIX_BITS[ALPHABET.charCodeAt(i)] = i;
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
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const out = text.length % 4 === 0 ? decodeGroups(text, padding) : undefined;
  if (out === undefined) {
    throw new AttestryError(
      'BASE64_MALFORMED',
      `Expected canonical standard base64 with padding, got ${quote(text)}.`,
    );
  }
  return out;
}

function decodeGroups(text: string, padding: number): Uint8Array | undefined {
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  const whole = padding === 0 ? text.length : text.length - 4;
  let invalid = 0;
  let at = 0;
  for (let i = 0; i < whole; i += 4) {
    const a = sixBits(text, i);
    const b = sixBits(text, i + 1);
    const c = sixBits(text, i + 2);
    const d = sixBits(text, i + 3);
    invalid |= a | b | c | d;
    out[at++] = (a << 2) | (b >> 4);
    out[at++] = (b << 4) | (c >> 2);
    out[at++] = (c << 6) | d;
  }
  // INVALID has bits that no six bits have.
  if (invalid > 63) return undefined;
  return padding === 0 || decodeLastGroup(text, whole, out.subarray(at)) ? out : undefined;
}

/** Writes the one or two bytes of a padded group; false where it is none, or has bits set that no byte takes up. */
function decodeLastGroup(text: string, start: number, out: Uint8Array): boolean {
  const a = sixBits(text, start);
  const b = sixBits(text, start + 1);
  const c = out.length === 2 ? sixBits(text, start + 2) : 0;
  out[0] = (a << 2) | (b >> 4);
  if (out.length === 2) out[1] = (b << 4) | (c >> 2);
  const trailing = out.length === 2 ? c & 3 : b & 15;
  return (a | b | c) <= 63 && trailing === 0;
}

function sixBits(text: string, at: number): number {
  return CODE_TO_SIX_BITS[text.charCodeAt(at)] ?? INVALID;
}
