import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { publicKeyOf, verifySignature } from '../../../src/core/note/ed25519.ts';
import { keyIdOf } from '../../../src/core/statement/dsse.ts';
import {
  fieldsOf,
  LARGEST_ENTRY_BYTES,
  PAYLOAD_TYPE,
  parseEnvelope,
  signEnvelope,
} from '../../../src/core/statement/envelope.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { operatorSeed, signedEntry } from '../../helpers/fixtures.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';
import { sampleStatement } from '../../helpers/statements.ts';

const SEEDS = [1, 2].map((number) => operatorSeed('operator-eu', number));
const ENVELOPE = signedEntry(sampleStatement('deployment'), SEEDS);

type Fields = {
  payload: unknown;
  payloadType: unknown;
  signatures: { keyid: unknown; sig: unknown }[];
};
const FIELDS = JSON.parse(canonicalText(fieldsOf(ENVELOPE))) as Fields;
const [FIRST, SECOND] = FIELDS.signatures as [Fields['signatures'][0], Fields['signatures'][0]];

const verdict = (fields: object): string =>
  codeOf(() => parseEnvelope(formatCanonicalJson(fields)));

describe('parseEnvelope', () => {
  it('reads what signEnvelope writes', () => {
    const read = parseEnvelope(ENVELOPE.entry);
    expect(read).toEqual(ENVELOPE);
  });

  it.each<[string, object]>([
    ['an unknown field', { ...FIELDS, more: 1 }],
    ['an algorithm field', { ...FIELDS, signatures: [{ ...FIRST, alg: 'none' }] }],
    ['no payload', { payloadType: FIELDS.payloadType, signatures: FIELDS.signatures }],
    ['a payload that is no text', { ...FIELDS, payload: {} }],
    ['no payloadType', { payload: FIELDS.payload, signatures: FIELDS.signatures }],
    ['no signatures', { ...FIELDS, signatures: [] }],
    ['17 signatures', { ...FIELDS, signatures: Array.from({ length: 17 }, () => FIRST) }],
    ['signatures that are no list', { ...FIELDS, signatures: FIRST }],
    ['no keyid', { ...FIELDS, signatures: [{ sig: FIRST.sig }] }],
    ['a keyid in capitals', { ...FIELDS, signatures: [{ ...FIRST, keyid: 'AB'.repeat(32) }] }],
    ['no sig', { ...FIELDS, signatures: [{ keyid: FIRST.keyid }] }],
    ['a payload of the URL alphabet', { ...FIELDS, payload: '-_-_' }],
    ['a payload without padding', { ...FIELDS, payload: 'Zm8' }],
    ['a payload with trailing bits', { ...FIELDS, payload: 'Zm9=' }],
    ['a payload with spaces', { ...FIELDS, payload: ' Zm9v' }],
    ['a sig with trailing bits', { ...FIELDS, signatures: [{ ...FIRST, sig: 'Zh==' }] }],
    ['a list', [FIELDS]],
  ])('refuses %s', (_, fields) => {
    expect(verdict(fields)).toBe('ENVELOPE_MALFORMED');
  });

  it.each([
    'application/vnd.in-toto+JSON',
    'application/json',
    `${PAYLOAD_TYPE};charset=utf-8`,
    `${PAYLOAD_TYPE} `,
  ])('refuses the payloadType %j', (payloadType) => {
    expect(verdict({ ...FIELDS, payloadType })).toBe('ENVELOPE_PAYLOAD_TYPE');
  });

  it('refuses signatures of one key twice, and signatures out of order', () => {
    expect(verdict({ ...FIELDS, signatures: [FIRST, FIRST] })).toBe('SIGNATURE_DUPLICATE');
    const again = { keyid: FIRST.keyid, sig: SECOND.sig };
    expect(verdict({ ...FIELDS, signatures: [FIRST, again] })).toBe('SIGNATURE_DUPLICATE');
    expect(verdict({ ...FIELDS, signatures: [SECOND, FIRST] })).toBe('SIGNATURE_DUPLICATE');
  });

  it.each([
    [
      'a duplicate key',
      (text: string) => text.replace('{', '{"payload":"",'),
      'JSON_NOT_CANONICAL',
    ],
    ['__proto__', (text: string) => text.replace('{', '{"__proto__":{},'), 'JSON_KEY_FORBIDDEN'],
    ['a space', (text: string) => text.replace('{', '{ '), 'JSON_NOT_CANONICAL'],
    ['a line break at the end', (text: string) => `${text}\n`, 'JSON_NOT_CANONICAL'],
    ['a byte order mark', (text: string) => `\ufeff${text}`, 'INPUT_NOT_UTF8'],
    ['a NUL byte at the end', (text: string) => `${text}\0`, 'JSON_MALFORMED'],
    ['a depth bomb', () => '{"payload":'.repeat(1000), 'JSON_TOO_DEEP'],
    ['a number beyond 2^53', () => '{"payload":9007199254740993}', 'JSON_NUMBER_UNSAFE'],
  ])('refuses %s', (_, damage, code) => {
    const bytes = encodeUtf8(damage(canonicalText(FIELDS)));
    expect(codeOf(() => parseEnvelope(bytes))).toBe(code);
  });

  it('takes 65,535 bytes and not one more', () => {
    const room = LARGEST_ENTRY_BYTES - ENVELOPE.entry.length + String(FIELDS.payload).length;
    const filled = { ...FIELDS, payload: 'A'.repeat(room - (room % 4)) };
    const sized = (bytes: number): Uint8Array => {
      const entry = formatCanonicalJson(filled);
      const grown = new Uint8Array(bytes).fill(0x20);
      grown.set(entry);
      return grown;
    };
    expect(verdict(filled)).toBe('none');
    // Spaces at the end are no envelope, but that is found out only below the limit.
    expect(codeOf(() => parseEnvelope(sized(65_535)))).toBe('JSON_NOT_CANONICAL');
    expect(codeOf(() => parseEnvelope(sized(65_536)))).toBe('ENTRY_TOO_LARGE');
    expect(verdict({ ...FIELDS, payload: `${filled.payload}AAAA` })).toBe('ENTRY_TOO_LARGE');
  });

  it('refuses any bytes with a code, or they are the canonical form of what it gives', () => {
    fc.assert(
      fc.property(hostileBytes(ENVELOPE.entry), (bytes) => {
        const envelope = accepted(() => parseEnvelope(bytes));
        if (envelope === undefined) return;
        expect(formatCanonicalJson(fieldsOf(envelope))).toEqual(bytes);
        expect(envelope.entry).toEqual(bytes);
      }),
    );
  });
});

describe('signEnvelope', () => {
  it('signs the pre-authentication encoding with every seed, in order of keyid', () => {
    const keyids = SEEDS.map((seed) => keyIdOf(publicKeyOf(seed))).sort();
    expect(ENVELOPE.signatures.map(({ keyid }) => keyid)).toEqual(keyids);
    for (const seed of SEEDS) {
      const publicKey = publicKeyOf(seed);
      const { signature } = ENVELOPE.signatures.find(
        ({ keyid }) => keyid === keyIdOf(publicKey),
      ) as (typeof ENVELOPE.signatures)[number];
      verifySignature({ publicKey, message: ENVELOPE.message, signature });
    }
    expect(signEnvelope(ENVELOPE.payload, [...SEEDS].reverse())).toEqual(ENVELOPE);
  });

  it('signs nothing with no seed or with one seed twice', () => {
    const [seed] = SEEDS as [Uint8Array];
    expect(codeOf(() => signEnvelope(ENVELOPE.payload, []))).toBe('ENVELOPE_MALFORMED');
    expect(codeOf(() => signEnvelope(ENVELOPE.payload, [seed, seed]))).toBe('SIGNATURE_DUPLICATE');
  });

  it('makes an entry of one spelling', () => {
    const payload = encodeBase64(ENVELOPE.payload);
    const [a, b] = FIELDS.signatures.map(({ keyid, sig }) => `{"keyid":"${keyid}","sig":"${sig}"}`);
    expect(new TextDecoder().decode(ENVELOPE.entry)).toBe(
      `{"payload":"${payload}","payloadType":"${PAYLOAD_TYPE}","signatures":[${a},${b}]}`,
    );
  });
});
