/** The flags of `attestry state <kind>`: which field of the predicate each one fills. */
import type { EvaluationClaim } from '../core/statement/evaluation.ts';
import type { Kind } from '../core/statement/statement.ts';
import { usageError } from './command.ts';

export interface StatementFlag {
  /** As commander reads it: `--environment <name>`. */
  readonly flag: string;
  readonly help: string;
  /** Where its value goes in the predicate, or in the context. */
  readonly path: readonly string[];
  /** The field's value; the text itself unless told. */
  readonly read?: (text: string) => unknown;
  /** May be given more than once, for a list. */
  readonly isList?: boolean;
  /** May be given more than once as name=value, for an object. */
  readonly isRecord?: boolean;
}

/** Of the common block of every statement. */
export const CONTEXT_FLAGS: readonly StatementFlag[] = [
  { flag: '--operator <id>', help: 'who says it: the id in the trust root', path: ['operator'] },
  { flag: '--log <origin>', help: 'the one log that it is meant for', path: ['log'] },
  { flag: '--region <name>', help: 'cloud region in which the work was done', path: ['region'] },
  {
    flag: '--jurisdiction <code>',
    help: 'whose law applies there: DEU, USA, EU, …',
    path: ['jurisdiction'],
  },
  { flag: '--issued-at <time>', help: 'UTC (default: now)', path: ['issuedAt'] },
];

export const STATEMENT_FLAGS: { readonly [K in Kind]: readonly StatementFlag[] } = {
  training: [
    ...inside(
      ['buildDefinition', 'externalParameters'],
      [
        { flag: '--task <name>', help: 'what the model does', path: ['task'] },
        { flag: '--approach <name>', help: 'supervised, …', path: ['approach'] },
        { flag: '--architecture <name>', help: 'linear, mlp, …', path: ['architectureFamily'] },
        {
          flag: '--hyperparameter <name=value>',
          help: 'as text (repeatable)',
          path: ['hyperparameters'],
          isRecord: true,
        },
      ],
    ),
    {
      flag: '--dependency <name=sha256>',
      help: 'data, base model or program by digest (repeatable)',
      path: ['buildDefinition', 'resolvedDependencies'],
      read: readDependency,
      isList: true,
    },
    ...inside(
      ['runDetails'],
      [
        { flag: '--builder <id>', help: 'what trained it', path: ['builder', 'id'] },
        { flag: '--started-on <time>', help: 'UTC', path: ['metadata', 'startedOn'] },
        { flag: '--finished-on <time>', help: 'UTC', path: ['metadata', 'finishedOn'] },
      ],
    ),
  ],
  evaluation: [
    { flag: '--evaluator <id>', help: 'who tested', path: ['evaluator', 'id'] },
    { flag: '--suite <name>', help: 'the test', path: ['suite', 'name'] },
    { flag: '--suite-version <version>', help: 'its version', path: ['suite', 'version'] },
    { flag: '--sample-size <number>', help: 'cases tested', path: ['sampleSize'] },
    {
      flag: '--claim <claim>',
      help: '"accuracy 931000 >= 900000": score and threshold in parts per million (repeatable)',
      path: ['claims'],
      read: readClaim,
      isList: true,
    },
    {
      flag: '--assurance-level <level>',
      help: 'self_attested, third_party, reproduced or enclave_attested',
      path: ['assuranceLevel'],
    },
  ],
  deployment: [
    {
      flag: '--deployment-id <id>',
      help: "the operator's own name for it",
      path: ['deploymentId'],
    },
    { flag: '--action <action>', help: 'deploy or retire', path: ['action'] },
    { flag: '--environment <name>', help: 'production, …', path: ['environment'] },
    { flag: '--effective-at <time>', help: 'UTC', path: ['effectiveAt'] },
    { flag: '--purpose <text>', help: 'what it is used for', path: ['purpose'] },
    { flag: '--endpoint <url>', help: 'where it is reached', path: ['endpoint'] },
    { flag: '--runtime <name>', help: 'what runs it', path: ['runtime', 'name'] },
    { flag: '--runtime-version <version>', help: 'its version', path: ['runtime', 'version'] },
  ],
  usage: [
    ...inside(
      ['meter'],
      [
        { flag: '--meter <id>', help: 'what counts', path: ['id'] },
        { flag: '--method <name>', help: 'how a token is counted', path: ['method'] },
      ],
    ),
    ...inside(
      ['window'],
      [
        { flag: '--from <time>', help: 'UTC: start of the window', path: ['start'] },
        { flag: '--to <time>', help: 'UTC: its end, within the same UTC hour', path: ['end'] },
      ],
    ),
    ...inside(
      ['quantities'],
      [
        { flag: '--requests <number>', help: 'requests served', path: ['requests'] },
        {
          flag: '--input-uncached <number>',
          help: 'input tokens neither read from nor written to a cache',
          path: ['inputUncachedTokens'],
        },
        {
          flag: '--input-cached <number>',
          help: 'input tokens read from a cache (default: 0)',
          path: ['inputCachedTokens'],
        },
        {
          flag: '--input-cache-write <number>',
          help: 'input tokens written to a cache (default: 0)',
          path: ['inputCacheWriteTokens'],
        },
        {
          flag: '--output-visible <number>',
          help: 'tokens answered',
          path: ['outputVisibleTokens'],
        },
        {
          flag: '--output-reasoning <number>',
          help: 'tokens of hidden reasoning (default: 0)',
          path: ['outputReasoningTokens'],
        },
        { flag: '--energy-watt-hours <number>', help: 'energy used', path: ['energyWattHours'] },
      ],
    ),
  ],
  revocation: [
    {
      flag: '--scope <scope>',
      help: 'model (default), or entry for one earlier statement',
      path: ['target', 'scope'],
    },
    {
      flag: '--entry <hash>',
      help: 'entry hash of the statement that is withdrawn',
      path: ['target', 'entryHash'],
    },
    {
      flag: '--reason <reason>',
      help: 'unspecified, defective, unsafe, superseded, keyCompromise or cessationOfOperation',
      path: ['reason'],
    },
    { flag: '--explanation <text>', help: 'in your words', path: ['explanation'] },
    {
      flag: '--superseded-by <sha256>',
      help: "the model that takes this one's place",
      path: ['supersededBy'],
    },
  ],
};

/** Name and value of `name=value`. */
export function readPair(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw usageError(`Expected name=value, got ${JSON.stringify(text)}.`);
}

function inside(
  path: readonly string[],
  flags: readonly StatementFlag[],
): readonly StatementFlag[] {
  return flags.map((flag) => ({ ...flag, path: [...path, ...flag.path] }));
}

function readDependency(text: string): object {
  const [name, sha256] = readPair(text);
  return { name, digest: { sha256 } };
}

// `passed` follows from the numbers, so nobody can say otherwise here.
function readClaim(text: string): EvaluationClaim {
  const [, metric, score, comparator, threshold] =
    /^(\S.*) (\d{1,19}) (>=|<=) (\d{1,19})$/.exec(text) ?? [];
  if (
    metric === undefined ||
    score === undefined ||
    threshold === undefined ||
    (comparator !== '>=' && comparator !== '<=')
  ) {
    throw usageError(
      `Expected a claim like "accuracy 931000 >= 900000", got ${JSON.stringify(text)}.`,
    );
  }
  const [a, b] = [BigInt(score), BigInt(threshold)];
  const passed = comparator === '>=' ? a >= b : a <= b;
  return { metric, comparator, scorePerMillion: score, thresholdPerMillion: threshold, passed };
}
