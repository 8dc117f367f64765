import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import {
  formatReceipt,
  LARGEST_RECEIPT_BYTES,
  parseReceipt,
} from '../../../src/core/receipt/receipt.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, type TestLog } from '../../helpers/fixtures.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';

const [LOG] = makeNetwork().logs as [TestLog];
LOG.state('deployment');
LOG.state('evaluation');
const RECEIPT = LOG.receipt(1);
const BYTES = formatReceipt(RECEIPT);

interface File {
  readonly envelope: object;
  readonly proof: string;
  readonly type: string;
  readonly version: number;
}
const FILE = JSON.parse(decodeUtf8(BYTES)) as File;

const verdict = (changes: object): string =>
  codeOf(() => parseReceipt(formatCanonicalJson({ ...FILE, ...changes })));

describe('parseReceipt', () => {
  it('reads what formatReceipt writes', () => {
    expect(parseReceipt(BYTES)).toEqual(RECEIPT);
    expect(Object.keys(FILE)).toEqual(['envelope', 'proof', 'type', 'version']);
  });

  it.each<[string, object, string]>([
    ['another version', { version: 2 }, 'RECEIPT_MALFORMED'],
    ['a version that is text', { version: '1' }, 'RECEIPT_MALFORMED'],
    ['another type', { type: 'attestry/dossier' }, 'RECEIPT_MALFORMED'],
    ['no type', { type: undefined }, 'RECEIPT_MALFORMED'],
    ['an unknown field', { more: null }, 'RECEIPT_MALFORMED'],
    ['no envelope', { envelope: undefined }, 'RECEIPT_MALFORMED'],
    [
      'an unknown field in the envelope',
      { envelope: { ...FILE.envelope, a: 1 } },
      'RECEIPT_MALFORMED',
    ],
    ['no proof', { proof: undefined }, 'RECEIPT_MALFORMED'],
    ['a proof that is no text', { proof: { index: 0 } }, 'RECEIPT_MALFORMED'],
    ['an empty proof', { proof: '' }, 'PROOF_MALFORMED'],
    [
      'a proof with CRLF line ends',
      { proof: FILE.proof.replaceAll('\n', '\r\n') },
      'PROOF_MALFORMED',
    ],
    [
      'another payloadType',
      { envelope: { ...FILE.envelope, payloadType: 'text/plain' } },
      'ENVELOPE_PAYLOAD_TYPE',
    ],
    [
      'an envelope above 65,535 bytes',
      { envelope: { ...FILE.envelope, payload: 'A'.repeat(65_536) } },
      'ENTRY_TOO_LARGE',
    ],
  ])('refuses %s', (_, changes, code) => {
    expect(verdict(changes)).toBe(code);
  });

  it.each([
    ['a duplicate key', (text: string) => text.replace('{', '{"type":"x",'), 'JSON_NOT_CANONICAL'],
    ['spaces', (text: string) => text.replaceAll(':', ': '), 'JSON_NOT_CANONICAL'],
    ['__proto__', (text: string) => text.replace('{', '{"__proto__":{},'), 'JSON_KEY_FORBIDDEN'],
    [
      'a version of 1.0',
      (text: string) => text.replace('"version":1', '"version":1.0'),
      'JSON_NOT_CANONICAL',
    ],
    ['a byte order mark', (text: string) => `\ufeff${text}`, 'INPUT_NOT_UTF8'],
  ])('refuses %s', (_, damage, code) => {
    const bytes = encodeUtf8(damage(canonicalText(FILE)));
    expect(codeOf(() => parseReceipt(bytes))).toBe(code);
  });

  it('reads nothing that is larger than 1 MiB', () => {
    const noise = (length: number): string => codeOf(() => parseReceipt(new Uint8Array(length)));
    expect(noise(LARGEST_RECEIPT_BYTES)).toBe('JSON_MALFORMED');
    expect(noise(LARGEST_RECEIPT_BYTES + 1)).toBe('INPUT_TOO_LARGE');
  });

  it('refuses any bytes with a code, or formatReceipt gives them back', () => {
    fc.assert(
      fc.property(hostileBytes(BYTES), (bytes) => {
        const receipt = accepted(() => parseReceipt(bytes));
        if (receipt !== undefined) expect(formatReceipt(receipt)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });
});
