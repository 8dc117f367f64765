/** What the demo leaves in a folder for whoever wants to check it again, later and elsewhere. */
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ForkFiles } from './attack-fork.ts';
import type { SplitFiles } from './attack-split.ts';
import type { Network } from './network.ts';
import { NOTICE, NOTICE_FILE_NAME } from './notice.ts';
import type { AuditFiles } from './story-audit.ts';
import type { RecordedModels } from './story-models.ts';

export interface Results {
  readonly network: Network;
  readonly models: RecordedModels;
  readonly audit: AuditFiles;
  readonly fork: ForkFiles;
  readonly split: SplitFiles;
}

/** Writes over files of the same names. Gives the lines that say what each file is. */
export async function writeResults(
  folder: string,
  { network, models, audit, fork, split }: Results,
): Promise<readonly string[]> {
  const { vision, language } = models;
  const files: readonly (readonly [from: string, name: string, is: string])[] = [
    [network.trustFile, 'trust.json', 'the trust root'],
    [audit.visionDossier, 'dossier.json', 'all about one vision model, on all three logs'],
    [audit.visionReceipt, 'receipt.json', 'one statement about it'],
    [vision.right, basename(vision.right), 'that model'],
    [vision.relative, basename(vision.relative), 'its near relative'],
    [vision.flipped, basename(vision.flipped), 'that model with one bit flipped'],
    [audit.languageDossier, 'language-dossier.json', 'all about the language model, with usage'],
    [language.path, basename(language.path), 'the language model'],
    [audit.folderDossier, 'folder-dossier.json', 'about the folder face-detection'],
    [audit.shardProof, 'shard-proof.json', 'the place of one shard in that folder'],
    [audit.shard, 'shard.bin', 'that shard'],
    [fork.finding, 'fork-finding.json', 'the proof that the fourth log was forked'],
    [fork.trustFile, 'fork-trust.json', 'the trust root that names the fourth log'],
    [
      split.finding,
      'split-finding.json',
      'the proof that a log showed two verifiers two histories',
    ],
    [split.trustFile, 'split-trust.json', 'the trust root that names that log'],
  ];
  await mkdir(folder, { recursive: true });
  for (const [from, name] of files) await copyFile(from, join(folder, name));
  await cp(models.folder.path, join(folder, basename(models.folder.path)), { recursive: true });
  await writeFile(join(folder, NOTICE_FILE_NAME), NOTICE);
  return files.map(([, name, is]) => `${name}: ${is}`);
}

export function exampleCommand(folder: string): string {
  const at = (name: string): string => join(folder, name);
  return `npm run attestry -- verify ${at('language-dossier.json')} --trust ${at('trust.json')} --model ${at('lid.176.ftz')}`;
}
