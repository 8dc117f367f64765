import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/bytes/json.ts';
import { commitCustomer, verifyCustomer } from '../../../src/core/metering/customer.ts';
import { codeOf } from '../../helpers/code-of.ts';

const SALT = new Uint8Array(32).fill(7);
const IDENTITY = { account: 'a-17', name: 'Ærlig Klinik' };

describe('commitCustomer', () => {
  it('is the HMAC under the salt of the canonical identity', () => {
    const expected = createHmac('sha256', SALT)
      .update('{"account":"a-17","name":"Ærlig Klinik"}')
      .digest('hex');
    expect(commitCustomer(IDENTITY, SALT)).toEqual({
      algorithm: 'hmac-sha256-salted',
      value: expected,
    });
    const reordered = { name: 'Ærlig Klinik', account: 'a-17' };
    expect(commitCustomer(reordered, SALT).value).toBe(expected);
  });

  it('refuses a salt of another length', () => {
    expect(() => commitCustomer('a', new Uint8Array(31))).toThrow(RangeError);
    expect(() => commitCustomer('a', new Uint8Array(0))).toThrow(RangeError);
  });
});

describe('verifyCustomer', () => {
  const commitment = commitCustomer(IDENTITY, SALT);

  it('gives back the commitment to this customer under this salt', () => {
    expect(verifyCustomer(commitment, { ...IDENTITY }, SALT)).toBe(commitment);
  });

  it.each<[string, Json, Uint8Array]>([
    ['another customer', { ...IDENTITY, account: 'a-18' }, SALT],
    ['the same words in another shape', 'a-17', SALT],
    ['another salt', IDENTITY, new Uint8Array(32).fill(8)],
  ])('refuses %s', (_, identity, salt) => {
    expect(codeOf(() => verifyCustomer(commitment, identity, salt))).toBe('CUSTOMER_MISMATCH');
  });
});
