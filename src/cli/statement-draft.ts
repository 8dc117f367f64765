/** A statement out of a description, flags and defaults. What comes of it is judged like any statement from outside. */

import type { NextUsage } from '../client/operator.ts';
import { parseQuantity } from '../core/bytes/decimal.ts';
import { formatCanonicalJson } from '../core/bytes/json.ts';
import { formatTime } from '../core/bytes/time.ts';
import type { Subject } from '../core/statement/resource.ts';
import {
  type Kind,
  PREDICATE_TYPE,
  parseStatement,
  STATEMENT_TYPE,
  type Statement,
} from '../core/statement/statement.ts';
import { TRAINING_BUILD_TYPE } from '../core/statement/training.ts';
import { AttestryError } from '../errors.ts';

export interface DraftInput {
  readonly kind: Kind;
  /** What a file says: `subject` and `predicate`, either or none. */
  readonly described: unknown;
  /** In place of the file's, where there are any. */
  readonly subject: readonly Subject[];
  /** In place of the file's, field by field. */
  readonly fields: readonly DraftField[];
  /** Unix seconds. */
  readonly now: number;
  /** Of usage: where the meter's stream goes on. */
  readonly next?: NextUsage;
}

export interface DraftField {
  /** Within the predicate. */
  readonly path: readonly string[];
  readonly value: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws STATEMENT_MALFORMED, USAGE_*, CLAIM_MISMATCH, JSON_* */
export function draftStatement(input: DraftInput): Statement {
  const { kind } = input;
  const described = readDescribed(input.described);
  let predicate = fieldsOf(described['predicate'] ?? {}, 'predicate');
  for (const { path, value } of input.fields) predicate = withField(predicate, path, value);
  for (const { path, value } of defaultsOf(input)) {
    if (fieldAt(predicate, path) === undefined) predicate = withField(predicate, path, value);
  }
  if (kind === 'usage') predicate = withSums(predicate);
  const payload = formatCanonicalJson({
    _type: STATEMENT_TYPE,
    predicate,
    predicateType: PREDICATE_TYPE[kind],
    subject: input.subject.length > 0 ? input.subject : (described['subject'] ?? []),
  });
  return parseStatement(payload);
}

/** Where the common block stands in a predicate of this kind. */
export function contextPath(kind: Kind): readonly string[] {
  return kind === 'training' ? ['buildDefinition', 'internalParameters', 'context'] : ['context'];
}

function readDescribed(value: unknown): Fields {
  const fields = fieldsOf(value ?? {}, 'the description');
  const unknown = Object.keys(fields).find((name) => name !== 'subject' && name !== 'predicate');
  if (unknown === undefined) return fields;
  throw malformed(`subject and predicate in the description, got ${JSON.stringify(unknown)}`);
}

function defaultsOf({ kind, now, next }: DraftInput): readonly DraftField[] {
  const issuedAt = { path: [...contextPath(kind), 'issuedAt'], value: formatTime(now) };
  switch (kind) {
    case 'training':
      return [
        issuedAt,
        { path: ['buildDefinition', 'buildType'], value: TRAINING_BUILD_TYPE },
        { path: ['buildDefinition', 'externalParameters', 'hyperparameters'], value: {} },
        { path: ['buildDefinition', 'resolvedDependencies'], value: [] },
      ];
    case 'usage':
      return [issuedAt, ...usageDefaults(next ?? { sequence: 0, previous: null })];
    case 'revocation':
      return [issuedAt, { path: ['target', 'scope'], value: 'model' }];
    default:
      return [issuedAt];
  }
}

function usageDefaults({ sequence, previous, meter }: NextUsage): readonly DraftField[] {
  const zeros = ['inputCachedTokens', 'inputCacheWriteTokens', 'outputReasoningTokens'];
  return [
    { path: ['meter', 'sequence'], value: sequence },
    { path: ['meter', 'previous'], value: previous },
    ...Object.entries(meter ?? {}).map(([name, value]) => ({ path: ['meter', name], value })),
    ...zeros.map((metric) => ({ path: ['quantities', metric], value: '0' })),
  ];
}

/** Fills in the two totals where they are left out and their buckets can be read. */
function withSums(predicate: Fields): Fields {
  const sums = {
    inputTokens: ['inputUncachedTokens', 'inputCachedTokens', 'inputCacheWriteTokens'],
    outputTokens: ['outputVisibleTokens', 'outputReasoningTokens'],
  };
  let filled = predicate;
  for (const [total, buckets] of Object.entries(sums)) {
    const path = ['quantities', total];
    const values = buckets.map((bucket) => fieldAt(predicate, ['quantities', bucket]));
    const isKnown = values.every((value) => typeof value === 'string' && /^\d{1,19}$/.test(value));
    if (!isKnown || fieldAt(predicate, path) !== undefined) continue;
    const sum = values.reduce((left: bigint, value) => left + parseQuantity(String(value)), 0n);
    filled = withField(filled, path, sum.toString());
  }
  return filled;
}

function fieldAt(fields: Fields, path: readonly string[]): unknown {
  let value: unknown = fields;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

function withField(fields: Fields, path: readonly string[], value: unknown): Fields {
  const [name, ...rest] = path;
  if (name === undefined) throw new RangeError('Expected a path of at least one name.');
  if (rest.length === 0) return { ...fields, [name]: value };
  return { ...fields, [name]: withField(fieldsOf(fields[name] ?? {}, name), rest, value) };
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed(`${what} to hold named fields`);
}

function malformed(expected: string): AttestryError {
  return new AttestryError('STATEMENT_MALFORMED', `Expected ${expected}.`);
}
