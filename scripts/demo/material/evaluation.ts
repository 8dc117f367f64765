/** A real evaluation of the language model on the demo's own sentences. */
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { type BatchTree, buildBatchTree } from '../../../src/core/merkle/batch-tree.ts';
import type { LanguageModel } from './language-model.ts';
import type { Sentence } from './sentences.ts';

export interface LanguageEvaluation {
  readonly sampleSize: number;
  readonly correct: number;
  /** Sentences identified right, per million, rounded down. */
  readonly accuracyPerMillion: number;
  /** Over the canonical bytes `{language, text}` of each sentence, in order: the test that was used. */
  readonly sentences: BatchTree;
}

/** Runs the model on every sentence and compares its label with the right one. */
export function evaluateLanguageModel(
  model: LanguageModel,
  sentences: readonly Sentence[],
): LanguageEvaluation {
  const correct = sentences.filter(
    ({ language, text }) => model.identify(text).language === language,
  ).length;
  return {
    sampleSize: sentences.length,
    correct,
    accuracyPerMillion: Math.floor((correct * 1_000_000) / sentences.length),
    sentences: buildBatchTree(
      sentences.map(({ language, text }) => formatCanonicalJson({ language, text })),
    ),
  };
}
