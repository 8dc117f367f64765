import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { formatCanonicalJson, type JsonObject } from '../../../src/core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { commitCustomer } from '../../../src/core/metering/customer.ts';
import {
  formatUsageReceipt,
  parseUsageReceipt,
  readUsageReceipt,
  seedSigner,
  signUsageReceipt,
  usageReceiptJson,
  verifyUsageReceipt,
} from '../../../src/core/metering/usage-receipt.ts';
import { signEd25519 } from '../../../src/core/note/ed25519.ts';
import { preAuthEncoding } from '../../../src/core/note/signable.ts';
import { opensslEngine } from '../../../src/keys/openssl-engine.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, operatorSeed, type TestLog } from '../../helpers/fixtures.ts';
import { hostileBytes } from '../../helpers/hostile.ts';
import { signedUsageReceipt, usageReceiptAt } from '../../helpers/metered-window.ts';
import { trustOf } from '../../helpers/signed-trust.ts';

const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
const RULES = { trust: NETWORK.rules.trust, engine: opensslEngine };
const RECEIPT = usageReceiptAt(
  EU,
  { sequence: 2, index: 5 },
  { customer: commitCustomer('customer-1', new Uint8Array(32)) },
);
const SIGNED = signedUsageReceipt(EU, RECEIPT);
const FIELDS = usageReceiptJson(SIGNED) as JsonObject;

describe('signUsageReceipt', () => {
  it('makes a receipt that verifies and says what was signed', () => {
    expect(verifyUsageReceipt(SIGNED, RULES)).toEqual({ receipt: RECEIPT, signed: SIGNED });
  });

  it('makes the same bytes every time', () => {
    expect(signedUsageReceipt(EU, { ...RECEIPT }).bytes).toEqual(SIGNED.bytes);
  });

  it('refuses what no one would accept', () => {
    const signer = seedSigner(operatorSeed(EU.operator));
    for (const wrong of [
      { requestId: '' },
      { requestId: 'a\nb' },
      { at: 'now' },
      { model: 'x' },
      { window: { sequence: -1, index: 0 } },
      { quantities: { ...RECEIPT.quantities, inputCachedTokens: '-1' } },
    ]) {
      const sign = (): unknown => signUsageReceipt({ ...RECEIPT, ...wrong }, signer);
      expect(codeOf(sign)).toBe('USAGE_RECEIPT_MALFORMED');
    }
  });
});

describe('parseUsageReceipt', () => {
  it('gives back what was formatted', () => {
    expect(parseUsageReceipt(formatUsageReceipt(SIGNED))).toEqual(SIGNED);
  });

  it.each<[string, JsonObject, string]>([
    ['a field too many', { ...FIELDS, more: 1 }, 'USAGE_RECEIPT_MALFORMED'],
    [
      'the envelope of a statement',
      { ...FIELDS, payloadType: 'application/vnd.in-toto+json' },
      'USAGE_RECEIPT_MALFORMED',
    ],
    ['no signature', { ...FIELDS, signatures: [] }, 'USAGE_RECEIPT_MALFORMED'],
    [
      'two signatures',
      { ...FIELDS, signatures: [1, 2].map(() => (FIELDS['signatures'] as never)[0]) },
      'USAGE_RECEIPT_MALFORMED',
    ],
    ['a payload that is no base64', { ...FIELDS, payload: '*' }, 'USAGE_RECEIPT_MALFORMED'],
    ['too many bytes', { ...FIELDS, payload: 'A'.repeat(16_384) }, 'INPUT_TOO_LARGE'],
  ])('refuses %s', (_, fields, code) => {
    expect(codeOf(() => parseUsageReceipt(formatCanonicalJson(fields)))).toBe(code);
  });

  it('throws an error of its own or gives back the same bytes, whatever comes', () => {
    fc.assert(
      fc.property(hostileBytes(SIGNED.bytes), (bytes) => {
        let parsed: unknown;
        const code = codeOf(() => {
          parsed = formatUsageReceipt(parseUsageReceipt(bytes));
        });
        if (code === 'none') expect(parsed).toEqual(bytes);
      }),
    );
  });
});

describe('verifyUsageReceipt', () => {
  const verdict = (signed: typeof SIGNED, trust = RULES.trust): string =>
    codeOf(() => verifyUsageReceipt(signed, { ...RULES, trust }));

  it('refuses a receipt that was changed after it was signed', () => {
    const payload = formatCanonicalJson({ ...RECEIPT, requestId: 'another' });
    expect(verdict({ ...SIGNED, payload })).toBe('SIGNATURE_INVALID');
  });

  it('refuses a signature over the payload alone, or under another payload type', () => {
    const { payload } = SIGNED;
    for (const message of [payload, preAuthEncoding('application/vnd.in-toto+json', payload)]) {
      const signature = signEd25519(operatorSeed(EU.operator), message);
      expect(verdict({ ...SIGNED, signature })).toBe('SIGNATURE_INVALID');
    }
  });

  it('refuses a key that the trust root does not name', () => {
    expect(verdict(signUsageReceipt(RECEIPT, seedSigner(new Uint8Array(32).fill(1))))).toBe(
      'KEY_UNKNOWN',
    );
  });

  it.each([
    ['speak for another operator', { operator: US.operator }],
    ['promise an entry of another log', { log: US.origin }],
  ])('refuses an operator that may not %s', (_, changes) => {
    expect(verdict(signedUsageReceipt(EU, { ...RECEIPT, ...changes }))).toBe(
      'OPERATOR_UNAUTHORIZED',
    );
  });

  it('refuses an operator that may not make usage statements', () => {
    const { file } = NETWORK;
    const operators = file.operators.map((operator) => ({
      ...operator,
      kinds: operator.kinds.filter((kind) => kind !== 'usage'),
    }));
    const trust = trustOf({ ...file, operators });
    expect(verdict(SIGNED, trust)).toBe('OPERATOR_UNAUTHORIZED');
  });

  it('reads nothing of a payload before the signature is verified', () => {
    const signature = { keyid: SIGNED.keyid, sig: encodeBase64(SIGNED.signature) };
    const signed = parseUsageReceipt(
      formatCanonicalJson({
        ...FIELDS,
        payload: encodeBase64(encodeUtf8('{')),
        signatures: [signature],
      }),
    );
    expect(verdict(signed)).toBe('SIGNATURE_INVALID');
  });
});

describe('readUsageReceipt', () => {
  it('refuses a version that it does not know, and a payload that is not canonical', () => {
    const later = formatCanonicalJson({ ...RECEIPT, version: 2 });
    expect(codeOf(() => readUsageReceipt(later))).toBe('USAGE_RECEIPT_MALFORMED');
    const spaced = encodeUtf8(` ${decodeUtf8(SIGNED.payload)}`);
    expect(codeOf(() => readUsageReceipt(spaced))).toBe('JSON_NOT_CANONICAL');
  });
});
