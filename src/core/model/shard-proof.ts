/** Shard proofs: the place of ONE shard among all shards of a model, in a file small enough to travel with the shard. */
import { AttestryError } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import {
  array,
  base64,
  checkedText,
  count,
  digest,
  literal,
  object,
  readShape,
} from '../bytes/shape.ts';
import type { ModelResource } from './model-tree.ts';
import { parseShardName } from './shard-name.ts';

const SHARD_PROOF_TYPE = 'attestry/shard-proof';
export const LARGEST_SHARD_PROOF_BYTES = 64 * 1024;

export interface ShardProof {
  /** The shard's name `<path>:<start>:<end>` and its digest. */
  readonly resource: ModelResource;
  /** The shard's place in the manifest, from 0. */
  readonly index: number;
  /** How many shards the model has. */
  readonly count: number;
  /** Inclusion proof in the RFC 6962 tree over all shards: the leaf's sibling first. */
  readonly proof: readonly Uint8Array[];
}

const shardProofFile = object({
  count,
  index: count,
  proof: array(base64, { max: 63 }),
  resource: object<ModelResource>({
    digest,
    name: checkedText('a shard name', parseShardName),
  }),
  type: literal(SHARD_PROOF_TYPE),
  version: literal(1),
});

/** @throws INPUT_TOO_LARGE, JSON_*, SHARD_PROOF_MALFORMED */
export function parseShardProof(bytes: Uint8Array): ShardProof {
  if (bytes.length > LARGEST_SHARD_PROOF_BYTES) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected a shard proof of at most ${LARGEST_SHARD_PROOF_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  const file = readShape('SHARD_PROOF_MALFORMED', shardProofFile, parseCanonicalJson(bytes));
  if (file.index >= file.count) {
    throw new AttestryError(
      'SHARD_PROOF_MALFORMED',
      `Expected an index below the count of ${file.count} shards, got ${file.index}.`,
    );
  }
  const { resource, index, count: shards, proof } = file;
  return { resource, index, count: shards, proof: proof.map(decodeBase64) };
}

/** RFC 8785 bytes. */
export function formatShardProof(shard: ShardProof): Uint8Array {
  return formatCanonicalJson({
    count: shard.count,
    index: shard.index,
    proof: shard.proof.map(encodeBase64),
    resource: shard.resource,
    type: SHARD_PROOF_TYPE,
    version: 1,
  });
}
