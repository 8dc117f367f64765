import { AttestryError } from '../../errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of valid UTF-8 without a byte order mark. @throws INPUT_NOT_UTF8 */
export function decodeUtf8(bytes: Uint8Array): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new AttestryError('INPUT_NOT_UTF8', 'Expected UTF-8, got bytes that are not.', { cause });
  }
  if (text.startsWith('\ufeff')) {
    throw new AttestryError(
      'INPUT_NOT_UTF8',
      'Expected UTF-8 without a byte order mark; remove it.',
    );
  }
  return text;
}
