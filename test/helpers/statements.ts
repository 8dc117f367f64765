/** Statements as operators make them: one of each kind, whole and admissible, with whatever a test wants otherwise. */
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatTime, parseTime } from '../../src/core/bytes/time.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import type { Context } from '../../src/core/statement/context.ts';
import {
  formatStatement,
  type Kind,
  type Statement,
  type StatementOf,
} from '../../src/core/statement/statement.ts';
import type { UsageQuantities } from '../../src/core/statement/usage.ts';

/** The clock of tests: 2026-10-01T12:00:00Z in unix seconds. */
export const NOW: number = parseTime('2026-10-01T12:00:00Z');

/** Hex SHA-256 of a text: a model, or any other digest that a test needs. */
export function digestOf(text: string): string {
  return encodeHex(sha256(encodeUtf8(text)));
}

export const MODEL: string = digestOf('model');

export const SAMPLE_CONTEXT: Context = {
  issuedAt: '2026-10-01T11:00:00Z',
  jurisdiction: 'DEU',
  log: 'eu.log.example',
  operator: 'operator-eu',
  region: 'eu',
};

export interface SampleOverrides<K extends Kind> {
  readonly model?: string;
  readonly subject?: Statement['subject'];
  readonly context?: Partial<Context>;
  /** Replaces whole fields of the predicate. */
  readonly predicate?: Partial<StatementOf<K>['predicate']>;
}

/** An admissible statement of a kind, made for `SAMPLE_CONTEXT` and about `MODEL` where nothing else is asked for. */
export function sampleStatement<K extends Kind>(
  kind: K,
  overrides: SampleOverrides<K> = {},
): StatementOf<K> {
  const { model = MODEL, subject } = overrides;
  const predicate = SAMPLES[kind]({ ...SAMPLE_CONTEXT, ...overrides.context });
  return {
    kind,
    subject: subject ?? [{ name: 'model.bin', digest: { sha256: model } }],
    predicate: { ...predicate, ...overrides.predicate },
  };
}

export const SAMPLE_QUANTITIES: UsageQuantities = {
  requests: '3',
  inputUncachedTokens: '70',
  inputCachedTokens: '20',
  inputCacheWriteTokens: '10',
  inputTokens: '100',
  outputVisibleTokens: '40',
  outputReasoningTokens: '2',
  outputTokens: '42',
  energyWattHours: '5',
};

const SAMPLES: { readonly [K in Kind]: (context: Context) => StatementOf<K>['predicate'] } = {
  training: (context) => ({
    buildDefinition: {
      buildType: 'https://attestry.dev/training/v1',
      externalParameters: {
        task: 'classification',
        hyperparameters: { learningRate: '0.1', seed: '7' },
      },
      internalParameters: {
        context,
        arithmetic: { profile: 'fixed-point-16', orderIndependent: true },
        commitment: { rfc6962Sha256: digestOf('states'), steps: 100 },
      },
      resolvedDependencies: [
        { name: 'data', digest: { sha256: digestOf('data'), rfc6962Sha256: digestOf('rows') } },
        { name: 'program', digest: { gitCommit: digestOf('program').slice(0, 40) } },
      ],
    },
    runDetails: {
      builder: { id: 'https://builder.example/1' },
      metadata: { startedOn: '2026-10-01T09:00:00Z', finishedOn: '2026-10-01T10:00:00Z' },
    },
  }),
  evaluation: (context) => ({
    context,
    evaluator: { id: 'evaluator.example' },
    suite: { name: 'held-out rows', version: '1' },
    dataset: { name: 'rows', digest: { rfc6962Sha256: digestOf('held-out') } },
    sampleSize: '1000',
    claims: [
      {
        metric: 'accuracy',
        comparator: '>=',
        scorePerMillion: '950000',
        thresholdPerMillion: '900000',
        passed: true,
      },
    ],
    assuranceLevel: 'self_attested',
  }),
  deployment: (context) => ({
    context,
    deploymentId: 'deployment-1',
    action: 'deploy',
    environment: 'production',
    purpose: 'language identification',
    endpoint: 'https://api.example/v1',
    effectiveAt: '2026-10-01T10:00:00Z',
    runtime: { name: 'runtime', version: '1.0' },
  }),
  usage: (context) => ({
    context,
    meter: { id: 'meter-1', method: 'whitespace tokens', sequence: 0, previous: null },
    window: { start: '2026-10-01T10:00:00Z', end: '2026-10-01T10:10:00Z' },
    quantities: SAMPLE_QUANTITIES,
  }),
  revocation: (context) => ({
    context,
    target: { scope: 'model' },
    reason: 'defective',
    explanation: 'wrong labels in the training data',
  }),
};

const WINDOW_SECONDS = 600;

/** A meter's first `count` statements: windows of ten minutes from 08:00 on, each committing to the one before. */
export function sampleStream(
  count: number,
  overrides: SampleOverrides<'usage'> & { readonly meter?: string } = {},
): StatementOf<'usage'>[] {
  const start = parseTime('2026-10-01T08:00:00Z');
  const stream: StatementOf<'usage'>[] = [];
  let previous: string | null = null;
  for (let sequence = 0; sequence < count; sequence++) {
    const statement: StatementOf<'usage'> = sampleStatement('usage', {
      ...overrides,
      predicate: {
        meter: { id: overrides.meter ?? 'meter-1', method: 'tokens', sequence, previous },
        window: {
          start: formatTime(start + sequence * WINDOW_SECONDS),
          end: formatTime(start + (sequence + 1) * WINDOW_SECONDS),
        },
        ...overrides.predicate,
      },
    });
    stream.push(statement);
    previous = encodeHex(sha256(formatStatement(statement)));
  }
  return stream;
}
