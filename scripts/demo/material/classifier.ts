/**
 * The training program: a linear classifier with a margin, trained by mini-batch subgradient steps in exact integers.
 *
 * Profile attestry-q16-int: a weight is an int32 that counts 1/65536, an input is an integer, and nothing else is ever
 * computed with. No Math.exp, log or tanh, whose last bits an engine may choose. Within the limits below a score is a sum
 * of 17 products under 2^31 * 2^12, so under 2^48, and a step adds at most 2^16 * 2^10 * 2^12 = 2^38 to a weight before
 * that is checked to be an int32 again: all below 2^53, where doubles are exact integers. So the same rows and
 * hyperparameters give the same bytes on every machine. This file imports nothing: its digest pins the whole program.
 */

export const ARITHMETIC_PROFILE = 'attestry-q16-int';
/** This program as it runs: the file whose digest a training statement commits to. */
export const PROGRAM_URL: URL = new URL(import.meta.url);

const MOST_CLASSES = 256;
const MOST_INPUTS = 16;
const LARGEST_INPUT = 2 ** 12;

export interface Example {
  /** Integers from -4096 to 4096. */
  readonly inputs: readonly number[];
  /** The class, counted from 0. */
  readonly label: number;
}

export interface Hyperparameters {
  /** Orders the rows of every epoch. From 1 to 2^32-1. */
  readonly seed: number;
  /** Passes over all rows. */
  readonly epochs: number;
  /** Rows per step, up to 1024; the last step of an epoch takes what is left. */
  readonly batchSize: number;
  /** Of the first epoch, in 1/65536, up to 65536. */
  readonly learningRate: number;
  /** After this many epochs the learning rate is half, after twice as many a third, and so on. */
  readonly halvingEpochs: number;
  /** In 1/65536: by how much the right class must lead before a row teaches nothing more. */
  readonly margin: number;
  /** The constant input that carries each class's bias, up to 4096. */
  readonly biasInput: number;
}

export interface Weights {
  readonly classes: number;
  readonly inputs: number;
  readonly biasInput: number;
  /** Class after class: one weight per input, then the bias weight. */
  readonly values: Int32Array;
}

export interface TrainingRun {
  readonly rows: readonly Example[];
  readonly classes: number;
  readonly hyperparameters: Hyperparameters;
  /** Called after every step with the indices of the rows it took and the weights it left. */
  readonly onStep?: (batch: readonly number[], weights: Weights) => void;
}

/** The weights after all epochs. @throws RangeError on rows or hyperparameters outside the limits, or divergence */
export function trainWeights(run: TrainingRun): Weights {
  refuseOutsideLimits(run);
  let weights = initialWeights(run);
  for (let epoch = 0; epoch < run.hyperparameters.epochs; epoch++) {
    for (const batch of batchesOfEpoch(run.rows.length, run.hyperparameters, epoch)) {
      const examples = batch.map((index) => at(run.rows, index));
      weights = takeStep(weights, examples, run.hyperparameters, epoch);
      run.onStep?.(batch, weights);
    }
  }
  return weights;
}

/** The state before the first step: all zero. */
export function initialWeights(
  run: Pick<TrainingRun, 'rows' | 'classes' | 'hyperparameters'>,
): Weights {
  const inputs = at(run.rows, 0).inputs.length;
  return {
    classes: run.classes,
    inputs,
    biasInput: run.hyperparameters.biasInput,
    values: new Int32Array(run.classes * (inputs + 1)),
  };
}

/** The row indices that each step of an epoch takes: a seeded shuffle, cut into batches. */
export function batchesOfEpoch(
  rowCount: number,
  hyperparameters: Hyperparameters,
  epoch: number,
): number[][] {
  const order = Array.from({ length: rowCount }, (_, i) => i);
  const draw = seededDraw(hyperparameters.seed, epoch);
  for (let last = rowCount - 1; last > 0; last--) {
    const other = draw(last + 1);
    [order[last], order[other]] = [at(order, other), at(order, last)];
  }
  const batches: number[][] = [];
  for (let from = 0; from < rowCount; from += hyperparameters.batchSize) {
    batches.push(order.slice(from, from + hyperparameters.batchSize));
  }
  return batches;
}

/** The weights after one step: each row that misses the margin pulls its class up and the best rival down. */
export function takeStep(
  weights: Weights,
  examples: readonly Example[],
  hyperparameters: Hyperparameters,
  epoch: number,
): Weights {
  const width = weights.inputs + 1;
  const pull = new Array<number>(weights.values.length).fill(0);
  for (const { inputs, label } of examples) {
    const scores = scoresOf(weights, inputs);
    const rival = best(scores, label);
    if (at(scores, label) - at(scores, rival) >= hyperparameters.margin) continue;
    [...inputs, weights.biasInput].forEach((input, i) => {
      pull[label * width + i] = at(pull, label * width + i) + input;
      pull[rival * width + i] = at(pull, rival * width + i) - input;
    });
  }
  const { learningRate, halvingEpochs } = hyperparameters;
  // Of integers below 2^53 the correctly rounded quotient never reaches the next integer, so the floor is exact.
  const rate = Math.max(1, Math.floor((learningRate * halvingEpochs) / (halvingEpochs + epoch)));
  const values = weights.values.map((weight, i) => toInt32(weight + rate * at(pull, i)));
  return { ...weights, values };
}

/** The class that the weights file gives a row; of equal scores the first class. */
export function classify(weightsFile: Uint8Array, row: Pick<Example, 'inputs'>): number {
  return best(scoresOf(decodeWeights(weightsFile), row.inputs));
}

const MAGIC = new TextEncoder().encode('attq16v1');
const HEADER_LENGTH = MAGIC.length + 6;

/** The weights file: "attq16v1", then big-endian uint16 classes, inputs and biasInput, then every weight as int32. */
export function encodeWeights(weights: Weights): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + weights.values.length * 4);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  [weights.classes, weights.inputs, weights.biasInput].forEach((count, i) => {
    view.setUint16(MAGIC.length + i * 2, count);
  });
  weights.values.forEach((value, i) => {
    view.setInt32(HEADER_LENGTH + i * 4, value);
  });
  return bytes;
}

/** The weights of a file. @throws RangeError when it is not exactly one weights file */
export function decodeWeights(bytes: Uint8Array): Weights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOurs = bytes.length >= HEADER_LENGTH && MAGIC.every((byte, i) => bytes[i] === byte);
  if (!isOurs) throw new RangeError('Expected a weights file that begins with attq16v1.');
  const classes = view.getUint16(MAGIC.length);
  const inputs = view.getUint16(MAGIC.length + 2);
  const biasInput = view.getUint16(MAGIC.length + 4);
  requireInteger('classes', classes, 2, MOST_CLASSES);
  requireInteger('inputs', inputs, 1, MOST_INPUTS);
  requireInteger('biasInput', biasInput, 1, LARGEST_INPUT);
  const count = classes * (inputs + 1);
  if (bytes.length !== HEADER_LENGTH + count * 4) {
    throw new RangeError(
      `Expected a weights file of ${HEADER_LENGTH + count * 4} bytes, got ${bytes.length}.`,
    );
  }
  const values = Int32Array.from({ length: count }, (_, i) => view.getInt32(HEADER_LENGTH + i * 4));
  return { classes, inputs, biasInput, values };
}

function scoresOf(weights: Weights, inputs: readonly number[]): number[] {
  if (inputs.length !== weights.inputs) {
    throw new RangeError(`Expected ${weights.inputs} inputs, got ${inputs.length}.`);
  }
  const withBias = [...inputs, weights.biasInput];
  return Array.from({ length: weights.classes }, (_, label) =>
    withBias.reduce(
      (sum, input, i) => sum + input * (weights.values[label * withBias.length + i] ?? 0),
      0,
    ),
  );
}

function best(scores: readonly number[], except?: number): number {
  let found = -1;
  scores.forEach((score, label) => {
    if (label !== except && (found < 0 || score > at(scores, found))) found = label;
  });
  return found;
}

/** Draws integers below n from a 32-bit xorshift (Marsaglia 2003), one stream per seed and epoch. */
function seededDraw(seed: number, epoch: number): (n: number) => number {
  // Odd multipliers keep seeds and epochs apart; a state of zero would stay zero for ever.
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b) || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) * n) / 2 ** 32);
  };
}

function toInt32(value: number): number {
  if ((value | 0) !== value) {
    throw new RangeError(`Expected weights below 2^31, got ${value}: lower the learning rate.`);
  }
  return value;
}

function refuseOutsideLimits({ rows, classes, hyperparameters }: TrainingRun): void {
  const width = at(rows, 0).inputs.length;
  requireInteger('inputs', width, 1, MOST_INPUTS);
  requireInteger('classes', classes, 2, MOST_CLASSES);
  requireInteger('seed', hyperparameters.seed, 1, 2 ** 32 - 1);
  requireInteger('epochs', hyperparameters.epochs, 1, 2 ** 16);
  requireInteger('batchSize', hyperparameters.batchSize, 1, 2 ** 10);
  requireInteger('learningRate', hyperparameters.learningRate, 1, 2 ** 16);
  requireInteger('halvingEpochs', hyperparameters.halvingEpochs, 1, 2 ** 16);
  requireInteger('margin', hyperparameters.margin, 1, 2 ** 31);
  requireInteger('biasInput', hyperparameters.biasInput, 1, LARGEST_INPUT);
  for (const row of rows) {
    requireInteger('label', row.label, 0, classes - 1);
    requireInteger('inputs', row.inputs.length, width, width);
    for (const input of row.inputs) requireInteger('input', input, -LARGEST_INPUT, LARGEST_INPUT);
  }
}

function requireInteger(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new RangeError(`Expected ${name} to be an integer from ${from} to ${to}, got ${value}.`);
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`Expected an item at ${index} of ${items.length}.`);
  return item;
}
