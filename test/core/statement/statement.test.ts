import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import {
  contextOf,
  formatStatement,
  KINDS,
  type Kind,
  modelsOf,
  PREDICATE_TYPE,
  parseStatement,
  STATEMENT_TYPE,
  type Statement,
} from '../../../src/core/statement/statement.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';
import { digestOf, MODEL, SAMPLE_CONTEXT, sampleStatement } from '../../helpers/statements.ts';

const sample = (kind: Kind): Statement => sampleStatement(kind) as Statement;

/** The statement's JSON, with one value replaced or, where it is undefined, removed. */
function withField(kind: Kind, path: string, value: unknown): Uint8Array {
  const json = JSON.parse(decodeUtf8(formatStatement(sample(kind)))) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() as string;
  let target = json;
  for (const name of names) target = target[name] as Record<string, unknown>;
  if (value === undefined) delete target[last];
  else target[last] = value;
  return formatCanonicalJson(json);
}

const verdict = (payload: Uint8Array): string => codeOf(() => parseStatement(payload));

describe('parseStatement', () => {
  it.each(KINDS)('reads the %s statement that formatStatement writes', (kind) => {
    const statement = sample(kind);
    expect(parseStatement(formatStatement(statement))).toEqual(statement);
  });

  it.each<[string, string, unknown]>([
    ['no _type', '_type', undefined],
    ['an unknown field beside the statement', 'more', 1],
    ['no subject', 'subject', undefined],
    ['an empty list of subjects', 'subject', []],
    ['65 subjects', 'subject', subjects(65)],
    ['a subject twice', 'subject', [...subjects(1), ...subjects(1)]],
    ['a subject without a digest', 'subject', [{ name: 'a' }]],
    ['a subject without a sha256', 'subject', [{ name: 'a', digest: {} }]],
    ['a subject with a weak digest', 'subject', [{ name: 'a', digest: { md5: 'ab'.repeat(16) } }]],
    ['a digest in capitals', 'subject', [{ name: 'a', digest: { sha256: MODEL.toUpperCase() } }]],
    ['a digest that is short', 'subject', [{ name: 'a', digest: { sha256: MODEL.slice(2) } }]],
    ['an unknown field in a subject', 'subject', [{ ...subjects(1)[0], uri: 'x' }]],
    ['a name in NFD', 'subject', [{ ...subjects(1)[0], name: 'e\u0301' }]],
    ['a name with a bidirectional override', 'subject', [{ ...subjects(1)[0], name: 'a\u202eb' }]],
    ['a name with a NUL byte', 'subject', [{ ...subjects(1)[0], name: 'a\0' }]],
    ['an empty name', 'subject', [{ ...subjects(1)[0], name: '' }]],
    ['no predicate', 'predicate', undefined],
    ['a predicate of null', 'predicate', null],
    ['an unknown field in the predicate', 'predicate.more', 1],
    ['no context', 'predicate.context', undefined],
    ['no issuedAt', 'predicate.context.issuedAt', undefined],
    ['a local time', 'predicate.context.issuedAt', '2026-10-01T12:00:00+02:00'],
    ['a number for a time', 'predicate.context.issuedAt', 1_790_856_000],
    ['no log', 'predicate.context.log', undefined],
    ['no operator', 'predicate.context.operator', undefined],
    ['an unknown field in the context', 'predicate.context.more', 'x'],
    ['an unknown action', 'predicate.action', 'delete'],
    ['null for what may be absent', 'predicate.purpose', null],
    ['a text that is too long', 'predicate.purpose', 'x'.repeat(1025)],
  ])('refuses %s', (_, path, value) => {
    expect(verdict(withField('deployment', path, value))).toBe('STATEMENT_MALFORMED');
  });

  it.each<[Kind, string, unknown]>([
    ['training', 'predicate.buildDefinition.buildType', 'https://attestry.dev/training/v2'],
    ['training', 'predicate.buildDefinition.internalParameters.context', undefined],
    ['training', 'predicate.buildDefinition.externalParameters.hyperparameters.rate', 1],
    ['training', 'predicate.buildDefinition.internalParameters.commitment.steps', -1],
    ['training', 'predicate.buildDefinition.resolvedDependencies', [{ name: 'a', digest: {} }]],
    ['training', 'predicate.runDetails.builder', undefined],
    ['training', 'predicate.runDetails.metadata.startedOn', 'yesterday'],
    ['evaluation', 'predicate.claims', []],
    ['evaluation', 'predicate.assuranceLevel', 'certified'],
    ['evaluation', 'predicate.sampleSize', 1000],
    ['evaluation', 'predicate.dataset', { name: 'a', digest: { gitCommit: 'ab' } }],
    ['usage', 'predicate.quantities.requests', '-1'],
    ['usage', 'predicate.quantities.requests', '01'],
    ['usage', 'predicate.quantities.requests', 3],
    ['usage', 'predicate.quantities.requests', '18446744073709551616'],
    ['usage', 'predicate.quantities.requests', undefined],
    ['usage', 'predicate.quantities.gpuHours', '1'],
    ['usage', 'predicate.meter.sequence', '0'],
    ['usage', 'predicate.meter.previous', undefined],
    ['usage', 'predicate.meter.previous', ''],
    ['usage', 'subject', subjects(2)],
    ['revocation', 'predicate.reason', 'because'],
    ['revocation', 'predicate.target', { scope: 'entry' }],
    ['revocation', 'predicate.target', { scope: 'model', entryHash: MODEL }],
    ['revocation', 'predicate.target', { scope: 'entry', entryHash: MODEL.slice(1) }],
  ])('refuses a %s statement with %s %j', (kind, path, value) => {
    expect(verdict(withField(kind, path, value))).toBe('STATEMENT_MALFORMED');
  });

  it('refuses what is not an in-toto Statement v1', () => {
    for (const type of ['https://in-toto.io/Statement/v0.1', `${STATEMENT_TYPE}/`, 'x']) {
      expect(verdict(withField('usage', '_type', type))).toBe('STATEMENT_TYPE_UNKNOWN');
    }
  });

  it('refuses predicate types that it does not know', () => {
    for (const type of ['https://attestry.dev/usage/v2', 'https://slsa.dev/provenance/v0.2']) {
      expect(verdict(withField('usage', 'predicateType', type))).toBe('PREDICATE_TYPE_UNKNOWN');
    }
  });

  it('holds a statement to its own numbers', () => {
    for (const [kind, path, value, code] of [
      ['evaluation', 'predicate.claims.0.passed', false, 'CLAIM_MISMATCH'],
      ['usage', 'predicate.quantities.inputTokens', '120', 'USAGE_SUM_MISMATCH'],
      ['usage', 'predicate.window.end', '2026-10-01T11:00:01Z', 'USAGE_WINDOW_INVALID'],
    ] as const) {
      expect(verdict(withField(kind, path, value))).toBe(code);
    }
  });

  it('reads a predicate only as its own type', () => {
    const payload = withField('usage', 'predicateType', PREDICATE_TYPE.deployment);
    expect(verdict(payload)).toBe('STATEMENT_MALFORMED');
  });

  it.each([
    ['a duplicate key', (text: string) => text.replace('{', '{"_type":"x",'), 'JSON_NOT_CANONICAL'],
    ['__proto__', (text: string) => text.replace('{', '{"__proto__":{},'), 'JSON_KEY_FORBIDDEN'],
    [
      'a float',
      (text: string) => text.replace('"sequence":0', '"sequence":0.5'),
      'JSON_NUMBER_UNSAFE',
    ],
    ['-0', (text: string) => text.replace('"sequence":0', '"sequence":-0'), 'JSON_NOT_CANONICAL'],
    [
      '2^53+1',
      (text: string) => text.replace('"sequence":0', '"sequence":9007199254740993'),
      'JSON_NUMBER_UNSAFE',
    ],
    ['a lone surrogate', (text: string) => text.replace('model.bin', '\\ud800'), 'JSON_MALFORMED'],
    [
      'a depth bomb',
      (text: string) => text.replace('"model.bin"', '['.repeat(99)),
      'JSON_TOO_DEEP',
    ],
    ['a byte order mark', (text: string) => `\ufeff${text}`, 'INPUT_NOT_UTF8'],
    ['nothing', () => '', 'JSON_MALFORMED'],
    ['a list', () => '[]', 'STATEMENT_MALFORMED'],
    ['null', () => 'null', 'STATEMENT_MALFORMED'],
  ])('refuses %s', (_, damage, code) => {
    const text = decodeUtf8(formatStatement(sample('usage')));
    expect(verdict(encodeUtf8(damage(text)))).toBe(code);
  });

  it('refuses any bytes with a code, or formatStatement gives them back', () => {
    const seeds = KINDS.map((kind) => formatStatement(sample(kind)));
    fc.assert(
      fc.property(hostileBytes(...seeds), (bytes) => {
        const statement = accepted(() => parseStatement(bytes));
        if (statement !== undefined) expect(formatStatement(statement)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });
});

describe('formatStatement', () => {
  it('writes in-toto fields in canonical form', () => {
    const statement = sample('revocation');
    expect(decodeUtf8(formatStatement(statement))).toBe(
      canonicalText({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://attestry.dev/revocation/v1',
        subject: statement.subject,
        predicate: statement.predicate,
      }),
    );
  });

  it('refuses a statement that nobody would accept', () => {
    const statement = sampleStatement('deployment', { context: { issuedAt: 'today' } });
    expect(codeOf(() => formatStatement(statement))).toBe('STATEMENT_MALFORMED');
  });
});

describe('contextOf and modelsOf', () => {
  it.each(KINDS)('find who speaks about what in a %s statement', (kind) => {
    expect(contextOf(sample(kind))).toEqual(SAMPLE_CONTEXT);
    expect(modelsOf(sample(kind))).toEqual([MODEL]);
  });
});

function subjects(count: number): { name: string; digest: { sha256: string } }[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `model ${i}`,
    digest: { sha256: digestOf(`model ${i}`) },
  }));
}
