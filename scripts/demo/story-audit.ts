/** Chapter: an auditor asks the verifier once, then checks everything alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proveShard } from '../../src/client/model-digest.ts';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { parseShardName } from '../../src/core/model/shard-name.ts';
import { formatShardProof } from '../../src/core/model/shard-proof.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { Report } from '../../src/core/report/report.ts';
import type { UsageTotals } from '../../src/core/report/usage-totals.ts';
import type { Auditor } from './auditor.ts';
import { demand, demandEqual, eventually } from './expectation.ts';
import { flipBit } from './material/tamper.ts';
import type { Narrator } from './narrator.ts';
import type { Network } from './network.ts';
import type { FolderRecord, LanguageRecord, RecordedModels, VisionRecord } from './story-models.ts';
import type { TrainedModel } from './story-training.ts';
import type { RegionUsage } from './story-usage.ts';

export interface AuditInput {
  readonly network: Network;
  readonly models: RecordedModels;
  readonly classifier: TrainedModel;
  readonly usage: readonly RegionUsage[];
}

/** Paths of what the auditor keeps. */
export interface AuditFiles {
  readonly visionDossier: string;
  readonly visionReceipt: string;
  readonly languageDossier: string;
  readonly folderDossier: string;
  readonly shard: string;
  readonly shardProof: string;
}

interface Audit {
  readonly auditor: Auditor;
  readonly narrator: Narrator;
  readonly verifier: VerifierClient;
}

const VALID = { outcome: 'VALID' } as const;

export async function auditModels(
  auditor: Auditor,
  narrator: Narrator,
  { network, models, classifier, usage }: AuditInput,
): Promise<AuditFiles> {
  const audit = { auditor, narrator, verifier: new VerifierClient({ url: network.verifierUrl }) };
  const { vision, language, folder } = models;
  const visionDossier = await fetchDossier(
    audit,
    vision.subject.digest.sha256,
    network.sites.length,
  );
  const visionReceipt = await auditor.keep(
    'face-detection-receipt.json',
    formatReceipt(vision.receipt.receipt),
  );
  await auditFiles(audit, vision, { visionDossier, visionReceipt });
  const folderFiles = await auditShard(audit, folder);
  await auditClassifier(audit, classifier);
  const languageDossier = await auditUsage(audit, language, usage);
  return { visionDossier, visionReceipt, languageDossier, ...folderFiles };
}

/** The dossier, once the verifier has followed the logs far enough to know all the statements. */
async function fetchDossier(
  { auditor, verifier }: Audit,
  model: string,
  statements: number,
): Promise<string> {
  await eventually(`the verifier to know ${statements} statements about ${model}`, async () => {
    const known = await verifier.model(model);
    return known.outcome === 'VALID' && known.statements.length === statements ? known : undefined;
  });
  return await auditor.keep(`${model.slice(0, 16)}-dossier.json`, await verifier.dossier(model));
}

async function auditFiles(
  { auditor, narrator }: Audit,
  vision: VisionRecord,
  files: { readonly visionDossier: string; readonly visionReceipt: string },
): Promise<void> {
  const wrong = { outcome: 'INVALID', code: 'SUBJECT_MISMATCH' } as const;
  const { visionDossier, visionReceipt } = files;
  const report = await auditor.verify(visionDossier, VALID, { model: vision.right });
  demandEqual(report.artifact, 'matches', 'the right file');
  narrator.say(
    `Is this the model? VALID: ${vision.subject.name} is what ${report.statements.length} statements on ${report.logs.length} logs name.`,
  );
  await auditor.verify(visionDossier, wrong, { model: vision.relative });
  narrator.say('Its near relative is not: INVALID, SUBJECT_MISMATCH.');
  await auditor.verify(visionDossier, wrong, { model: vision.flipped });
  narrator.say('With one bit flipped it is not either: INVALID, SUBJECT_MISMATCH.');
  await auditor.verify(visionReceipt, VALID, { model: vision.right });
  narrator.say(
    'The receipt of one statement, kept since it was submitted, proves the same: VALID.',
  );
}

async function auditShard(
  audit: Audit,
  { digest, path }: FolderRecord,
): Promise<Pick<AuditFiles, 'folderDossier' | 'shard' | 'shardProof'>> {
  const { auditor, narrator } = audit;
  const count = digest.shards?.tree.size ?? 0;
  const folderDossier = await fetchDossier(audit, digest.sha256, 1);
  await auditor.verify(folderDossier, VALID, { model: path });
  const proven = proveShard(digest, Math.floor(count / 2));
  const shardProof = await auditor.keep('shard-proof.json', formatShardProof(proven));
  const { path: file, start, end } = parseShardName(proven.resource.name);
  const bytes = (await readFile(join(path, file))).subarray(start, end);
  const shard = await auditor.keep('shard.bin', bytes);
  await auditor.verify(folderDossier, VALID, { model: shard, shardProof });
  narrator.say(
    `Shard ${proven.index} of ${count} alone, ${bytes.length} bytes, is proven a part of the folder with ${proven.proof.length} hashes: VALID.`,
  );
  const flipped = join(auditor.folder, 'shard-flipped.bin');
  await flipBit({ from: shard, to: flipped });
  const wrong = { outcome: 'INVALID', code: 'SHARD_MISMATCH' } as const;
  await auditor.verify(folderDossier, wrong, { model: flipped, shardProof });
  narrator.say('With one bit of the shard flipped: INVALID, SHARD_MISMATCH.');
  return { folderDossier, shard, shardProof };
}

async function auditClassifier(audit: Audit, { path, digest }: TrainedModel): Promise<void> {
  const dossier = await fetchDossier(audit, digest.sha256, 2);
  const report = await audit.auditor.verify(dossier, VALID, { model: path });
  const kinds = report.statements.map(({ kind }) => kind).join(' and ');
  audit.narrator.say(
    `The classifier's folder is the one that the ${kinds} statements name: VALID.`,
  );
}

async function auditUsage(
  audit: Audit,
  { path, subject }: LanguageRecord,
  usage: readonly RegionUsage[],
): Promise<string> {
  const { auditor, narrator } = audit;
  const windows = usage.reduce((sum, { entries }) => sum + entries.length, 0);
  // One evaluation, and one deployment in each region.
  const statements = 1 + usage.length + windows;
  const dossier = await fetchDossier(audit, subject.digest.sha256, statements);
  const report = await auditor.verify(dossier, VALID, { model: path });
  requireUsage(report, usage);
  narrator.say(
    `How much was the language model used, and where? ${windows} usage statements add up to what the meters counted: VALID.`,
  );
  narrator.show(report.usage.map(describeUsage));
  return dossier;
}

function describeUsage({ region, windows, from, to, totals }: UsageTotals): string {
  const { requests, inputTokens, inputCachedTokens, outputTokens } = totals;
  return `${region}: ${requests} requests, ${inputTokens} tokens in (${inputCachedTokens} cached), ${outputTokens} out, in ${windows} windows from ${from} to ${to}`;
}

/** What the auditor reads out of the dossier is what the demo metered. */
function requireUsage(report: Report, usage: readonly RegionUsage[]): void {
  demandEqual(report.usage.length, usage.length, 'the number of regions');
  for (const { site, requests, inputTokens, outputTokens } of usage) {
    const { region } = site.party;
    const found = report.usage.find((row) => row.region === region);
    demand(found !== undefined, `usage in ${region}`);
    demandEqual(BigInt(found.totals.requests), requests, `requests in ${region}`);
    demandEqual(BigInt(found.totals.inputTokens), inputTokens, `input tokens in ${region}`);
    demandEqual(BigInt(found.totals.outputTokens), outputTokens, `output tokens in ${region}`);
  }
}

/** After the attacks: all three logs are followed, nothing is held against them, and the models stand as before. */
export async function demandHealth(
  narrator: Narrator,
  { verifierUrl, sites }: Network,
  { vision }: RecordedModels,
): Promise<void> {
  const verifier = new VerifierClient({ url: verifierUrl });
  await eventually('all three logs to be followed again', async () => {
    const { nodes } = await verifier.nodes();
    return nodes.filter(({ state }) => state === 'followed').length === sites.length || undefined;
  });
  const { findings } = await verifier.findings();
  demandEqual(findings.length, 0, 'the findings against the three logs');
  const { outcome } = await verifier.model(vision.subject.digest.sha256);
  demandEqual(outcome, 'VALID', 'what the verifier says after the attacks');
  narrator.say('The three logs stand: all are followed, and nothing is held against them.');
}
