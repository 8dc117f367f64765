import { AttestryError } from '../../errors.ts';
import { quote } from './hex.ts';

// Number(' 12 '), Number('0x10') and BigInt(' 5 ') are all accepted by JavaScript: the pattern decides, not they.
const DECIMAL = /^(?:0|[1-9][0-9]{0,19})$/;
const LARGEST_QUANTITY = 2n ** 64n - 1n;

/** A size or index: decimal, no sign, no leading zeros, at most 2^53-1. @throws DECIMAL_MALFORMED */
export function parseDecimal(text: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw malformed(text, '2^53-1');
  return value;
}

/** A quantity of a statement: decimal, no sign, no leading zeros, at most 2^64-1. @throws DECIMAL_MALFORMED */
export function parseQuantity(text: string): bigint {
  const value = DECIMAL.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > LARGEST_QUANTITY) throw malformed(text, '2^64-1');
  return value;
}

function malformed(text: string, largest: string): AttestryError {
  return new AttestryError(
    'DECIMAL_MALFORMED',
    `Expected a decimal from 0 to ${largest} without sign, leading zeros or spaces, got ${quote(text)}.`,
  );
}
