/** A real training run, and everything that a training statement commits to about it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { type BatchTree, buildBatchTree } from '../../../src/core/merkle/batch-tree.ts';
import {
  ARITHMETIC_PROFILE,
  classify,
  encodeWeights,
  type Hyperparameters,
  initialWeights,
  PROGRAM_URL,
  trainWeights,
  type Weights,
} from './classifier.ts';
import { encodeIrisRow, IRIS_CLASSES, type IrisRow, type IrisSplit } from './iris.ts';

export const HYPERPARAMETERS: Hyperparameters = {
  seed: 7,
  epochs: 40,
  batchSize: 8,
  learningRate: 16,
  halvingEpochs: 20,
  margin: 65_536,
  biasInput: 50,
};

export interface TrainingOptions {
  readonly rows: IrisSplit;
  readonly hyperparameters?: Hyperparameters;
}

export interface TrainedClassifier {
  /** The weights file. */
  readonly weights: Uint8Array;
  readonly steps: number;
  readonly states: readonly TrainingState[];
  /** Rows of the test split classified right, per million, rounded down. */
  readonly accuracyOnTest: number;
  readonly commitments: TrainingCommitments;
  /** The trees behind the roots, to prove one row or one step. */
  readonly trees: TrainingTrees;
}

/** One step, so that it can be opened and re-executed: digests are of the weights file before and after it. */
export interface TrainingState {
  readonly step: number;
  /** Indices into the training rows. */
  readonly batch: readonly number[];
  readonly before: string;
  readonly after: string;
}

/** Digests are lowercase hex: SHA-256 of bytes, or RFC 6962 roots where a `count` of leaves stands beside them. */
interface TrainingCommitments {
  readonly profile: string;
  readonly program: { readonly name: string; readonly sha256: string };
  readonly trainRows: TreeCommitment;
  readonly testRows: TreeCommitment;
  /** As text, as a statement carries them. */
  readonly hyperparameters: Readonly<Record<string, string>>;
  readonly result: { readonly name: string; readonly sha256: string };
  readonly states: TreeCommitment;
}

interface TreeCommitment {
  readonly rfc6962Sha256: string;
  readonly count: number;
}

interface TrainingTrees {
  readonly trainRows: BatchTree;
  readonly testRows: BatchTree;
  readonly states: BatchTree;
}

export const WEIGHTS_FILE_NAME = 'weights.attq16';

/** Trains on the training rows, tests on the test rows, and commits to both, the program, every step and the result. */
export async function trainClassifier(options: TrainingOptions): Promise<TrainedClassifier> {
  const { rows, hyperparameters = HYPERPARAMETERS } = options;
  const { weights, states } = runTraining(rows.train, hyperparameters);
  const trees: TrainingTrees = {
    trainRows: buildBatchTree(rows.train.map(encodeIrisRow)),
    testRows: buildBatchTree(rows.test.map(encodeIrisRow)),
    states: buildBatchTree(states.map(encodeTrainingState)),
  };
  return {
    weights,
    steps: states.length,
    states,
    accuracyOnTest: measureAccuracy(weights, rows.test),
    commitments: {
      profile: ARITHMETIC_PROFILE,
      program: {
        name: basename(PROGRAM_URL.pathname),
        sha256: sha256(await readFile(PROGRAM_URL)),
      },
      trainRows: commitTo(trees.trainRows),
      testRows: commitTo(trees.testRows),
      hyperparameters: Object.fromEntries(
        Object.entries(hyperparameters).map(([name, value]) => [name, String(value)]),
      ),
      result: { name: WEIGHTS_FILE_NAME, sha256: sha256(weights) },
      states: commitTo(trees.states),
    },
    trees,
  };
}

/** The canonical bytes of a step: what a leaf of the state tree holds. */
export function encodeTrainingState({ step, batch, before, after }: TrainingState): Uint8Array {
  return formatCanonicalJson({ step, batch, before, after });
}

/** Rows that the weights classify right, per million, rounded down. */
function measureAccuracy(weights: Uint8Array, rows: readonly IrisRow[]): number {
  const right = rows.filter((row) => classify(weights, row) === row.label).length;
  return Math.floor((right * 1_000_000) / rows.length);
}

function runTraining(
  rows: readonly IrisRow[],
  hyperparameters: Hyperparameters,
): { weights: Uint8Array; states: TrainingState[] } {
  const run = { rows, classes: IRIS_CLASSES.length, hyperparameters };
  const states: TrainingState[] = [];
  let before = digestOf(initialWeights(run));
  const onStep = (batch: readonly number[], weights: Weights): void => {
    const after = digestOf(weights);
    states.push({ step: states.length, batch, before, after });
    before = after;
  };
  const weights = encodeWeights(trainWeights({ ...run, onStep }));
  return { weights, states };
}

function digestOf(weights: Weights): string {
  return sha256(encodeWeights(weights));
}

function commitTo(tree: BatchTree): TreeCommitment {
  return { rfc6962Sha256: Buffer.from(tree.root).toString('hex'), count: tree.size };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
