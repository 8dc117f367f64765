/** A statement in plain words: what an operator is about to put a name to. */
import { contextOf, type Statement, type StatementOf } from '../core/statement/statement.ts';

/** Sentences; the first says who says it, where, about what. */
export function describeStatement(statement: Statement): readonly string[] {
  const { operator, log, region, jurisdiction, issuedAt } = contextOf(statement);
  const models = statement.subject.map(
    ({ name, digest, annotations }) =>
      `  ${name} (SHA-256 ${digest.sha256}${phrase(', in ', annotations?.shards?.count.toString(), ' shards')})`,
  );
  return [
    `${operator} states at ${issuedAt}, for log ${log}, from ${region} (${jurisdiction}), about`,
    ...models,
    ...describePredicate(statement).map((sentence) => `  - ${sentence}`),
  ];
}

function describePredicate(statement: Statement): readonly string[] {
  switch (statement.kind) {
    case 'training':
      return describeTraining(statement.predicate);
    case 'evaluation':
      return describeEvaluation(statement.predicate);
    case 'deployment':
      return describeDeployment(statement.predicate);
    case 'usage':
      return describeUsage(statement.predicate);
    case 'revocation':
      return describeRevocation(statement.predicate);
  }
}

function describeTraining(predicate: StatementOf<'training'>['predicate']): readonly string[] {
  const { externalParameters, resolvedDependencies, internalParameters } =
    predicate.buildDefinition;
  const parameters = Object.entries(externalParameters.hyperparameters);
  const { commitment } = internalParameters;
  return [
    `that it was trained by ${predicate.runDetails.builder.id}${phrase(' for ', externalParameters.task)};`,
    `with ${parameters.map(([name, value]) => `${name} ${value}`).join(', ') || 'no hyperparameters stated'};`,
    `from ${resolvedDependencies.map(({ name }) => name).join(', ') || 'no data or program stated'};`,
    commitment === undefined
      ? 'without a commitment to the states of the run.'
      : `with a commitment to ${commitment.steps} states of the run.`,
  ];
}

function describeEvaluation(predicate: StatementOf<'evaluation'>['predicate']): readonly string[] {
  const { evaluator, suite, sampleSize, claims, assuranceLevel } = predicate;
  return [
    `that ${evaluator.id} tested it with ${suite.name}${phrase(' ', suite.version)} on ${sampleSize} cases (${assuranceLevel});`,
    ...claims.map(
      (claim) =>
        `${claim.metric}${phrase(' on ', claim.slice)}: ${percent(claim.scorePerMillion)}, which ${claim.passed ? 'is' : 'is NOT'} ${claim.comparator} ${percent(claim.thresholdPerMillion)}.`,
    ),
  ];
}

function describeDeployment(predicate: StatementOf<'deployment'>['predicate']): readonly string[] {
  const { action, environment, effectiveAt, deploymentId, purpose, endpoint } = predicate;
  const verb = action === 'deploy' ? 'put to work in' : 'taken out of';
  return [
    `that it is ${verb} ${environment} from ${effectiveAt} on (${deploymentId})${phrase(', for ', purpose)}${phrase(', at ', endpoint)}.`,
  ];
}

function describeUsage(predicate: StatementOf<'usage'>['predicate']): readonly string[] {
  const { meter, window, quantities: q } = predicate;
  return [
    `that from ${window.start} to ${window.end} it served ${q.requests} requests;`,
    `${q.inputTokens} input tokens: ${q.inputUncachedTokens} uncached, ${q.inputCachedTokens} from a cache, ${q.inputCacheWriteTokens} into a cache;`,
    `${q.outputTokens} output tokens: ${q.outputVisibleTokens} visible, ${q.outputReasoningTokens} of reasoning${phrase('; ', q.energyWattHours, ' Wh')};`,
    meter.previous === null
      ? `as the first statement of meter ${meter.id} (${meter.method}).`
      : `as statement ${meter.sequence} of meter ${meter.id} (${meter.method}), and that it served nothing between the window before and this one.`,
  ];
}

function describeRevocation(predicate: StatementOf<'revocation'>['predicate']): readonly string[] {
  const { target, reason, explanation, supersededBy } = predicate;
  const what =
    target.scope === 'model' ? 'the model is' : `statement ${target.entryHash} about it is`;
  return [
    `that ${what} withdrawn: ${reason}${phrase(', ', explanation)}${phrase('; superseded by ', supersededBy)}. This cannot be taken back.`,
  ];
}

function phrase(before: string, value: string | undefined, after = ''): string {
  return value === undefined ? '' : `${before}${value}${after}`;
}

/** 931000 parts per million: 93.1 %. */
function percent(perMillion: string): string {
  const digits = perMillion.padStart(5, '0');
  const fraction = digits.slice(-4).replace(/0+$/, '');
  return `${digits.slice(0, -4)}${fraction === '' ? '' : `.${fraction}`} %`;
}
