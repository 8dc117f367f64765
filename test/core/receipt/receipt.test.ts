import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { formatTlogProof } from '../../../src/core/note/tlog-proof.ts';
import {
  formatReceipt,
  LARGEST_RECEIPT_BYTES,
  parseReceipt,
  parseReceiptJson,
  readPlainReceipt,
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

describe('formatReceipt', () => {
  it('writes RFC 8785 bytes, whatever text the checkpoint is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (checkpoint, index) => {
        const proof = { ...RECEIPT.proof, index, checkpoint };
        const written = formatReceipt({ ...RECEIPT, proof });
        const file = { ...FILE, proof: formatTlogProof(proof) };
        expect(decodeUtf8(written)).toBe(canonicalText(file));
      }),
    );
  });
});

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

describe('readPlainReceipt', () => {
  const escaped = (proof: string): Uint8Array => formatCanonicalJson({ ...FILE, proof });

  it('reads what is written as the plain way does', () => {
    const read = readPlainReceipt(BYTES);
    expect(read).toBeDefined();
    expect(read).toEqual(parseReceiptJson(BYTES));
  });

  it('gives an entry of its own', () => {
    const bytes = Uint8Array.from(BYTES);
    const { envelope } = parseReceipt(bytes);
    bytes.fill(0);
    expect(envelope.entry).toEqual(RECEIPT.envelope.entry);
  });

  it('says yes to nothing but what the plain way gives, whatever is changed', () => {
    fc.assert(
      fc.property(hostileBytes(BYTES, escaped(`${FILE.proof}\u00e9`)), (bytes) => {
        const read = accepted(() => readPlainReceipt(bytes));
        if (read !== undefined) expect(read).toEqual(accepted(() => parseReceiptJson(bytes)));
        expect(codeOf(() => parseReceipt(bytes))).toBe(codeOf(() => parseReceiptJson(bytes)));
      }),
      { numRuns: 200 },
    );
  });

  it('has the verdict of the plain way at each byte', () => {
    for (let at = 0; at < BYTES.length; at++) {
      const flip = 1 << (at % 8);
      const bytes = BYTES.map((byte, i) => (i === at ? byte ^ flip : byte));
      const [read, plain] = [parseReceipt, parseReceiptJson].map((parse) =>
        codeOf(() => parse(bytes)),
      );
      expect(read, `byte ${at} ^ ${flip}`).toBe(plain);
    }
  });

  it.each([
    ['an escaped backslash before an n', '\\n'],
    ['a quote', '"'],
    ['a tab', '\t'],
    ['a byte order mark in front', '\ufeff', 'front'],
    ['a letter beyond ASCII', '\u00e9'],
    ['a pair of surrogates', '\u{1f511}'],
    ['U+2028', '\u2028'],
  ])('leaves a proof with %s to the plain way', (_, text, place = 'end') => {
    const bytes = escaped(place === 'front' ? text + FILE.proof : FILE.proof + text);
    expect(readPlainReceipt(bytes)).toBeUndefined();
    expect(codeOf(() => parseReceipt(bytes))).toBe(codeOf(() => parseReceiptJson(bytes)));
  });

  it.each([
    ['a newline as it is', (text: string) => text.replace('\\n', '\n')],
    ['a newline in hex digits', (text: string) => text.replace('\\n', '\\u000a')],
    ['an escape that needs none', (text: string) => text.replace('index', '\\u0069ndex')],
    ['no quote at its end', (text: string) => text.replace('\\n","type"', '\\n,"type"')],
    ['a closing bracket before its time', (text: string) => text.replace('"payload"', '"]ayload"')],
    ['nothing at all', (text: string) => text.replace(/"proof":".*","type"/, '"proof":","type"')],
  ])('refuses a proof with %s', (_, change) => {
    const bytes = encodeUtf8(change(decodeUtf8(BYTES)));
    expect(bytes).not.toEqual(BYTES);
    expect(readPlainReceipt(bytes)).toBeUndefined();
    expect(codeOf(() => parseReceipt(bytes))).not.toBe('none');
  });
});
