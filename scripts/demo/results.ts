/** What the demo leaves in a folder for whoever wants to check it again, later and elsewhere. */
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ForkFiles } from './attack-fork.ts';
import type { LieFiles } from './attack-lies.ts';
import type { SplitFiles } from './attack-split.ts';
import type { InvoiceFiles } from './invoice-files.ts';
import type { Network } from './network.ts';
import { NOTICE, NOTICE_FILE_NAME } from './notice.ts';
import type { AuditFiles } from './story-audit.ts';
import type { KeyFiles } from './story-keys.ts';
import type { RecordedModels } from './story-models.ts';

export interface Results {
  readonly network: Network;
  readonly models: RecordedModels;
  readonly audit: AuditFiles;
  /** Path. */
  readonly monthDossier: string;
  readonly invoice: InvoiceFiles;
  readonly fork: ForkFiles;
  readonly split: SplitFiles;
  readonly lies: LieFiles;
  readonly keys: KeyFiles;
}

type ResultFile = readonly [from: string, name: string, is: string];

/** Writes over files of the same names. Gives the lines that say what each file is. */
export async function writeResults(folder: string, results: Results): Promise<readonly string[]> {
  const { models } = results;
  const files = [...auditFiles(results), ...proofFiles(results), ...keyFiles(results)];
  await mkdir(folder, { recursive: true });
  for (const [from, name] of files) await copyFile(from, join(folder, name));
  await cp(models.folder.path, join(folder, basename(models.folder.path)), { recursive: true });
  await writeFile(join(folder, NOTICE_FILE_NAME), NOTICE);
  return files.map(([, name, is]) => `${name}: ${is}`);
}

function auditFiles({ network, models, audit, ...files }: Results): readonly ResultFile[] {
  const { vision, language } = models;
  const { monthDossier, invoice } = files;
  return [
    [network.trustFile, 'trust.json', 'the trust root'],
    [audit.visionDossier, 'dossier.json', 'all about one vision model, on all three logs'],
    [audit.visionReceipt, 'receipt.json', 'one statement about it'],
    [vision.right, basename(vision.right), 'that model'],
    [vision.relative, basename(vision.relative), 'its near relative'],
    [vision.flipped, basename(vision.flipped), 'that model with one bit flipped'],
    [audit.languageDossier, 'language-dossier.json', 'all about the language model, with usage'],
    [monthDossier, 'month-dossier.json', 'its usage in a month, summed for each log and proven'],
    [language.path, basename(language.path), 'the language model'],
    [audit.folderDossier, 'folder-dossier.json', 'about the folder face-detection'],
    [audit.shardProof, 'shard-proof.json', 'the place of one shard in that folder'],
    [audit.shard, 'shard.bin', 'that shard'],
    [invoice.invoice, 'invoice.json', 'what a customer is billed for that month'],
    [invoice.receipts, 'kept-receipts.jsonl', 'the usage receipts that the customer kept'],
  ];
}

function proofFiles({ fork, split, lies }: Results): readonly ResultFile[] {
  const { dropped, findings, trustFile } = lies;
  return [
    [fork.finding, 'fork-finding.json', 'the proof that the fourth log was forked'],
    [fork.trustFile, 'fork-trust.json', 'the trust root that names the fourth log'],
    [
      split.finding,
      'split-finding.json',
      'the proof that a log showed two verifiers two histories',
    ],
    [
      split.trustFile,
      'split-trust.json',
      'the trust root that names that log, with a quorum of one witness',
    ],
    [dropped.invoice, 'dropped-invoice.json', 'an invoice of the operator that drops a request'],
    [dropped.receipts, 'dropped-receipts.jsonl', 'the receipts that its customer kept'],
    ...findings.map(
      (file): ResultFile => [file, basename(file), "the proof of a lie in the sixth log's tally"],
    ),
    [trustFile, 'lies-trust.json', 'the trust root that names the sixth log'],
  ];
}

function keyFiles({ keys }: Results): readonly ResultFile[] {
  const versions = keys.trustFiles.map((file, i): ResultFile => {
    const version = i + 1;
    return [file, `keys-trust-${version}.json`, `the seventh log's trust root, version ${version}`];
  });
  return [
    ...versions,
    [keys.dossier, 'keys-dossier.json', 'what its operator stated with its first key'],
    [keys.stolen, 'keys-stolen-receipt.json', 'the receipt for what a thief of that key stated'],
  ];
}

/** Commands that judge some of the files again. */
export function exampleCommands(folder: string): readonly string[] {
  const at = (name: string): string => join(folder, name);
  const run = (command: string, trust: string): string =>
    `npm run --silent attestry -- ${command} --trust ${at(trust)}`;
  const invoice = `${at('invoice.json')} --receipts ${at('kept-receipts.jsonl')}`;
  return [
    run(`verify ${at('month-dossier.json')}`, 'trust.json'),
    run(`invoice check ${invoice}`, 'trust.json'),
    run(`verify ${at('hidden-revocation-finding.json')}`, 'lies-trust.json'),
  ];
}
