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
    const left = bytes.length - i;
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out[at++] = SIX_BITS_TO_CODE[group >> 18] as number;
    out[at++] = SIX_BITS_TO_CODE[(group >> 12) & 63] as number;
    out[at++] = left > 1 ? (SIX_BITS_TO_CODE[(group >> 6) & 63] as number) : PAD;
    out[at++] = left > 2 ? (SIX_BITS_TO_CODE[group & 63] as number) : PAD;
  }
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
  const digits = text.length - padding;
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let i = 0; i < digits; i++) {
    const value = CODE_TO_SIX_BITS[text.charCodeAt(i)] ?? INVALID;
    if (value === INVALID) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      out[at++] = (bits >> bitCount) & 0xff;
    }
  }
  const trailing = bits & ((1 << bitCount) - 1);
  return trailing === 0 ? out : undefined;
}
