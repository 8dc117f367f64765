/** Statements: in-toto Statement v1 about models, five kinds. The typed value has the JSON's own shape. */
import { AttestryError } from '../../errors.ts';
import { formatCanonicalJson, type Json, parseCanonicalJson } from '../bytes/json.ts';
import { label, object, type Reader, readShape } from '../bytes/shape.ts';
import type { Context } from './context.ts';
import {
  DEPLOYMENT_PREDICATE_TYPE,
  type DeploymentPredicate,
  deploymentPredicate,
} from './deployment.ts';
import {
  EVALUATION_PREDICATE_TYPE,
  type EvaluationPredicate,
  evaluationPredicate,
  verifyClaims,
} from './evaluation.ts';
import { type Subject, subjects } from './resource.ts';
import {
  REVOCATION_PREDICATE_TYPE,
  type RevocationPredicate,
  revocationPredicate,
} from './revocation.ts';
import { TRAINING_PREDICATE_TYPE, type TrainingPredicate, trainingPredicate } from './training.ts';
import { USAGE_PREDICATE_TYPE, type UsagePredicate, usagePredicate, verifyUsage } from './usage.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

interface Predicates {
  readonly training: TrainingPredicate;
  readonly evaluation: EvaluationPredicate;
  readonly deployment: DeploymentPredicate;
  readonly usage: UsagePredicate;
  readonly revocation: RevocationPredicate;
}

export type Kind = keyof Predicates;

export interface StatementOf<K extends Kind> {
  readonly kind: K;
  /** The models that this is about, at least one; exactly one for usage. */
  readonly subject: readonly Subject[];
  readonly predicate: Predicates[K];
}

export type Statement = { [K in Kind]: StatementOf<K> }[Kind];

export const PREDICATE_TYPE: { readonly [K in Kind]: string } = {
  training: TRAINING_PREDICATE_TYPE,
  evaluation: EVALUATION_PREDICATE_TYPE,
  deployment: DEPLOYMENT_PREDICATE_TYPE,
  usage: USAGE_PREDICATE_TYPE,
  revocation: REVOCATION_PREDICATE_TYPE,
};

export const KINDS: readonly Kind[] = Object.keys(PREDICATE_TYPE) as Kind[];

const READERS: { readonly [K in Kind]: Reader<Predicates[K]> } = {
  training: trainingPredicate,
  evaluation: evaluationPredicate,
  deployment: deploymentPredicate,
  usage: usagePredicate,
  revocation: revocationPredicate,
};

const outline = object({
  _type: label,
  predicate: (value: Json | undefined): Json => value ?? null,
  predicateType: label,
  subject: subjects,
});

/** The statement in a verified payload. @throws JSON_*, STATEMENT_*, PREDICATE_TYPE_UNKNOWN, USAGE_*, CLAIM_MISMATCH */
export function parseStatement(payload: Uint8Array): Statement {
  const fields = readShape('STATEMENT_MALFORMED', outline, parseCanonicalJson(payload));
  if (fields._type !== STATEMENT_TYPE) {
    throw new AttestryError(
      'STATEMENT_TYPE_UNKNOWN',
      `Expected _type ${STATEMENT_TYPE}, got ${JSON.stringify(fields._type)}.`,
    );
  }
  const kind = KINDS.find((candidate) => PREDICATE_TYPE[candidate] === fields.predicateType);
  if (kind === undefined) {
    throw new AttestryError(
      'PREDICATE_TYPE_UNKNOWN',
      `Expected one of ${Object.values(PREDICATE_TYPE).join(', ')}, got ${JSON.stringify(fields.predicateType)}.`,
    );
  }
  const predicate = readShape(
    'STATEMENT_MALFORMED',
    READERS[kind] as Reader<Predicates[Kind]>,
    fields.predicate,
  );
  return verifyMeaning({ kind, subject: fields.subject, predicate } as Statement);
}

/** RFC 8785 bytes of the statement, after the checks of `parseStatement`: nothing is signed that no one would accept. */
export function formatStatement(statement: Statement): Uint8Array {
  const { kind, subject, predicate } = statement;
  const payload = formatCanonicalJson({
    _type: STATEMENT_TYPE,
    predicate,
    predicateType: PREDICATE_TYPE[kind],
    subject,
  });
  parseStatement(payload);
  return payload;
}

/** Who says it, for which log, from where, when. */
export function contextOf(statement: Statement): Context {
  return statement.kind === 'training'
    ? statement.predicate.buildDefinition.internalParameters.context
    : statement.predicate.context;
}

/** The models that the statement is about, as hex SHA-256, in its order. */
export function modelsOf(statement: Statement): readonly string[] {
  return statement.subject.map((subject) => subject.digest.sha256);
}

function verifyMeaning(statement: Statement): Statement {
  if (new Set(modelsOf(statement)).size !== statement.subject.length) {
    throw malformed('every subject once');
  }
  if (statement.kind === 'usage') {
    if (statement.subject.length !== 1)
      throw malformed('exactly one subject: a meter counts one model');
    verifyUsage(statement.predicate);
  }
  if (statement.kind === 'evaluation') verifyClaims(statement.predicate);
  if (statement.kind === 'revocation') verifyTarget(statement.predicate);
  return statement;
}

function verifyTarget({ target }: RevocationPredicate): void {
  if ((target.scope === 'entry') !== (target.entryHash !== undefined)) {
    throw malformed('an entryHash exactly where the scope is "entry"');
  }
}

function malformed(expected: string): AttestryError {
  return new AttestryError('STATEMENT_MALFORMED', `Expected a statement with ${expected}.`);
}
