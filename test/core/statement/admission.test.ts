import { describe, expect, it } from 'vitest';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { formatTime } from '../../../src/core/bytes/time.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import type { SignatureEngine } from '../../../src/core/note/ed25519.ts';
import {
  type AdmissionRules,
  admitEntry,
  admitStatement,
  openEntry,
} from '../../../src/core/statement/admission.ts';
import {
  type Envelope,
  fieldsOf,
  parseEnvelope,
  signEnvelope,
} from '../../../src/core/statement/envelope.ts';
import { formatStatement, KINDS, type Statement } from '../../../src/core/statement/statement.ts';
import type { TrustRootFile } from '../../../src/core/trust/trust-file.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, operatorSeed, signedEntry } from '../../helpers/fixtures.ts';
import { withLargeScalar } from '../../helpers/forgeries.ts';
import { naiveLeafHash } from '../../helpers/naive-tree.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { digestOf, MODEL, NOW, sampleStatement } from '../../helpers/statements.ts';

const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const RULES: AdmissionRules = { ...NETWORK.rules, origin: 'eu.log.example' };
const SEED = operatorSeed('operator-eu');
const GOOD = signedEntry(sampleStatement('deployment'));

const verdict = ({ entry }: Envelope, rules: AdmissionRules = RULES): string =>
  codeOf(() => admitEntry(entry, rules));

/** Rules under a trust root in which something is otherwise. */
function rulesWith(change: (file: TrustRootFile) => TrustRootFile): AdmissionRules {
  return { ...RULES, trust: trustOf(change(NETWORK.file)) };
}

function withSignature(envelope: Envelope, signature: Uint8Array): Envelope {
  const [first] = envelope.signatures as [Envelope['signatures'][number]];
  const changed = { ...envelope, signatures: [{ ...first, signature }] };
  return parseEnvelope(formatCanonicalJson(fieldsOf(changed)));
}

describe('admitEntry', () => {
  it.each(KINDS)('admits a %s statement and gives back what it admitted', (kind) => {
    const statement = sampleStatement(kind) as Statement;
    const { entry } = signedEntry(statement);
    const admitted = admitEntry(entry, RULES);
    expect(admitted.statement).toEqual(statement);
    expect(admitted.entry).toEqual(entry);
    expect(admitted.entryHash).toEqual(naiveLeafHash(entry));
  });

  it('admits a statement that two keys of the operator signed', () => {
    const seeds = [SEED, operatorSeed('operator-eu', 2)];
    expect(verdict(signedEntry(sampleStatement('deployment'), seeds))).toBe('none');
  });

  it('refuses a key that the trust root does not name', () => {
    const stranger = operatorSeed('stranger');
    expect(verdict(signedEntry(sampleStatement('deployment'), [stranger]))).toBe('KEY_UNKNOWN');
    expect(verdict(signedEntry(sampleStatement('deployment'), [SEED, stranger]))).toBe(
      'KEY_UNKNOWN',
    );
  });

  it('refuses a signature whose keyid names another key of the trust root', () => {
    const other = signedEntry(sampleStatement('deployment'), [operatorSeed('operator-eu', 2)]);
    const [{ signature }] = other.signatures as [Envelope['signatures'][number]];
    expect(verdict(withSignature(GOOD, signature))).toBe('SIGNATURE_INVALID');
  });

  it('refuses a signature that is malformed', () => {
    const [{ signature }] = GOOD.signatures as [Envelope['signatures'][number]];
    for (const bad of [withLargeScalar(signature), signature.subarray(1), new Uint8Array(0)]) {
      expect(verdict(withSignature(GOOD, bad))).toBe('SIGNATURE_MALFORMED');
    }
  });

  it('refuses one wrong signature beside a good one', () => {
    const both = signedEntry(sampleStatement('deployment'), [SEED, operatorSeed('operator-eu', 2)]);
    for (const wrong of [0, 1]) {
      const signatures = both.signatures.map(({ keyid, signature }, i) => ({
        keyid,
        signature: i === wrong ? new Uint8Array(64) : signature,
      }));
      const envelope = parseEnvelope(formatCanonicalJson(fieldsOf({ ...both, signatures })));
      expect(verdict(envelope)).toBe('SIGNATURE_INVALID');
    }
  });

  it('reads nothing of a payload before its signature is verified', () => {
    const bomb = signEnvelope(encodeUtf8('['.repeat(1000)), [SEED]);
    expect(verdict(bomb)).toBe('JSON_TOO_DEEP');
    expect(verdict(withSignature(bomb, new Uint8Array(64)))).toBe('SIGNATURE_INVALID');
  });

  it('refuses a signed payload that is not canonical', () => {
    const text = decodeUtf8(GOOD.payload);
    for (const [payload, code] of [
      [text.replace('{', '{ '), 'JSON_NOT_CANONICAL'],
      [text.replace('{', '{"_type":"x",'), 'JSON_NOT_CANONICAL'],
      [text.replace('{', '{"__proto__":{},'), 'JSON_KEY_FORBIDDEN'],
      ['', 'JSON_MALFORMED'],
    ] as const) {
      expect(verdict(signEnvelope(encodeUtf8(payload), [SEED]))).toBe(code);
    }
  });

  it('refuses a statement made for another log, however it is signed', () => {
    const replayed = signedEntry(
      sampleStatement('deployment', { context: { log: 'us.log.example' } }),
    );
    expect(verdict(replayed)).toBe('STATEMENT_LOG_MISMATCH');
    expect(verdict(GOOD, { ...RULES, origin: 'us.log.example' })).toBe('STATEMENT_LOG_MISMATCH');
  });

  it('refuses an operator that speaks for another', () => {
    const statement = sampleStatement('deployment', { context: { operator: 'operator-us' } });
    expect(verdict(signedEntry(statement, [SEED]))).toBe('OPERATOR_UNAUTHORIZED');
  });

  it('refuses signatures of two operators on one statement, whichever comes first', () => {
    for (const [eu, us] of [
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ] as const) {
      const seeds = [operatorSeed('operator-eu', eu), operatorSeed('operator-us', us)];
      expect(verdict(signedEntry(sampleStatement('deployment'), seeds))).toBe(
        'OPERATOR_UNAUTHORIZED',
      );
    }
  });

  it('refuses a kind that the operator may not state', () => {
    const rules = rulesWith((file) => ({
      ...file,
      operators: file.operators.map((operator) => ({ ...operator, kinds: ['usage'] })),
    }));
    expect(verdict(GOOD, rules)).toBe('OPERATOR_UNAUTHORIZED');
    expect(verdict(signedEntry(sampleStatement('usage')), rules)).toBe('none');
  });

  it('refuses a log that the operator may not write to', () => {
    const rules = rulesWith((file) => ({
      ...file,
      operators: file.operators.map((operator) => ({ ...operator, logs: ['us.log.example'] })),
    }));
    expect(verdict(GOOD, rules)).toBe('OPERATOR_UNAUTHORIZED');
  });

  it('refuses a model that the operator may not speak about, a revocation of it too', () => {
    const about = (...models: readonly string[]): AdmissionRules =>
      rulesWith((file) => ({
        ...file,
        operators: file.operators.map((operator) => ({ ...operator, models })),
      }));
    const revocation = signedEntry(sampleStatement('revocation'));
    for (const envelope of [GOOD, revocation]) {
      expect(verdict(envelope, about(MODEL))).toBe('none');
      expect(verdict(envelope, about(digestOf('other')))).toBe('OPERATOR_UNAUTHORIZED');
    }
    const both = [MODEL, digestOf('other')].map((sha256) => ({
      name: 'model',
      digest: { sha256 },
    }));
    const two = signedEntry(sampleStatement('deployment', { subject: both }));
    expect(verdict(two, about(MODEL))).toBe('OPERATOR_UNAUTHORIZED');
    expect(verdict(two, about(MODEL, digestOf('other')))).toBe('none');
  });

  it('refuses a statement dated further ahead than clocks may differ', () => {
    const issued = (at: number): Envelope =>
      signedEntry(sampleStatement('deployment', { context: { issuedAt: formatTime(at) } }));
    expect(verdict(issued(NOW + 300))).toBe('none');
    expect(verdict(issued(NOW + 301))).toBe('STATEMENT_TIME_FUTURE');
  });

  it('passes what a kind demands of its numbers on', () => {
    const usage = JSON.parse(decodeUtf8(formatStatement(sampleStatement('usage')))) as {
      predicate: { quantities: Record<string, string> };
    };
    usage.predicate.quantities['inputTokens'] = '120';
    expect(verdict(signEnvelope(formatCanonicalJson(usage), [SEED]))).toBe('USAGE_SUM_MISMATCH');
  });

  it('asks the engine that it is given', () => {
    const no: SignatureEngine = { name: 'no', verify: () => false };
    expect(verdict(GOOD, { ...RULES, engine: no })).toBe('SIGNATURE_INVALID');
  });
});

describe('openEntry', () => {
  it('gives every claim that is to be verified', () => {
    const seeds = [SEED, operatorSeed('operator-eu', 2)];
    const { entry } = signedEntry(sampleStatement('deployment'), seeds);
    const opened = openEntry(entry, RULES.trust);
    expect(opened.claims).toHaveLength(2);
    expect(opened.operator.id).toBe('operator-eu');
    expect(admitStatement(opened, RULES)).toEqual(admitEntry(entry, RULES));
  });

  it('refuses what is no entry', () => {
    for (const [entry, code] of [
      [new Uint8Array(65_536), 'ENTRY_TOO_LARGE'],
      [encodeUtf8('{}'), 'ENVELOPE_MALFORMED'],
      [Uint8Array.of(0xff), 'INPUT_NOT_UTF8'],
    ] as const) {
      expect(codeOf(() => openEntry(entry, RULES.trust))).toBe(code);
    }
  });
});
