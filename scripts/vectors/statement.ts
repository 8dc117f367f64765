/** Envelopes, and statements with good signatures whose content admission must refuse. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { canonicalText } from '../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { type Envelope, fieldsOf, parseEnvelope } from '../../src/core/statement/envelope.ts';
import { KINDS, type Statement } from '../../src/core/statement/statement.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { operatorSeed, signedEntry } from '../../test/helpers/fixtures.ts';
import { withLargeScalar } from '../../test/helpers/forgeries.ts';
import { sampleStatement } from '../../test/helpers/statements.ts';
import { payloadText, RULES, resign, SEED, swap } from './network.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

type Case = readonly [
  desc: string,
  entry: Uint8Array,
  code: AttestryErrorCode | null,
  padTo?: number,
];

const ENVELOPE = signedEntry(sampleStatement('deployment'));
const TEXT = canonicalText(fieldsOf(ENVELOPE));
const ORIGIN = 'eu.log.example';

export function envelopeVectors(): VectorFile[] {
  return envelopeCases().map(([desc, entry, code, padTo]) =>
    makeVector(
      'envelope',
      { desc, wantCode: code },
      {
        ...inputOf(entry),
        ...(padTo === undefined ? {} : { padTo }),
      },
    ),
  );
}

export function statementVectors(): VectorFile[] {
  return [...goodCases(), ...signatureCases(), ...payloadCases(), ...meaningCases()].map(
    ([desc, entry, code]) =>
      makeVector(
        'statement',
        { desc, wantCode: code },
        {
          ...inputOf(entry),
          origin: ORIGIN,
          ...RULES,
        },
      ),
  );
}

function envelopeCases(): Case[] {
  const damaged = (part: string, by: string): Uint8Array => encodeUtf8(swap(TEXT, part, by));
  const payload = encodeBase64(ENVELOPE.payload);
  const [first] = ENVELOPE.signatures as [Envelope['signatures'][number]];
  const line = canonicalText({ keyid: first.keyid, sig: encodeBase64(first.signature) });
  return [
    ['good envelope', ENVELOPE.entry, null],
    ['longer than 65535 bytes', ENVELOPE.entry, 'ENTRY_TOO_LARGE', 65_536],
    ['duplicate payload key', damaged('{', '{"payload":"",'), 'JSON_NOT_CANONICAL'],
    ['key named __proto__', damaged('{', '{"__proto__":{"payload":""},'), 'JSON_KEY_FORBIDDEN'],
    ['byte order mark', encodeUtf8(`\ufeff${TEXT}`), 'INPUT_NOT_UTF8'],
    ['depth bomb', encodeUtf8('['.repeat(5000)), 'JSON_TOO_DEEP'],
    ['algorithm field', damaged('{"keyid"', '{"alg":"none","keyid"'), 'ENVELOPE_MALFORMED'],
    ['payload in the URL alphabet', damaged(payload, '-_-_'), 'ENVELOPE_MALFORMED'],
    ['payload with trailing bits', damaged(payload, 'Zm9='), 'ENVELOPE_MALFORMED'],
    ['no signatures', damaged(line, ''), 'ENVELOPE_MALFORMED'],
    ['other payload type', damaged('in-toto+json', 'in-toto+jwt'), 'ENVELOPE_PAYLOAD_TYPE'],
    ['signature repeated', damaged(line, `${line},${line}`), 'SIGNATURE_DUPLICATE'],
  ];
}

function goodCases(): Case[] {
  return KINDS.map((kind) => {
    const statement = sampleStatement(kind) as Statement;
    return [`good ${kind} statement`, signedEntry(statement).entry, null];
  });
}

function signatureCases(): Case[] {
  const statement = sampleStatement('deployment');
  const seeds = [SEED, operatorSeed('operator-us')];
  const [{ signature }] = ENVELOPE.signatures as [Envelope['signatures'][number]];
  const second = signedEntry(statement, [operatorSeed('operator-eu', 2)]);
  const [other] = second.signatures as [Envelope['signatures'][number]];
  return [
    ['key of a stranger', signedEntry(statement, [operatorSeed('stranger')]).entry, 'KEY_UNKNOWN'],
    ['S + L', withSignature(withLargeScalar(signature)), 'SIGNATURE_MALFORMED'],
    ['R that is not canonical', withSignature(withFirstBytes(signature)), 'SIGNATURE_MALFORMED'],
    ['signature by another key', withSignature(other.signature), 'SIGNATURE_INVALID'],
    ['signatures of two operators', signedEntry(statement, seeds).entry, 'OPERATOR_UNAUTHORIZED'],
  ];
}

function payloadCases(): Case[] {
  const text = payloadText();
  const usage = payloadText(sampleStatement('usage'));
  const damaged = (part: string, by: string): Uint8Array => resign(swap(text, part, by)).entry;
  const numbered = (sequence: string): Uint8Array =>
    resign(swap(usage, '"sequence":0', `"sequence":${sequence}`)).entry;
  return [
    ['payload with a duplicate key', damaged('{', '{"_type":"x",'), 'JSON_NOT_CANONICAL'],
    ['payload with minus zero', numbered('-0'), 'JSON_NOT_CANONICAL'],
    ['payload with a float', numbered('0.5'), 'JSON_NUMBER_UNSAFE'],
    ['payload with 2^53+1', numbered('9007199254740993'), 'JSON_NUMBER_UNSAFE'],
    ['payload with __proto__', damaged('{', '{"__proto__":{},'), 'JSON_KEY_FORBIDDEN'],
    ['payload with a lone surrogate', damaged('model.bin', '\\ud800'), 'JSON_MALFORMED'],
    ['payload that is a depth bomb', resign('['.repeat(5000)).entry, 'JSON_TOO_DEEP'],
    [
      'payload with an unknown field',
      damaged('"action"', '"acting":1,"action"'),
      'STATEMENT_MALFORMED',
    ],
    ['name in NFD', damaged('model.bin', 'mode\u0301l'), 'STATEMENT_MALFORMED'],
    [
      'name with a bidirectional override',
      damaged('model.bin', 'nib\u202eledom'),
      'STATEMENT_MALFORMED',
    ],
    ['other statement type', damaged('Statement/v1', 'Statement/v2'), 'STATEMENT_TYPE_UNKNOWN'],
    ['other predicate type', damaged('deployment/v1', 'deployment/v2'), 'PREDICATE_TYPE_UNKNOWN'],
  ];
}

function meaningCases(): Case[] {
  const usage = payloadText(sampleStatement('usage'));
  const evaluation = payloadText(sampleStatement('evaluation'));
  const entry = (context: object): Uint8Array =>
    signedEntry(sampleStatement('deployment', { context }), [SEED]).entry;
  const inUsage = (part: string, by: string): Uint8Array => resign(swap(usage, part, by)).entry;
  return [
    ['made for another log', entry({ log: 'us.log.example' }), 'STATEMENT_LOG_MISMATCH'],
    [
      'in the name of another operator',
      entry({ operator: 'operator-us' }),
      'OPERATOR_UNAUTHORIZED',
    ],
    ['dated in the future', entry({ issuedAt: '2026-10-01T12:05:01Z' }), 'STATEMENT_TIME_FUTURE'],
    [
      'claim passed against its numbers',
      resign(swap(evaluation, '950000', '850000')).entry,
      'CLAIM_MISMATCH',
    ],
    [
      'cached tokens counted twice',
      inUsage('"inputUncachedTokens":"70"', '"inputUncachedTokens":"90"'),
      'USAGE_SUM_MISMATCH',
    ],
    ['window across a UTC hour', inUsage('T10:10:00Z', 'T11:00:01Z'), 'USAGE_WINDOW_INVALID'],
  ];
}

function withSignature(signature: Uint8Array): Uint8Array {
  const [first] = ENVELOPE.signatures as [Envelope['signatures'][number]];
  const fields = fieldsOf({ ...ENVELOPE, signatures: [{ ...first, signature }] });
  return parseEnvelope(encodeUtf8(canonicalText(fields))).entry;
}

/** R with y = 2^255 - 1, which is above the field prime. */
function withFirstBytes(signature: Uint8Array): Uint8Array {
  return signature.map((byte, i) => (i < 31 ? 0xff : i === 31 ? 0x7f : byte));
}
