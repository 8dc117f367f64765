/** attestry digest: what names a model in statements. */
import type { Command } from 'commander';
import { writeLocalFile } from '../../client/local-file.ts';
import {
  DEFAULT_SHARD_BYTES,
  digestModel,
  type ModelDigest,
  manifestDigest,
  proveShard,
} from '../../client/model-digest.ts';
import { encodeHex } from '../../core/bytes/hex.ts';
import { formatShardProof } from '../../core/model/shard-proof.ts';
import { defineCommand, jsonOption, repeated, required, wholeNumber } from '../command.ts';
import { formatAmount, startProgress } from '../progress.ts';
import { formatCount, formatPairs, say, sayJson, tell } from '../terminal.ts';

interface DigestFlags {
  readonly name?: string;
  readonly shardSize?: number;
  readonly prove?: number;
  readonly out?: string;
  readonly ignore?: readonly string[];
  readonly json?: boolean;
}

export function digestCommand(): Command {
  return defineCommand({
    name: 'digest',
    summary: 'print the digest that names a model',
    description:
      'Prints the digest that names a model: SHA-256 of a file, the OpenSSF Model Signing root of a folder; with a shard size also the root over its shards.',
    examples: [
      'attestry digest model.bin',
      'attestry digest ./my-model --shard-size 100000000 --prove 3 --out shard-3.json',
    ],
  })
    .argument('<file|folder>', 'the model')
    .option('--name <name>', "the model's name in the manifest of a folder (its own unless told)")
    .option('--shard-size <bytes>', 'also build the tree over shards', wholeNumber(1))
    .option(
      '--prove <index>',
      `write the proof of one shard (shard size ${DEFAULT_SHARD_BYTES} unless told)`,
      wholeNumber(0),
    )
    .option('--out <file>', 'where the proof goes')
    .option('--ignore <path>', 'leave out a path of the folder (repeatable)', repeated)
    .addOption(jsonOption())
    .action(async (path: string, flags: DigestFlags) => printDigest(path, flags));
}

async function printDigest(path: string, flags: DigestFlags): Promise<void> {
  const { prove, ignore } = flags;
  const shardSize = flags.shardSize ?? (prove === undefined ? undefined : DEFAULT_SHARD_BYTES);
  const out = prove === undefined ? undefined : required(flags.out, '--out <file>');
  const model = await digestWithProgress(path, {
    ...(shardSize === undefined ? {} : { shardSize }),
    ...(ignore === undefined ? {} : { ignorePaths: ignore }),
  });
  if (prove !== undefined && out !== undefined) {
    const proof = proveShard(model, prove);
    await writeLocalFile(out, formatShardProof(proof));
    tell(`Wrote the proof of shard ${prove} of ${proof.count}, ${proof.resource.name}, to ${out}.`);
  }
  const facts = describe(model, flags.name ?? model.name);
  if (flags.json === true) sayJson(facts);
  else say(formatDigest(model, facts));
}

/** Reads a model, with a progress bar for a large one. */
export async function digestWithProgress(
  path: string,
  options: { readonly shardSize?: number; readonly ignorePaths?: readonly string[] },
): Promise<ModelDigest> {
  const progress = await startProgress({ title: `Reading ${path}`, unit: 'bytes', late: true });
  const model = await digestModel(path, { ...options, onProgress: progress.at });
  progress.end(`Read ${formatAmount(model.bytes, 'bytes')}.`);
  return model;
}

interface DigestFacts {
  readonly name: string;
  readonly form: ModelDigest['form'];
  readonly bytes: number;
  readonly files: number;
  readonly sha256: string;
  readonly omsManifestSha256?: string;
  readonly shards?: {
    readonly rfc6962Sha256: string;
    readonly count: number;
    readonly shardSizeBytes: number;
  };
}

function describe(model: ModelDigest, name: string): DigestFacts {
  const { form, bytes, sha256, shards } = model;
  return {
    name,
    form,
    bytes,
    files: model.files.length,
    sha256,
    ...(form === 'folder' ? { omsManifestSha256: manifestDigest(model, name) } : {}),
    ...(shards === undefined
      ? {}
      : {
          shards: {
            rfc6962Sha256: encodeHex(shards.tree.root),
            count: shards.tree.size,
            shardSizeBytes: shards.sizeBytes,
          },
        }),
  };
}

function formatDigest(model: ModelDigest, facts: DigestFacts): string {
  const { name, form, bytes, files, shards } = facts;
  const size = `${formatAmount(bytes, 'bytes')}${form === 'folder' ? ` in ${formatCount(files)} files` : ''}`;
  const pairs: (readonly [string, string])[] = [
    ['model', `${name} (${form}, ${size})`],
    ['sha256', model.sha256],
  ];
  if (facts.omsManifestSha256 !== undefined) pairs.push(['manifest', facts.omsManifestSha256]);
  if (shards !== undefined) {
    const { rfc6962Sha256, count, shardSizeBytes } = shards;
    pairs.push([
      'shards',
      `${rfc6962Sha256} (${count} of at most ${formatCount(shardSizeBytes)} bytes)`,
    ]);
  }
  return formatPairs(pairs);
}
