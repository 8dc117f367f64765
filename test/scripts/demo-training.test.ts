import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchesOfEpoch,
  classify,
  decodeWeights,
  encodeWeights,
  initialWeights,
  takeStep,
  trainWeights,
  type Weights,
} from '../../scripts/demo/material/classifier.ts';
import {
  encodeIrisRow,
  IRIS_CLASSES,
  type IrisSplit,
  readIris,
  splitIris,
} from '../../scripts/demo/material/iris.ts';
import {
  encodeTrainingState,
  HYPERPARAMETERS,
  type TrainedClassifier,
  trainClassifier,
} from '../../scripts/demo/material/train.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { verifyInclusion } from '../../src/core/merkle/inclusion.ts';

let trained: TrainedClassifier;
const rows: IrisSplit = splitIris(readIris());

beforeAll(async () => {
  trained = await trainClassifier({ rows });
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('readIris', () => {
  it('gives 150 rows of whole millimetres, 50 of each class', () => {
    const all = readIris();
    expect(all).toHaveLength(150);
    expect(all[0]).toEqual({ inputs: [51, 35, 14, 2], label: 0 });
    for (const label of IRIS_CLASSES.keys()) {
      expect(all.filter((row) => row.label === label)).toHaveLength(50);
      expect(rows.test.filter((row) => row.label === label)).toHaveLength(10);
    }
    expect(rows.train).toHaveLength(120);
  });

  it('encodes a row as canonical JSON', () => {
    expect(new TextDecoder().decode(encodeIrisRow({ inputs: [51, 35, 14, 2], label: 0 }))).toBe(
      '{"class":"setosa","petalLengthMm":14,"petalWidthMm":2,"sepalLengthMm":51,"sepalWidthMm":35}',
    );
  });
});

describe('trainClassifier', () => {
  it('gives the same bytes and commitments again', async () => {
    const again = await trainClassifier({ rows });
    expect(again.weights).toEqual(trained.weights);
    expect(again.commitments).toEqual(trained.commitments);
  });

  it('gives the bytes that every machine must give', () => {
    expect(trained.commitments.result.sha256).toBe(
      '4eae1dbab1c220ff64cd048d2ccbf8dc4a91c075e767be0a76c7c7ce42d42d18',
    );
    expect(trained.commitments.states.rfc6962Sha256).toBe(
      '9c07743ea99b3dc1c51744e93c909313996ebcbf0dc3faf71670c7e12d9d5de9',
    );
  });

  it('gives other weights for another seed', async () => {
    const other = await trainClassifier({ rows, hyperparameters: { ...HYPERPARAMETERS, seed: 8 } });
    expect(other.weights).not.toEqual(trained.weights);
    expect(other.accuracyOnTest).toBeGreaterThanOrEqual(900_000);
  });

  it('classifies at least 90 % of the test rows right', () => {
    const right = rows.test.filter((row) => classify(trained.weights, row) === row.label);
    expect(trained.accuracyOnTest).toBe(Math.floor((right.length * 1_000_000) / 30));
    expect(trained.accuracyOnTest).toBeGreaterThanOrEqual(900_000);
  });

  it('commits to the weights file, the program file and a chain of states', async () => {
    const { commitments, states, steps, weights } = trained;
    const program = await readFile(
      new URL('../../scripts/demo/material/classifier.ts', import.meta.url),
    );
    expect(commitments.program.sha256).toBe(sha256(program));
    expect(commitments.result.sha256).toBe(sha256(weights));
    expect(states).toHaveLength(steps);
    expect(states.at(-1)?.after).toBe(sha256(weights));
    states.slice(1).forEach((state, i) => {
      expect(state.before).toBe(states[i]?.after);
    });
    expect(commitments.trainRows.count).toBe(120);
  });

  it('lets anyone re-execute one step that its tree proves', () => {
    const step = 17;
    const state = trained.states[step];
    if (state === undefined) throw new Error('Expected at least 18 steps.');
    verifyInclusion({
      leafHash: leafHash(encodeTrainingState(state)),
      index: step,
      size: trained.trees.states.size,
      root: trained.trees.states.root,
      proof: trained.trees.states.prove(step),
    });
    const run = { rows: rows.train, classes: 3, hyperparameters: HYPERPARAMETERS };
    const plan = [0, 1].flatMap((epoch) =>
      batchesOfEpoch(120, HYPERPARAMETERS, epoch).map((batch) => ({ batch, epoch })),
    );
    const advance = (weights: Weights, { batch, epoch }: (typeof plan)[number]): Weights => {
      const examples = rows.train.filter((_, i) => batch.includes(i));
      return takeStep(weights, examples, HYPERPARAMETERS, epoch);
    };
    const before = plan.slice(0, step).reduce(advance, initialWeights(run));
    expect(sha256(encodeWeights(before))).toBe(state.before);
    expect(plan[step]?.batch).toEqual(state.batch);
    const after = advance(before, { batch: state.batch as number[], epoch: 1 });
    expect(sha256(encodeWeights(after))).toBe(state.after);
  });
});

describe('trainWeights', () => {
  const tiny = [
    { inputs: [0], label: 0 },
    { inputs: [1], label: 1 },
  ];

  it('refuses inputs that are not integers', () => {
    const bad = {
      rows: [{ inputs: [0.5], label: 0 }],
      classes: 2,
      hyperparameters: HYPERPARAMETERS,
    };
    expect(() => trainWeights(bad)).toThrow(RangeError);
  });

  it('refuses a learning rate beyond its limit', () => {
    const hyperparameters = { ...HYPERPARAMETERS, learningRate: 65_537 };
    expect(() => trainWeights({ rows: tiny, classes: 2, hyperparameters })).toThrow(RangeError);
  });

  it('refuses weights that leave 32 bits', () => {
    const hyperparameters = {
      ...HYPERPARAMETERS,
      epochs: 4096,
      learningRate: 65_536,
      halvingEpochs: 65_536,
      margin: 2 ** 31,
      biasInput: 4096,
    };
    const contradiction = Array.from({ length: 1024 }, () => ({ inputs: [-4096], label: 0 }));
    expect(() =>
      trainWeights({
        rows: contradiction,
        classes: 2,
        hyperparameters: { ...hyperparameters, batchSize: 1024 },
      }),
    ).toThrow(/2\^31/);
  });

  it('takes every row exactly once in an epoch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        fc.integer({ min: 0, max: 99 }),
        (count, batchSize, seed, epoch) => {
          const batches = batchesOfEpoch(count, { ...HYPERPARAMETERS, batchSize, seed }, epoch);
          expect(batches.flat().sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
          expect(batches.every(({ length }) => length > 0 && length <= batchSize)).toBe(true);
        },
      ),
    );
  });
});

describe('decodeWeights', () => {
  it('gives back what was encoded', () => {
    expect(encodeWeights(decodeWeights(trained.weights))).toEqual(trained.weights);
  });

  it('refuses bytes that are not exactly one weights file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => decodeWeights(bytes)).toThrow(RangeError);
      }),
    );
    expect(() => decodeWeights(trained.weights.slice(0, -1))).toThrow(RangeError);
    expect(() => decodeWeights(new Uint8Array([...trained.weights, 0]))).toThrow(RangeError);
  });
});
