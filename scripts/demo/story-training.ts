/** Chapter: a classifier is really trained, and its training statement commits to everything that made it. */
import { join } from 'node:path';
import { digestModel, type ModelDigest, subjectOf } from '../../src/client/model-digest.ts';
import type { TrainingPredicate } from '../../src/core/statement/training.ts';
import { demand } from './expectation.ts';
import type { LogSite } from './log-site.ts';
import { IRIS_SOURCE, readIris, splitIris } from './material/iris.ts';
import { writeClassifierFolder } from './material/model-folder.ts';
import { type TrainedClassifier, trainClassifier } from './material/train.ts';
import { type Network, siteOf } from './network.ts';
import { EUROPE } from './parties.ts';
import type { Stage } from './stage.ts';

export interface TrainedModel {
  readonly path: string;
  readonly digest: ModelDigest;
}

const ACCURACY_THRESHOLD = 900_000;
/** Small, since the model is: its three files become a dozen shards. */
const SHARD_BYTES = 64;

export async function recordTraining(stage: Stage, network: Network): Promise<TrainedModel> {
  const { narrator } = stage;
  narrator.chapter('A model of our own');
  const site = siteOf(network, EUROPE);
  const startedOn = site.context().issuedAt;
  const rows = splitIris(readIris());
  const trained = await trainClassifier({ rows });
  const finishedOn = site.context().issuedAt;
  const path = join(stage.models, 'iris-classifier');
  await writeClassifierFolder(path, trained);
  const digest = await digestModel(path, { shardSize: SHARD_BYTES });
  narrator.say(
    `A classifier was trained on ${rows.train.length} iris flowers in ${trained.steps} steps of exact integers.`,
  );
  narrator.show([
    `Data: ${IRIS_SOURCE.origin}; npm ${IRIS_SOURCE.package}, ${IRIS_SOURCE.license}.`,
  ]);
  const { index } = await site.record({
    kind: 'training',
    subject: [subjectOf(digest)],
    predicate: trainingPredicate(site, trained, { startedOn, finishedOn }),
  });
  narrator.say(
    `Entry ${index} of ${site.party.region} commits to its data, program, hyperparameters, result and each of the ${trained.steps} states.`,
  );
  await recordEvaluation(site, digest, trained);
  narrator.say(
    `It classifies ${percent(trained.accuracyOnTest)} of ${rows.test.length} flowers right that it has not seen; that is logged too.`,
  );
  return { path, digest };
}

function trainingPredicate(
  site: LogSite,
  { commitments, steps }: TrainedClassifier,
  times: { readonly startedOn: string; readonly finishedOn: string },
): TrainingPredicate {
  const { program, trainRows, result, states, hyperparameters, profile } = commitments;
  return {
    buildDefinition: {
      buildType: 'https://attestry.dev/training/v1',
      externalParameters: {
        approach: 'supervised',
        task: 'classification',
        architectureFamily: 'linear',
        hyperparameters,
      },
      internalParameters: {
        context: site.context(),
        arithmetic: { profile, orderIndependent: true },
        commitment: { rfc6962Sha256: states.rfc6962Sha256, steps },
      },
      resolvedDependencies: [
        {
          name: 'iris, training rows',
          digest: { rfc6962Sha256: trainRows.rfc6962Sha256 },
          annotations: { rows: String(trainRows.count), license: IRIS_SOURCE.license },
        },
        { name: program.name, digest: { sha256: program.sha256 } },
      ],
    },
    runDetails: {
      builder: { id: site.party.operator },
      metadata: times,
      byproducts: [{ name: result.name, digest: { sha256: result.sha256 } }],
    },
  };
}

async function recordEvaluation(
  site: LogSite,
  digest: ModelDigest,
  { accuracyOnTest, commitments }: TrainedClassifier,
): Promise<void> {
  demand(accuracyOnTest >= ACCURACY_THRESHOLD, `a classifier that works, got ${accuracyOnTest}`);
  const { rfc6962Sha256, count } = commitments.testRows;
  await site.record({
    kind: 'evaluation',
    subject: [subjectOf(digest)],
    predicate: {
      context: site.context(),
      evaluator: { id: site.party.operator },
      suite: { name: 'iris, held-out rows' },
      dataset: { name: 'iris, test rows', digest: { rfc6962Sha256 } },
      sampleSize: String(count),
      claims: [
        {
          metric: 'accuracy',
          comparator: '>=',
          scorePerMillion: String(accuracyOnTest),
          thresholdPerMillion: String(ACCURACY_THRESHOLD),
          passed: true,
        },
      ],
      assuranceLevel: 'self_attested',
    },
  });
}

function percent(perMillion: number): string {
  return `${(perMillion / 10_000).toFixed(1)} %`;
}
