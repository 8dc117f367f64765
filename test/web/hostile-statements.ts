/** Statements of every kind about one model, each with one hostile string in every field that takes text. */
import type { Context } from '../../src/core/statement/context.ts';
import type { Resource } from '../../src/core/statement/resource.ts';
import type { Kind, Statement } from '../../src/core/statement/statement.ts';
import { sampleStatement } from '../helpers/statements.ts';
import { HOSTILE_STRINGS } from './hostile-strings.ts';

/** By an operator whose own words, where they are free, are hostile too. */
export function hostileStatements(own: Partial<Context>, model: string): readonly Statement[] {
  return HOSTILE_STRINGS.flatMap((text, i) => {
    const context = { ...own, region: text, jurisdiction: text };
    const subject = [{ name: text, digest: { sha256: model } }];
    return (Object.keys(PREDICATES) as Kind[]).map((kind) => {
      const predicate = PREDICATES[kind](text, i);
      return withText(sampleStatement(kind, { subject, context, predicate }) as Statement, text);
    });
  });
}

/** The parts of a training statement that lie deeper. */
function withText(statement: Statement, text: string): Statement {
  if (statement.kind !== 'training') return statement;
  const { buildDefinition } = statement.predicate;
  return {
    ...statement,
    predicate: {
      buildDefinition: {
        ...buildDefinition,
        externalParameters: {
          approach: text,
          task: text,
          architectureFamily: text,
          hyperparameters: { [keyOf(text)]: text },
        },
        internalParameters: {
          ...buildDefinition.internalParameters,
          arithmetic: { profile: text, orderIndependent: true },
        },
        resolvedDependencies: [resource(text)],
      },
      runDetails: {
        builder: { id: text },
        metadata: { invocationId: text },
        byproducts: [resource(text)],
      },
    },
  };
}

/** A few names are refused as keys, wherever they stand. */
function keyOf(text: string): string {
  return `key ${text}`.slice(0, 256).normalize('NFC');
}

function resource(text: string): Resource {
  return {
    name: text,
    digest: { sha256: '07'.repeat(32) },
    uri: text,
    mediaType: text,
    annotations: { [keyOf(text)]: text },
  };
}

const PREDICATES: { readonly [K in Kind]: (text: string, i: number) => object } = {
  training: () => ({}),
  evaluation: (text) => ({
    evaluator: { id: text },
    suite: { name: text, version: text },
    dataset: resource(text),
    claims: [
      {
        metric: text,
        slice: text,
        comparator: '>=',
        scorePerMillion: '950000',
        thresholdPerMillion: '900000',
        passed: true,
      },
    ],
  }),
  deployment: (text) => ({
    deploymentId: text,
    environment: text,
    purpose: text,
    endpoint: text,
    runtime: { name: text, version: text },
    materials: [resource(text)],
  }),
  // The same string stands for two meters in two places of the list, so each has a number.
  usage: (text, i) => ({
    meter: { id: `${text.slice(0, 240)}${i}`, method: text, sequence: 0, previous: null },
  }),
  revocation: (text, i) => ({
    target: { scope: 'entry', entryHash: i.toString(16).padStart(64, '0') },
    reason: 'unspecified',
    explanation: text,
  }),
};
