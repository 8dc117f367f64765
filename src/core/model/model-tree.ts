/**
 * A folder as one model: the root and the manifest of OpenSSF Model Signing v1.0, and a tree over its shards that proves
 * one of them alone. The OMS root does not commit to file names; the manifest and the shard tree do.
 */
import { AttestryError } from '../../errors.ts';
import { compareBytes } from '../bytes/equal.ts';
import { decodeHex, encodeHex, quote } from '../bytes/hex.ts';
import { formatCanonicalJson, type Json } from '../bytes/json.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { HASH_LENGTH, leafHash, sha256 } from '../merkle/hash.ts';
import { verifyInclusion } from '../merkle/inclusion.ts';
import { parseShardName, requireModelPath } from './shard-name.ts';

/** Left out at the top of a model's folder, section 6.2. */
export const ALWAYS_IGNORED: readonly string[] = [
  '.git',
  '.gitattributes',
  '.github',
  '.gitignore',
];

/** A file of a model, or a shard of one. */
export interface ModelResource {
  /** The path relative to the folder, with forward slashes; of a shard `<path>:<start>:<end>`. */
  readonly name: string;
  /** SHA-256 of its bytes, lowercase hex. */
  readonly digest: string;
}

export interface OmsManifestInput {
  /** The folder's own name, or the file's. */
  readonly name: string;
  /** At least one, in any order. */
  readonly resources: readonly ModelResource[];
  readonly method: 'files' | 'shards';
  /** Bytes; with method `shards` only. */
  readonly shardSize?: number;
  /** Paths that were left out, relative to the folder. Default: none are recorded. */
  readonly ignorePaths?: readonly string[];
}

export interface ShardClaim {
  readonly resource: ModelResource;
  /** The shard's place in the manifest, from 0. */
  readonly index: number;
  /** How many shards the model has. */
  readonly count: number;
  /** Of the RFC 6962 tree over the `shardLeaf` of every shard, in the manifest's order. */
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** SHA-256 over the raw digests in the order listed (section 6.5.1). @throws HEX_MALFORMED */
export function omsRoot(resources: readonly ModelResource[]): Uint8Array {
  const digests = new Uint8Array(resources.length * HASH_LENGTH);
  for (const [i, { digest }] of resources.entries()) {
    digests.set(decodeHex(digest, HASH_LENGTH), i * HASH_LENGTH);
  }
  return sha256(digests);
}

/** By Unicode code points of the name (section 5.2.1); JavaScript's own order goes by UTF-16 units. */
export function sortResources(resources: readonly ModelResource[]): ModelResource[] {
  // UTF-8 sorts as code points do.
  return resources
    .map((resource) => ({ resource, key: encodeUtf8(resource.name) }))
    .sort((a, b) => compareBytes(a.key, b.key))
    .map(({ resource }) => resource);
}

/** The in-toto statement that OMS signs, as RFC 8785 bytes, with the resources sorted. @throws MODEL_MALFORMED, HEX_MALFORMED */
export function omsManifest(input: OmsManifestInput): Uint8Array {
  const resources = sortResources(input.resources);
  requireNames(resources, input.method);
  const statement: Json = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: input.name, digest: { sha256: encodeHex(omsRoot(resources)) } }],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: { serialization: serialization(input), resources: resources.map(descriptor) },
  };
  return formatCanonicalJson(statement);
}

/** What the shard tree holds for a shard: the RFC 8785 bytes of its OMS descriptor. @throws MODEL_MALFORMED, HEX_MALFORMED */
export function shardLeaf(resource: ModelResource): Uint8Array {
  parseShardName(resource.name);
  decodeHex(resource.digest, HASH_LENGTH);
  return formatCanonicalJson(descriptor(resource));
}

/** The shard, if it stands at its index in the tree of the model's shards. @throws SHARD_MISMATCH */
export function verifyShard(claim: ShardClaim): ModelResource {
  const { resource, index, count: size, root, proof } = claim;
  try {
    verifyInclusion({ leafHash: leafHash(shardLeaf(resource)), index, size, root, proof });
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
    throw new AttestryError(
      'SHARD_MISMATCH',
      `Expected ${quote(resource.name)} to be shard ${index} of ${size} of the model; ${cause.message}`,
      { cause, details: { index, count: size } },
    );
  }
  return resource;
}

function descriptor({ name, digest }: ModelResource): Json {
  return { algorithm: 'sha256', digest, name };
}

function serialization({ method, shardSize, ignorePaths }: OmsManifestInput): Json {
  const isSize = shardSize !== undefined && Number.isSafeInteger(shardSize) && shardSize > 0;
  if (method === 'shards' ? !isSize : shardSize !== undefined) {
    throw new RangeError(
      `Expected a shard size with shards and none with files, got ${shardSize}.`,
    );
  }
  return {
    method,
    hash_type: 'sha256',
    allow_symlinks: false,
    ...(shardSize === undefined ? {} : { shard_size: shardSize }),
    ...(ignorePaths === undefined ? {} : { ignore_paths: ignorePaths }),
  };
}

function requireNames(sorted: readonly ModelResource[], method: 'files' | 'shards'): void {
  if (sorted.length === 0) {
    throw new AttestryError('MODEL_MALFORMED', 'Expected a model of at least one file, got none.');
  }
  for (const [i, { name }] of sorted.entries()) {
    if (method === 'files') requireModelPath(name);
    else parseShardName(name);
    if (sorted[i + 1]?.name === name) {
      throw new AttestryError(
        'MODEL_MALFORMED',
        `Expected every file of a model once, got ${quote(name)} twice.`,
      );
    }
  }
}
