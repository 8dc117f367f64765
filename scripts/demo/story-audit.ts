/** Chapter: an auditor asks the verifier once, then checks everything alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proveShard } from '../../src/client/model-digest.ts';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { parseShardName } from '../../src/core/model/shard-name.ts';
import { formatShardProof } from '../../src/core/model/shard-proof.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { Report } from '../../src/core/report/report.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { opensslEngine as engine } from '../../src/keys/openssl-engine.ts';
import type { Auditor } from './auditor.ts';
import { demandEqual, eventually } from './expectation.ts';
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
  readonly trust: TrustRoot;
}

const VALID = { outcome: 'VALID' } as const;

export async function auditModels(
  auditor: Auditor,
  narrator: Narrator,
  { network, models, classifier, usage }: AuditInput,
): Promise<AuditFiles> {
  const verifier = new VerifierClient({ url: network.verifier.url });
  const audit = { auditor, narrator, verifier, trust: network.trust };
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
  const languageDossier = await auditLanguageModel(audit, language, usage);
  return { visionDossier, visionReceipt, languageDossier, ...folderFiles };
}

/** The path of the dossier. */
async function fetchDossier(audit: Audit, model: string, statements: number): Promise<string> {
  const bytes = await untilWhole(audit, model, statements);
  return await audit.auditor.keep(`${model.slice(0, 16)}-dossier.json`, bytes);
}

/** The dossier, once the verifier has followed the logs so far that it holds all these statements. */
export async function untilWhole(
  { verifier, trust }: Pick<Audit, 'verifier' | 'trust'>,
  model: string,
  statements: number,
): Promise<Uint8Array> {
  return await eventually(`a dossier of ${statements} statements about ${model}`, async () => {
    const dossier = await verifier.dossier(model);
    const report = judge(dossier, { trust, now: Math.floor(Date.now() / 1000), engine });
    return isWhole(report, trust, statements) ? dossier : undefined;
  });
}

/** VALID, with that many statements, and no others on any log. */
function isWhole(
  { outcome, statements, proven }: Report,
  { logs }: TrustRoot,
  count: number,
): boolean {
  return outcome === 'VALID' && statements.length === count && proven.length === logs.size;
}

async function auditFiles(
  { auditor, narrator }: Audit,
  vision: VisionRecord,
  files: { readonly visionDossier: string; readonly visionReceipt: string },
): Promise<void> {
  const wrong = { outcome: 'INVALID', code: 'SUBJECT_MISMATCH' } as const;
  const { visionDossier, visionReceipt } = files;
  const [report] = await Promise.all([
    auditor.verify(visionDossier, VALID, { model: vision.right }),
    auditor.verify(visionDossier, wrong, { model: vision.relative }),
    auditor.verify(visionDossier, wrong, { model: vision.flipped }),
    auditor.verify(visionReceipt, VALID, { model: vision.right }),
  ]);
  demandEqual(report.artifact, 'matches', 'the right file');
  narrator.say(
    `Is this the model? VALID: ${vision.subject.name} is what ${report.statements.length} statements on ${report.logs.length} logs name.`,
  );
  const revoked = report.proven.filter(({ absent }) => !absent.includes('revocation'));
  demandEqual(revoked.length, 0, 'the number of logs that may hold a revocation');
  narrator.say(
    'These are all statements about it, and none withdraws it: the tallies of the three logs prove that too.',
  );
  narrator.say(
    'Its near relative is not the model, nor is the copy with one bit flipped: INVALID, SUBJECT_MISMATCH, both.',
  );
  narrator.say(
    'The receipt of one statement, kept since it was submitted, proves the same as the dossier: VALID.',
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

/** Everything that was stated about the language model, one by one; story-month.ts has the sums. */
async function auditLanguageModel(
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
  const listed = report.statements.filter(({ kind }) => kind === 'usage');
  demandEqual(listed.length, windows, 'the usage statements in the dossier');
  narrator.say(
    `The language model's dossier lists all ${statements} statements about it, ${windows} of them usage windows: VALID.`,
  );
  return dossier;
}

/** After the attacks: all three logs are followed, nothing is held against them, and the models stand as before. */
export async function demandHealth(
  narrator: Narrator,
  network: Network,
  { vision }: RecordedModels,
): Promise<void> {
  const verifier = new VerifierClient({ url: network.verifier.url });
  await eventually('all three logs to be followed again', async () => {
    const { nodes } = await verifier.nodes();
    return (
      nodes.filter(({ state }) => state === 'followed').length === network.sites.length || undefined
    );
  });
  const { findings } = await verifier.findings();
  demandEqual(findings.length, 0, 'the findings against the three logs');
  await eventually('the model to stand as before the attacks', async () => {
    const { outcome } = await verifier.model(vision.subject.digest.sha256);
    return outcome === 'VALID' || undefined;
  });
  narrator.say('The three logs stand: all are followed, and nothing is held against them.');
}
