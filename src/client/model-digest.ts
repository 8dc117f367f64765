/** A model on disk as statements name it: its digest, the digest of its manifest, and the tree over its shards. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { encodeHex } from '../core/bytes/hex.ts';
import { type BatchTree, buildBatchTree } from '../core/merkle/batch-tree.ts';
import { sha256 } from '../core/merkle/hash.ts';
import {
  type ModelResource,
  omsManifest,
  omsRoot,
  shardLeaf,
  sortResources,
} from '../core/model/model-tree.ts';
import { formatShardName } from '../core/model/shard-name.ts';
import type { ShardProof } from '../core/model/shard-proof.ts';
import type { Subject } from '../core/statement/resource.ts';
import { AttestryError } from '../errors.ts';
import { reading } from './local-file.ts';
import { digestFile, listModelFiles, type ModelFile, modelFile } from './model-files.ts';

/** The shard size that OpenSSF Model Signing recommends, section 6.3.2. */
export const DEFAULT_SHARD_BYTES = 1_000_000_000;
// Each takes about 300 bytes while the tree is built.
const MOST_SHARDS = 1_000_000;

export interface DigestOptions {
  /** Bytes of each shard but a file's last; without it there is no shard tree. */
  readonly shardSize?: number;
  /** Paths within a folder that do not belong to the model. */
  readonly ignorePaths?: readonly string[];
  /** Told how many bytes of all have been read. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ModelDigest {
  readonly form: 'file' | 'folder';
  /** The last part of its path. */
  readonly name: string;
  readonly bytes: number;
  /** Hex: SHA-256 of the file, or the OMS root of the folder. This names the model everywhere. */
  readonly sha256: string;
  /** In the order of the manifest. */
  readonly files: readonly ModelResource[];
  readonly shards?: ModelShards;
}

export interface ModelShards {
  readonly sizeBytes: number;
  /** In the order of the manifest, which is the tree's. */
  readonly resources: readonly ModelResource[];
  readonly tree: BatchTree;
}

/** Reads the whole model once. @throws MODEL_MALFORMED, FILE_UNREADABLE, CONFIG_INVALID */
export async function digestModel(path: string, options: DigestOptions = {}): Promise<ModelDigest> {
  const form = await formOf(path);
  const name = basename(resolve(path));
  const files =
    form === 'folder'
      ? await listModelFiles(path, options.ignorePaths)
      : [await modelFile(name, path)];
  requireShardSize(options.shardSize, files);
  const { found, shards } = await readFiles(files, options);
  const sorted = sortResources(found);
  return {
    form,
    name,
    bytes: totalOf(files),
    sha256: form === 'file' ? (sorted[0] as ModelResource).digest : encodeHex(omsRoot(sorted)),
    files: sorted,
    ...(options.shardSize === undefined ? {} : { shards: shardTree(shards, options.shardSize) }),
  };
}

/** Hex SHA-256 of a folder's OMS manifest under this name: the folder's own name on this machine need not be it. */
export function manifestDigest(model: ModelDigest, name: string = model.name): string {
  return encodeHex(sha256(omsManifest({ name, resources: model.files, method: 'files' })));
}

/** The subject of a statement about the model, under its own name unless told. */
export function subjectOf(model: ModelDigest, name: string = model.name): Subject {
  const { form, sha256: digest, shards } = model;
  return {
    name,
    digest: {
      sha256: digest,
      ...(form === 'folder' ? { omsManifestSha256: manifestDigest(model, name) } : {}),
    },
    ...(shards === undefined
      ? {}
      : {
          annotations: {
            shards: {
              count: shards.tree.size,
              rfc6962Sha256: encodeHex(shards.tree.root),
              shardSizeBytes: shards.sizeBytes,
            },
          },
        }),
  };
}

/** The proof of one shard of a model that was digested with a shard size. @throws CONFIG_INVALID for an index too large */
export function proveShard({ shards }: ModelDigest, index: number): ShardProof {
  if (shards === undefined) throw new TypeError('Expected a model digested with a shard size.');
  const { tree, resources } = shards;
  const resource = Number.isSafeInteger(index) ? resources[index] : undefined;
  if (resource === undefined) {
    throw new AttestryError(
      'CONFIG_INVALID',
      `Expected a shard from 0 to ${tree.size - 1}, got ${index}.`,
      { details: { count: tree.size, index } },
    );
  }
  return { resource, index, count: tree.size, proof: tree.prove(index) };
}

/** What lies at the path. @throws MODEL_MALFORMED when it is neither, FILE_UNREADABLE */
export async function formOf(path: string): Promise<ModelDigest['form']> {
  const found = await reading(path, () => stat(path));
  if (found.isDirectory()) return 'folder';
  if (found.isFile()) return 'file';
  throw new AttestryError(
    'MODEL_MALFORMED',
    `Expected a file or a folder at ${path}, got something else.`,
  );
}

async function readFiles(
  files: readonly ModelFile[],
  { shardSize, onProgress }: DigestOptions,
): Promise<{ readonly found: ModelResource[]; readonly shards: ModelResource[] }> {
  const total = totalOf(files);
  const found: ModelResource[] = [];
  const shards: ModelResource[] = [];
  let done = 0;
  const onBytes = (more: number): void => {
    done += more;
    onProgress?.(done, total);
  };
  for (const file of files) {
    const read = await digestFile(file, {
      onBytes,
      ...(shardSize === undefined ? {} : { shardSize }),
    });
    found.push({ name: file.path, digest: read.digest });
    for (const { digest, ...range } of read.shards) {
      shards.push({ name: formatShardName({ path: file.path, ...range }), digest });
    }
  }
  return { found, shards };
}

function totalOf(files: readonly ModelFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function requireShardSize(shardSize: number | undefined, files: readonly ModelFile[]): void {
  if (shardSize === undefined) return;
  const count = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes / shardSize), 0);
  if (Number.isSafeInteger(shardSize) && shardSize > 0 && count <= MOST_SHARDS) return;
  throw new AttestryError(
    'CONFIG_INVALID',
    `Expected a shard size that gives at most ${MOST_SHARDS} shards, got ${shardSize} bytes.`,
  );
}

// Files without bytes have no shards (section 6.3.2), so a model of nothing else has no tree.
function shardTree(shards: readonly ModelResource[], sizeBytes: number): ModelShards {
  const resources = sortResources(shards);
  if (resources.length === 0) {
    throw new AttestryError('MODEL_MALFORMED', 'Expected a model with bytes to shard, got none.');
  }
  return { sizeBytes, resources, tree: buildBatchTree(resources.map(shardLeaf)) };
}
