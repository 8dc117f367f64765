import { AttestryError } from '../../errors.ts';

const DIGITS = '0123456789abcdef';
const DIGIT_TO_CODE = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0));
const LOWERCASE_HEX = /^(?:[0-9a-f]{2})*$/;
const ascii = new TextDecoder();

/** Lowercase hexadecimal. */
// By its digits' codes: a text that grows digit by digit is a chain of as many texts in memory.
export function encodeHex(bytes: Uint8Array): string {
  const digits = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    digits[2 * i] = DIGIT_TO_CODE[byte >> 4] as number;
    digits[2 * i + 1] = DIGIT_TO_CODE[byte & 15] as number;
  }
  return ascii.decode(digits);
}

/** The bytes of lowercase hexadecimal text, of exactly `length` bytes where one is given. @throws HEX_MALFORMED */
export function decodeHex(text: string, length?: number): Uint8Array {
  if (!LOWERCASE_HEX.test(text) || (length !== undefined && text.length !== length * 2)) {
    const expected = length === undefined ? 'an even number of' : `${length * 2}`;
    throw new AttestryError(
      'HEX_MALFORMED',
      `Expected ${expected} lowercase hex digits, got ${quote(text)}.`,
    );
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digitOf(text, 2 * i) << 4) | digitOf(text, 2 * i + 1);
  }
  return bytes;
}

// The text has only 0 to 9 (0x30 on) and a to f (0x61 on).
function digitOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 0x61 ? code - 0x30 : code - 0x57;
}

/** Text for an error message: short, and with nothing that a terminal would act on. */
export function quote(text: string): string {
  const printable = JSON.stringify(text.slice(0, 60)).replace(/[^\x20-\x7e]/g, '?');
  return text.length > 60 ? `${printable}… (${text.length} characters)` : printable;
}
