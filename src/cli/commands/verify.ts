/** attestry verify: judges a receipt, dossier or finding, offline. */
import type { Command } from 'commander';
import { readArtifact, readShardArtifact } from '../../client/artifact.ts';
import { readLocalFile } from '../../client/local-file.ts';
import { LARGEST_DOSSIER_BYTES } from '../../core/dossier/dossier.ts';
import { LARGEST_SHARD_PROOF_BYTES, parseShardProof } from '../../core/model/shard-proof.ts';
import type { Artifact } from '../../core/report/artifact.ts';
import { judge } from '../../core/report/judge.ts';
import { opensslEngine } from '../../keys/openssl-engine.ts';
import { systemHashes } from '../../keys/openssl-hash.ts';
import { addTrustOptions, defineCommand, jsonOption, repeated, usageError } from '../command.ts';
import { EXIT_BY_OUTCOME } from '../exit-code.ts';
import { readInput, readTrust, type TrustFlags } from '../input.ts';
import { formatReport } from '../print-report.ts';
import { startProgress } from '../progress.ts';
import { say, sayJson } from '../terminal.ts';

interface VerifyFlags extends TrustFlags {
  readonly model?: string;
  readonly shardProof?: string;
  readonly ignore?: readonly string[];
  readonly json?: boolean;
}

export function verifyCommand(): Command {
  return addTrustOptions(
    defineCommand({
      name: 'verify',
      summary: 'judge a receipt, dossier or finding, offline',
      description:
        'Judges a receipt, dossier or finding against a trust root, without any network. Exit code: 0 VALID, 1 INVALID, 2 INCONCLUSIVE, 3 EQUIVOCATION.',
      examples: [
        'attestry verify dossier.json --trust trust.json --model ./my-model',
        'attestry verify receipt.json --trust trust.json --model part-3.bin --shard-proof shard-3.json',
      ],
    }),
  )
    .argument('<file>', 'receipt, dossier or finding; - for standard input')
    .option('--model <path>', 'the file or folder in hand: is it the model that is stated?')
    .option(
      '--shard-proof <file>',
      'the model in hand is, or holds, the one shard that this proves',
    )
    .option('--ignore <path>', "leave out a path of the model's folder (repeatable)", repeated)
    .addOption(jsonOption())
    .action(async (file: string, flags: VerifyFlags) => verify(file, flags));
}

async function verify(file: string, flags: VerifyFlags): Promise<void> {
  if (flags.shardProof !== undefined && flags.model === undefined) {
    throw usageError('--shard-proof needs --model <path>: the shard, or the model that holds it');
  }
  const trust = await readTrust(flags);
  const bytes = await readInput(file, LARGEST_DOSSIER_BYTES);
  const artifact = await artifactOf(bytes, flags);
  const report = judge(bytes, {
    trust,
    now: Math.floor(Date.now() / 1000),
    engine: opensslEngine,
    hashes: systemHashes,
    ...(artifact === undefined ? {} : { artifact }),
  });
  if (flags.json === true) sayJson(report);
  else say(...formatReport(report));
  process.exitCode = EXIT_BY_OUTCOME[report.outcome];
}

async function artifactOf(judged: Uint8Array, flags: VerifyFlags): Promise<Artifact | undefined> {
  const { model, shardProof, ignore } = flags;
  if (model === undefined) return undefined;
  if (shardProof !== undefined) {
    const proof = parseShardProof(await readLocalFile(shardProof, LARGEST_SHARD_PROOF_BYTES));
    return await readShardArtifact(model, proof);
  }
  const progress = await startProgress({ title: `Reading ${model}`, unit: 'bytes', late: true });
  const artifact = await readArtifact(model, {
    judged,
    onProgress: progress.at,
    ...(ignore === undefined ? {} : { ignorePaths: ignore }),
  });
  progress.end(`Read ${model}.`);
  return artifact;
}
