/** Entries that a log must refuse, each with the answer that it must get. */
import { decodeBase64, encodeBase64 } from '../../src/core/bytes/base64.ts';
import { decodeHex, encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson, type Json } from '../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { keyIdOf } from '../../src/core/statement/dsse.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import { operatorSeed } from '../helpers/fixtures.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { quickEnvelope } from '../helpers/quick-entry.ts';
import {
  SAMPLE_QUANTITIES,
  type SampleOverrides,
  sampleStatement,
  sampleStream,
} from '../helpers/statements.ts';

type BadEntry = readonly [what: string, status: number, code: string, body: Uint8Array];

// Encodings of a point of order 8, and of one with a part of that order (ed25519-speccheck).
export const SMALL_ORDER = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05';
export const MIXED_ORDER = 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d';

const bed = new LogBed();
const { context } = bed.eu;
const seed = operatorSeed(bed.eu.operator);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const good = textOf(bed.entry(7));
const deployment = sampleStatement('deployment', { context }) as Statement;
const reading = sampleStream(1, { context })[0] as Statement;
const payload = textOf(formatStatement(deployment));

interface EnvelopeJson {
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

const envelope = JSON.parse(good) as EnvelopeJson;
const [signature] = envelope.signatures as [EnvelopeJson['signatures'][0]];

function changed(change: object): Uint8Array {
  return formatCanonicalJson({ ...envelope, ...change });
}

/** A payload of any text, signed by an operator that may speak here. */
function signedText(text: string): Uint8Array {
  return quickEnvelope(encodeUtf8(text), seed);
}

/** The statement with another value at a place, signed though no builder would make it. */
function signedWith(statement: Statement, path: string, value: Json): Uint8Array {
  const json = JSON.parse(textOf(formatStatement(statement))) as Record<string, Json>;
  const steps = path.split('.');
  const last = steps.pop() as string;
  const holder = steps.reduce<unknown>((at, step) => (at as Record<string, Json>)[step], json);
  (holder as Record<string, Json>)[last] = value;
  return quickEnvelope(formatCanonicalJson(json), seed);
}

function signedDeployment(overrides: SampleOverrides<'deployment'>['context']): Uint8Array {
  const statement = sampleStatement('deployment', { context: { ...context, ...overrides } });
  return bed.entryOf(statement as Statement);
}

function withSignature(change: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const sig = encodeBase64(change(decodeBase64(signature.sig)));
  return changed({ signatures: [{ ...signature, sig }] });
}

const otherSignature = (JSON.parse(textOf(bed.entry(8))) as EnvelopeJson).signatures;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** S + L: the same signature once more, to a verifier that does not look. */
function addOrder(bytes: Uint8Array): Uint8Array {
  const s = BigInt(`0x${encodeHex(bytes.slice(32).reverse())}`) + ORDER;
  const sum = decodeHex(s.toString(16).padStart(64, '0')).reverse();
  return new Uint8Array([...bytes.slice(0, 32), ...sum]);
}

/** Signed with both keys of the operator, the second of which signed something else. */
function halfSigned(): Uint8Array {
  const seeds = [seed, operatorSeed(bed.eu.operator, 2)] as const;
  const message = formatStatement(deployment);
  const [good, bad] = [message, formatStatement(reading)].map((text, i) => {
    const { signatures } = JSON.parse(
      textOf(quickEnvelope(text, seeds[i] as Uint8Array)),
    ) as EnvelopeJson;
    return signatures[0] as EnvelopeJson['signatures'][0];
  }) as [EnvelopeJson['signatures'][0], EnvelopeJson['signatures'][0]];
  const signatures = [good, bad].sort((a, b) => (a.keyid < b.keyid ? -1 : 1));
  return formatCanonicalJson({ ...envelope, payload: encodeBase64(message), signatures });
}

function keyidOf(publicKeyHex: string): Uint8Array {
  return changed({ signatures: [{ ...signature, keyid: keyIdOf(decodeHex(publicKeyHex)) }] });
}

const sum = Number(SAMPLE_QUANTITIES.inputTokens) + Number(SAMPLE_QUANTITIES.inputCachedTokens);
const { keyid } = signature;

const notJson: readonly BadEntry[] = [
  ['no JSON', 400, 'JSON_MALFORMED', encodeUtf8('nothing')],
  ['half an envelope', 400, 'JSON_MALFORMED', encodeUtf8(good.slice(0, 200))],
  ['bytes behind the envelope', 400, 'JSON_MALFORMED', encodeUtf8(`${good}x`)],
  ['two envelopes', 400, 'JSON_MALFORMED', encodeUtf8(`${good}${good}`)],
  ['a byte order mark', 400, 'INPUT_NOT_UTF8', encodeUtf8(`\ufeff${good}`)],
  ['no UTF-8', 400, 'INPUT_NOT_UTF8', Uint8Array.of(0x22, 0xc3, 0x28, 0x22)],
  ['NUL bytes', 400, 'JSON_MALFORMED', new Uint8Array(64)],
  ['a NUL byte in a name', 400, 'JSON_MALFORMED', encodeUtf8(good.replace('"sig', '"\0sig'))],
];

const notCanonical: readonly BadEntry[] = [
  ['a newline behind it', 400, 'JSON_NOT_CANONICAL', encodeUtf8(`${good}\n`)],
  ['spaces', 400, 'JSON_NOT_CANONICAL', encodeUtf8(good.replace(':', ': '))],
  ['CRLF', 400, 'JSON_NOT_CANONICAL', encodeUtf8(good.replace(',', ',\r\n'))],
  ['keys out of order', 400, 'JSON_NOT_CANONICAL', encodeUtf8('{"b":1,"a":1}')],
  ['a duplicate key', 400, 'JSON_NOT_CANONICAL', encodeUtf8(`{"payload":"",${good.slice(1)}`)],
  ['__proto__', 400, 'JSON_KEY_FORBIDDEN', encodeUtf8(`{"__proto__":{},${good.slice(1)}`)],
  ['constructor', 400, 'JSON_KEY_FORBIDDEN', encodeUtf8(`{"constructor":1,${good.slice(1)}`)],
  ['2^53+1', 400, 'JSON_NUMBER_UNSAFE', encodeUtf8('{"a":9007199254740993}')],
  ['a float', 400, 'JSON_NUMBER_UNSAFE', encodeUtf8('{"a":0.5}')],
  ['an endless number', 400, 'JSON_NUMBER_UNSAFE', encodeUtf8('{"a":1e999}')],
  ['a depth bomb', 400, 'JSON_TOO_DEEP', encodeUtf8('['.repeat(60_000))],
  ['an object bomb', 400, 'JSON_TOO_DEEP', encodeUtf8('{"a":'.repeat(10_000))],
];

const notEnvelope: readonly BadEntry[] = [
  ['a list', 400, 'ENVELOPE_MALFORMED', encodeUtf8('[]')],
  ['null', 400, 'ENVELOPE_MALFORMED', encodeUtf8('null')],
  ['an unknown field', 400, 'ENVELOPE_MALFORMED', changed({ zzz: 1 })],
  ['a strange signature', 400, 'ENVELOPE_MALFORMED', changed({ signatures: [{ x: 1 }] })],
  ['no signature', 400, 'ENVELOPE_MALFORMED', changed({ signatures: [] })],
  ['17 signatures', 400, 'ENVELOPE_MALFORMED', changed({ signatures: Array(17).fill(signature) })],
  [
    'a signature twice',
    400,
    'SIGNATURE_DUPLICATE',
    changed({ signatures: [signature, signature] }),
  ],
  ['another payloadType', 400, 'ENVELOPE_PAYLOAD_TYPE', changed({ payloadType: 'text/plain' })],
  ['base64 without its end', 400, 'ENVELOPE_MALFORMED', changed({ payload: 'YWJjZA' })],
  ['base64 with a bit too many', 400, 'ENVELOPE_MALFORMED', changed({ payload: 'YWJjZF==' })],
  ['base64 for URLs', 400, 'ENVELOPE_MALFORMED', changed({ payload: '_-__' })],
  ['base64 with a newline', 400, 'ENVELOPE_MALFORMED', changed({ payload: 'YWJj\nYWJj' })],
  [
    'a keyid in capitals',
    400,
    'ENVELOPE_MALFORMED',
    changed({ signatures: [{ ...signature, keyid: keyid.toUpperCase() }] }),
  ],
  ['an envelope of 64 KiB + 1', 413, 'ENTRY_TOO_LARGE', new Uint8Array(65_537).fill(0x20)],
];

const notSigned: readonly BadEntry[] = [
  [
    'an unknown key',
    403,
    'KEY_UNKNOWN',
    quickEnvelope(formatStatement(deployment), new Uint8Array(32)),
  ],
  ['a key of small order', 403, 'KEY_UNKNOWN', keyidOf(SMALL_ORDER)],
  ['a key of mixed order', 403, 'KEY_UNKNOWN', keyidOf(MIXED_ORDER)],
  [
    'a changed signature',
    403,
    'SIGNATURE_INVALID',
    withSignature((bytes) => bytes.with(40, (bytes[40] as number) ^ 1)),
  ],
  [
    'the signature of another entry',
    403,
    'SIGNATURE_INVALID',
    changed({ signatures: otherSignature }),
  ],
  ['one good signature and a bad one', 403, 'SIGNATURE_INVALID', halfSigned()],
  ['S + L', 400, 'SIGNATURE_MALFORMED', withSignature(addOrder)],
  ['a short signature', 400, 'SIGNATURE_MALFORMED', withSignature((bytes) => bytes.slice(1))],
  [
    'an R that is no canonical point',
    400,
    'SIGNATURE_MALFORMED',
    withSignature((bytes) => bytes.fill(0xff, 0, 32)),
  ],
];

const notStatement: readonly BadEntry[] = [
  ['a payload that is no JSON', 400, 'JSON_MALFORMED', signedText('nothing')],
  [
    'a duplicate key in the payload',
    400,
    'JSON_NOT_CANONICAL',
    signedText(`{"_type":"x",${payload.slice(1)}`),
  ],
  [
    '__proto__ in the payload',
    400,
    'JSON_KEY_FORBIDDEN',
    signedText(`{"__proto__":{},${payload.slice(1)}`),
  ],
  ['2^53+1 in the payload', 400, 'JSON_NUMBER_UNSAFE', signedText('{"a":9007199254740993}')],
  ['a depth bomb in the payload', 400, 'JSON_TOO_DEEP', signedText('['.repeat(40_000))],
  ['no statement', 400, 'STATEMENT_TYPE_UNKNOWN', signedWith(deployment, '_type', 'x')],
  ['no known kind', 400, 'PREDICATE_TYPE_UNKNOWN', signedWith(deployment, 'predicateType', 'x')],
  ['an unknown field beside', 400, 'STATEMENT_MALFORMED', signedWith(deployment, 'zzz', 1)],
  ['an unknown field', 400, 'STATEMENT_MALFORMED', signedWith(deployment, 'predicate.zzz', 1)],
  ['no subject', 400, 'STATEMENT_MALFORMED', signedWith(deployment, 'subject', [])],
  [
    'a subject twice',
    400,
    'STATEMENT_MALFORMED',
    signedWith(deployment, 'subject.1', deployment.subject[0] as unknown as Json),
  ],
  [
    'control characters',
    400,
    'STATEMENT_MALFORMED',
    signedWith(deployment, 'subject.0.name', 'a\u001b[2Jb'),
  ],
  [
    'a name that turns the line around',
    400,
    'STATEMENT_MALFORMED',
    signedWith(deployment, 'subject.0.name', 'a\u202eb'),
  ],
];

const QUANTITIES = 'predicate.quantities';
const METER = 'predicate.meter';

const notTrue: readonly BadEntry[] = [
  [
    'a sequence of 2^53',
    400,
    'JSON_NUMBER_UNSAFE',
    signedWith(reading, `${METER}.sequence`, 2 ** 53),
  ],
  ...['-1', '007', '1e3', '18446744073709551616', '', ' 3', 3].map(
    (value): BadEntry => [
      `a quantity of ${JSON.stringify(value)}`,
      400,
      'STATEMENT_MALFORMED',
      signedWith(reading, `${QUANTITIES}.requests`, value),
    ],
  ),
  [
    'a cached token counted twice',
    422,
    'USAGE_SUM_MISMATCH',
    signedWith(reading, `${QUANTITIES}.inputTokens`, String(sum)),
  ],
  [
    'a window across the hour',
    422,
    'USAGE_WINDOW_INVALID',
    signedWith(reading, 'predicate.window', {
      start: '2026-10-01T08:55:00Z',
      end: '2026-10-01T09:05:00Z',
    }),
  ],
  [
    'an empty window',
    422,
    'USAGE_WINDOW_INVALID',
    signedWith(reading, 'predicate.window.end', '2026-10-01T08:00:00Z'),
  ],
  [
    'a meter that begins in the middle',
    409,
    'STREAM_SEQUENCE_MISMATCH',
    signedWith(reading, `${METER}.sequence`, 5),
  ],
  [
    'a first reading with one before it',
    409,
    'STREAM_PREVIOUS_MISMATCH',
    signedWith(reading, `${METER}.previous`, 'ab'.repeat(32)),
  ],
  [
    'a statement for another log',
    422,
    'STATEMENT_LOG_MISMATCH',
    signedDeployment({ log: 'us.log.example' }),
  ],
  [
    'a statement of the future',
    422,
    'STATEMENT_TIME_FUTURE',
    signedDeployment({ issuedAt: '2026-10-01T12:06:00Z' }),
  ],
  [
    'an operator of another log',
    403,
    'OPERATOR_UNAUTHORIZED',
    signedDeployment({ operator: 'operator-us' }),
  ],
  [
    'an operator in the name of another',
    403,
    'OPERATOR_UNAUTHORIZED',
    signedWith(deployment, 'predicate.context.operator', 'operator-us'),
  ],
];

export const BAD_ENTRIES: readonly BadEntry[] = [
  ...notJson,
  ...notCanonical,
  ...notEnvelope,
  ...notSigned,
  ...notStatement,
  ...notTrue,
];
