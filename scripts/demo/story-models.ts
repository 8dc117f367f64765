/** Chapter: real models of other people, evaluated where they can be run, and deployed. */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { digestModel, type ModelDigest, subjectOf } from '../../src/client/model-digest.ts';
import type { SubmittedEntry } from '../../src/client/submission-answer.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import type { EvaluationPredicate } from '../../src/core/statement/evaluation.ts';
import type { Subject } from '../../src/core/statement/resource.ts';
import { demand } from './expectation.ts';
import type { LogSite } from './log-site.ts';
import { evaluateLanguageModel, type LanguageEvaluation } from './material/evaluation.ts';
import { LANGUAGE_MODEL_SOURCE, loadLanguageModel } from './material/language-model.ts';
import { writeVisionFolder } from './material/model-folder.ts';
import { SENTENCES } from './material/sentences.ts';
import { copyModel, flipBit } from './material/tamper.ts';
import { findVisionModels, VISION_MODELS_SOURCE } from './material/vision-models.ts';
import { type Network, siteOf } from './network.ts';
import { NOTICE, NOTICE_FILE_NAME } from './notice.ts';
import { AMERICA, EUROPE } from './parties.ts';
import type { Stage } from './stage.ts';

export interface RecordedModels {
  readonly language: LanguageRecord;
  readonly vision: VisionRecord;
  readonly folder: FolderRecord;
}

export interface LanguageRecord {
  readonly path: string;
  readonly subject: Subject;
}

export interface VisionRecord {
  /** The file that the statements are about. */
  readonly right: string;
  /** The same network with most weights pruned. */
  readonly relative: string;
  /** The right file with one bit flipped. */
  readonly flipped: string;
  readonly subject: Subject;
  readonly receipt: SubmittedEntry;
}

export interface FolderRecord {
  readonly path: string;
  readonly digest: ModelDigest;
}

const ACCURACY_THRESHOLD = 900_000;
const SHARD_BYTES: number = 64 * 1024;

/** The language model is deployed from `since` on, unix seconds. */
export async function recordModels(
  stage: Stage,
  network: Network,
  since: number,
): Promise<RecordedModels> {
  stage.narrator.chapter('Models of other people');
  await writeFile(join(stage.models, NOTICE_FILE_NAME), NOTICE);
  const language = await recordLanguageModel(stage, network, since);
  const vision = await recordVisionModel(stage, network);
  const folder = await recordVisionFolder(stage, network);
  return { language, vision, folder };
}

async function recordLanguageModel(
  stage: Stage,
  network: Network,
  since: number,
): Promise<LanguageRecord> {
  const { narrator } = stage;
  const model = await loadLanguageModel();
  const path = join(stage.models, model.name);
  await copyModel(model.path, path);
  const subject = subjectOf(await digestModel(path));
  const { origin, license } = LANGUAGE_MODEL_SOURCE;
  narrator.say(`${model.name}, ${kilobytes(model.sizeBytes)}, tells the language of a sentence.`);
  narrator.show([`Credit: ${origin}; licence ${license}.`, `SHA-256 ${subject.digest.sha256}`]);
  const evaluation = evaluateLanguageModel(model, SENTENCES);
  const site = siteOf(network, EUROPE);
  const { index } = await site.record({
    kind: 'evaluation',
    subject: [subject],
    predicate: languageEvaluation(site, evaluation),
  });
  narrator.say(
    `${site.party.operatorName} ran it on ${evaluation.sampleSize} sentences, ${evaluation.correct} right, and logged that as entry ${index} of ${site.party.region}.`,
  );
  await deployEverywhere(network, subject, {
    deploymentId: model.name,
    environment: 'demo',
    purpose: 'Tells the language of a sentence.',
    effectiveAt: formatTime(since),
    runtime: { name: LANGUAGE_MODEL_SOURCE.package, version: versionOf(LANGUAGE_MODEL_SOURCE) },
  });
  narrator.say('All three operators deployed it and logged that, each on its own node.');
  return { path, subject };
}

/** What was measured, by whom, on which test. */
export function languageEvaluation(
  site: LogSite,
  { sampleSize, correct, accuracyPerMillion, sentences }: LanguageEvaluation,
): EvaluationPredicate {
  demand(accuracyPerMillion >= ACCURACY_THRESHOLD, `a language model that works, got ${correct}`);
  return {
    context: site.context(),
    evaluator: { id: site.party.operator },
    suite: { name: 'everyday sentences', version: '1' },
    dataset: { name: 'sentences', digest: { rfc6962Sha256: encodeHex(sentences.root) } },
    sampleSize: String(sampleSize),
    claims: [
      {
        metric: 'accuracy',
        comparator: '>=',
        scorePerMillion: String(accuracyPerMillion),
        thresholdPerMillion: String(ACCURACY_THRESHOLD),
        passed: true,
      },
    ],
    assuranceLevel: 'self_attested',
  };
}

async function recordVisionModel(stage: Stage, network: Network): Promise<VisionRecord> {
  const { narrator } = stage;
  const models = await findVisionModels();
  const { fullRange, fullRangeSparse } = models;
  const right = join(stage.models, fullRange.fileName);
  const relative = join(stage.models, fullRangeSparse.fileName);
  const flipped = join(stage.models, fullRange.fileName.replace(/\.tflite$/, '.flipped.tflite'));
  await copyModel(fullRange.path, right);
  await copyModel(fullRangeSparse.path, relative);
  const bit = await flipBit({ from: right, to: flipped });
  const subject = subjectOf(await digestModel(right));
  const { origin, license } = VISION_MODELS_SOURCE;
  narrator.say(`${fullRange.fileName}, ${kilobytes(fullRange.sizeBytes)}, finds faces.`);
  narrator.show([`Credit: ${origin}; licence ${license}.`, `SHA-256 ${subject.digest.sha256}`]);
  const [receipt] = await deployEverywhere(network, subject, {
    deploymentId: fullRange.name,
    environment: 'model registry',
    // There is no TFLite runtime here, so nothing is said about how well it works.
    purpose: 'Kept for download; not run, and not evaluated.',
    effectiveAt: siteOf(network, EUROPE).context().issuedAt,
  });
  demand(receipt !== undefined, 'a receipt for each region');
  narrator.say('All three operators put it into their registries and logged that.');
  narrator.say(
    `Beside it lie ${fullRangeSparse.fileName}, its near relative, and a copy with bit ${bit} flipped.`,
  );
  return { right, relative, flipped, subject, receipt };
}

async function recordVisionFolder(stage: Stage, network: Network): Promise<FolderRecord> {
  const path = join(stage.models, 'face-detection');
  await writeVisionFolder(path, await findVisionModels());
  const digest = await digestModel(path, { shardSize: SHARD_BYTES });
  const site = siteOf(network, AMERICA);
  await deploy(site, subjectOf(digest), {
    deploymentId: 'face-detection',
    environment: 'model registry',
    purpose: 'All three models as one folder. Kept for download; not run, and not evaluated.',
    effectiveAt: site.context().issuedAt,
  });
  stage.narrator.say(
    `${site.party.operatorName} logged the folder of all three too: one digest for ${digest.files.length} files, ${kilobytes(digest.bytes)} in ${digest.shards?.tree.size} shards.`,
  );
  return { path, digest };
}

interface Deployment {
  readonly deploymentId: string;
  readonly environment: string;
  readonly purpose: string;
  readonly effectiveAt: string;
  readonly runtime?: { readonly name: string; readonly version: string };
}

/** The receipts, in the order of the sites. */
function deployEverywhere(
  { sites }: Network,
  subject: Subject,
  deployment: Deployment,
): Promise<readonly SubmittedEntry[]> {
  return Promise.all(sites.map((site) => deploy(site, subject, deployment)));
}

function deploy(
  site: LogSite,
  subject: Subject,
  { deploymentId, ...deployment }: Deployment,
): Promise<SubmittedEntry> {
  return site.record({
    kind: 'deployment',
    subject: [subject],
    predicate: {
      context: site.context(),
      deploymentId: `${deploymentId}/${site.party.region}`,
      action: 'deploy',
      ...deployment,
    },
  });
}

function versionOf({ package: name }: { readonly package: string }): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)(
    `${name}/package.json`,
  );
  return manifest.version;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000).toLocaleString('en')} kB`;
}
