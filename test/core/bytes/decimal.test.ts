import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDecimal, parseQuantity } from '../../../src/core/bytes/decimal.ts';
import { codeOf } from '../../helpers/code-of.ts';

const NOT_DECIMALS = [
  '',
  '00',
  '01',
  '-0',
  '-1',
  '+1',
  '1.0',
  '1e3',
  '0x10',
  '0b1',
  ' 5',
  '5 ',
  '5\n',
  '1_000',
  '1,000',
  '٣',
  'Infinity',
  'NaN',
  '9'.repeat(21),
];

describe('parseDecimal', () => {
  it.each([...NOT_DECIMALS, '9007199254740992', '9007199254740993'])('refuses %j', (text) => {
    expect(codeOf(() => parseDecimal(text))).toBe('DECIMAL_MALFORMED');
  });

  it('takes every number up to 2^53-1 in the spelling that JavaScript gives it', () => {
    expect(parseDecimal('9007199254740991')).toBe(2 ** 53 - 1);
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(parseDecimal(`${value}`)).toBe(value);
      }),
    );
  });
});

describe('parseQuantity', () => {
  it.each([...NOT_DECIMALS, '18446744073709551616'])('refuses %j', (text) => {
    expect(codeOf(() => parseQuantity(text))).toBe('DECIMAL_MALFORMED');
  });

  it('takes every number up to 2^64-1', () => {
    expect(parseQuantity('18446744073709551615')).toBe(2n ** 64n - 1n);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(parseQuantity(`${value}`)).toBe(value);
      }),
    );
  });
});
