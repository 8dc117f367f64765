/** A statement in one plain sentence. */
import type { DeploymentPredicate } from '../core/statement/deployment.ts';
import type { EvaluationPredicate } from '../core/statement/evaluation.ts';
import type { RevocationPredicate } from '../core/statement/revocation.ts';
import type { TrainingPredicate } from '../core/statement/training.ts';
import type { UsagePredicate } from '../core/statement/usage.ts';
import { formatList, formatMinute, formatPerMillion, formatQuantity } from './format.ts';
import { WORDS } from './words/words.ts';
import type { Row } from './worker/protocol.ts';

/** The predicate of a verified statement has the shape of its kind. */
export function sayRow({ kind, operator, predicate }: Row): string {
  switch (kind) {
    case 'training':
      return sayTraining(operator, predicate as TrainingPredicate);
    case 'evaluation':
      return sayEvaluation(operator, predicate as EvaluationPredicate);
    case 'deployment':
      return sayDeployment(operator, predicate as DeploymentPredicate);
    case 'usage':
      return sayUsage(operator, predicate as UsagePredicate);
    default:
      return sayRevocation(operator, predicate as RevocationPredicate);
  }
}

export function sayClaims({ claims }: EvaluationPredicate): readonly string[] {
  return claims.map(({ metric, slice, comparator, scorePerMillion, thresholdPerMillion, passed }) =>
    WORDS.say.claim(
      slice === undefined ? metric : `${metric} (${slice})`,
      formatPerMillion(scorePerMillion),
      comparator === '>=' ? '≥' : '≤',
      formatPerMillion(thresholdPerMillion),
      passed,
    ),
  );
}

function sayTraining(who: string, { buildDefinition, runDetails }: TrainingPredicate): string {
  const data = buildDefinition.resolvedDependencies.map(({ name }) => name);
  return WORDS.say.training(who, runDetails.builder.id, formatList(data, 2));
}

function sayEvaluation(who: string, predicate: EvaluationPredicate): string {
  return WORDS.say.evaluation(who, predicate.suite.name, formatList(sayClaims(predicate), 2));
}

function sayDeployment(who: string, predicate: DeploymentPredicate): string {
  const { action, environment, effectiveAt } = predicate;
  return WORDS.say.deployment(who, action, environment, formatMinute(effectiveAt));
}

function sayUsage(who: string, { window, quantities }: UsagePredicate): string {
  const tokens = BigInt(quantities.inputTokens) + BigInt(quantities.outputTokens);
  return WORDS.say.usage(
    who,
    formatMinute(window.start),
    formatMinute(window.end).slice(11),
    formatQuantity(quantities.requests),
    formatQuantity(tokens.toString()),
  );
}

function sayRevocation(who: string, predicate: RevocationPredicate): string {
  const { target, reason, explanation } = predicate;
  const why = WORDS.say.reason[reason] ?? reason;
  return WORDS.say.revocation(who, target.scope, why, explanation ?? '');
}
