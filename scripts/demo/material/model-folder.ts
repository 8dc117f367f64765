/** Models that are folders of several files, so that a statement can name a directory and prove one shard of it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { IRIS_CLASSES, IRIS_INPUTS, IRIS_SOURCE } from './iris.ts';
import { copyModel } from './tamper.ts';
import { type TrainedClassifier, WEIGHTS_FILE_NAME } from './train.ts';
import type { VisionModels } from './vision-models.ts';

/** Writes weights, labels and a README into a new folder; the same training gives the same bytes. */
export async function writeClassifierFolder(
  folder: string,
  classifier: TrainedClassifier,
): Promise<void> {
  await mkdir(folder);
  await Promise.all([
    writeFile(join(folder, WEIGHTS_FILE_NAME), classifier.weights),
    writeFile(
      join(folder, 'labels.json'),
      formatCanonicalJson({ classes: IRIS_CLASSES, inputs: IRIS_INPUTS }),
    ),
    writeFile(join(folder, 'README.md'), describeClassifier(classifier)),
  ]);
}

/** Copies the three TFLite models into a new folder: a model of two megabytes in three files. */
export async function writeVisionFolder(folder: string, models: VisionModels): Promise<void> {
  await mkdir(folder);
  await Promise.all(
    [models.fullRange, models.fullRangeSparse, models.shortRange].map((model) =>
      copyModel(model.path, join(folder, model.fileName)),
    ),
  );
}

function describeClassifier({ accuracyOnTest, commitments, steps }: TrainedClassifier): string {
  const hyperparameters = Object.entries(commitments.hyperparameters);
  return [
    '# Iris classifier',
    '',
    `A linear classifier of ${IRIS_CLASSES.length} classes, trained in exact integers (${commitments.profile}).`,
    '',
    `- Data: ${IRIS_SOURCE.origin} (npm package ${IRIS_SOURCE.package}, ${IRIS_SOURCE.license}).`,
    `- Training: ${commitments.trainRows.count} rows, ${steps} steps, ${hyperparameters.map(([name, value]) => `${name} ${value}`).join(', ')}.`,
    `- Accuracy on the ${commitments.testRows.count} test rows: ${accuracyOnTest} per million.`,
    '- Made to be audited, not to be used.',
    '',
  ].join('\n');
}
