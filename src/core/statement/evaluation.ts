/** How well a model did on a test: claims with a threshold stated beside the score. */
import { AttestryError } from '../../errors.ts';
import { parseQuantity } from '../bytes/decimal.ts';
import {
  array,
  flag,
  label,
  literal,
  object,
  optional,
  quantity,
  type Reader,
} from '../bytes/shape.ts';
import { type Context, context } from './context.ts';
import { type Resource, resource } from './resource.ts';

export const EVALUATION_PREDICATE_TYPE = 'https://attestry.dev/evaluation/v1';

export interface EvaluationPredicate {
  readonly context: Context;
  readonly evaluator: { readonly id: string };
  readonly suite: { readonly name: string; readonly version?: string };
  readonly dataset?: Resource;
  readonly sampleSize: string;
  readonly claims: readonly EvaluationClaim[];
  readonly assuranceLevel: 'self_attested' | 'third_party' | 'reproduced' | 'enclave_attested';
}

/** Score and threshold are parts per million, so that no float is signed. */
export interface EvaluationClaim {
  readonly metric: string;
  readonly slice?: string;
  readonly comparator: '>=' | '<=';
  readonly scorePerMillion: string;
  readonly thresholdPerMillion: string;
  readonly passed: boolean;
}

export const evaluationPredicate: Reader<EvaluationPredicate> = object<EvaluationPredicate>({
  context,
  evaluator: object({ id: label }),
  suite: object<EvaluationPredicate['suite']>({ name: label, version: optional(label) }),
  dataset: optional(resource),
  sampleSize: quantity,
  claims: array(
    object<EvaluationClaim>({
      metric: label,
      slice: optional(label),
      comparator: literal('>=', '<='),
      scorePerMillion: quantity,
      thresholdPerMillion: quantity,
      passed: flag,
    }),
    { min: 1, max: 256 },
  ),
  assuranceLevel: literal('self_attested', 'third_party', 'reproduced', 'enclave_attested'),
});

/** The predicate, if every claim's `passed` is what its own numbers say. @throws CLAIM_MISMATCH */
export function verifyClaims(predicate: EvaluationPredicate): EvaluationPredicate {
  for (const claim of predicate.claims) {
    const score = parseQuantity(claim.scorePerMillion);
    const threshold = parseQuantity(claim.thresholdPerMillion);
    const passed = claim.comparator === '>=' ? score >= threshold : score <= threshold;
    if (passed !== claim.passed) {
      throw new AttestryError(
        'CLAIM_MISMATCH',
        `Expected passed to be ${passed} for ${claim.metric}: ${score} ${claim.comparator} ${threshold}.`,
      );
    }
  }
  return predicate;
}
