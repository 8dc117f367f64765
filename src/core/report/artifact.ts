/** Whether the file, folder or shard in hand is the model that a statement names. */
import { AttestryError } from '../../errors.ts';
import { decodeHex } from '../bytes/hex.ts';
import { type ModelResource, verifyShard } from '../model/model-tree.ts';
import type { ShardCommitment, Subject } from '../statement/resource.ts';

export type Artifact = WholeArtifact | ShardArtifact;

export interface WholeArtifact {
  readonly part: 'whole';
  /** Hex: of the file, or the OMS root of the folder. */
  readonly sha256: string;
  /** Hex, of a folder's manifest: the root alone does not commit to file names. */
  readonly omsManifestSha256?: string;
}

/** One shard of a model, with its place among all of them. */
export interface ShardArtifact {
  readonly part: 'shard';
  /** The shard's name `<path>:<start>:<end>` and the digest of the bytes in hand. */
  readonly resource: ModelResource;
  readonly index: number;
  readonly proof: readonly Uint8Array[];
}

/** The subject that the artifact is, or is a part of. @throws SUBJECT_MISMATCH, SHARD_MISMATCH */
export function verifyArtifact(artifact: Artifact, subjects: readonly Subject[]): Subject {
  return artifact.part === 'whole'
    ? verifyWhole(artifact, subjects)
    : verifyPart(artifact, subjects);
}

function verifyWhole(artifact: WholeArtifact, subjects: readonly Subject[]): Subject {
  const matching = subjects.filter(({ digest }) => digest.sha256 === artifact.sha256);
  const [subject] = matching;
  if (subject === undefined) {
    const named = [...new Set(subjects.map(({ name, digest }) => `${name} (${digest.sha256})`))];
    throw new AttestryError(
      'SUBJECT_MISMATCH',
      `Expected ${named.slice(0, 3).join(' or ') || 'a model that a statement names'}, got a model with SHA-256 ${artifact.sha256}.`,
    );
  }
  // Every statement counts, so that the verdict does not hang on which of them comes first.
  const other = matching
    .map(({ digest }) => digest.omsManifestSha256)
    .find((stated) => stated !== undefined && stated !== artifact.omsManifestSha256);
  if (other !== undefined) {
    throw new AttestryError(
      'SUBJECT_MISMATCH',
      `The contents of ${subject.name} match, but not their file names: expected manifest ${other}, got ${artifact.omsManifestSha256 ?? 'a single file'}.`,
    );
  }
  return subject;
}

function verifyPart(artifact: ShardArtifact, subjects: readonly Subject[]): Subject {
  let refusal = new AttestryError(
    'SHARD_MISMATCH',
    'Expected a statement that commits to the shards of its model; this one names the whole only.',
  );
  for (const subject of subjects) {
    const shards = subject.annotations?.shards;
    if (shards === undefined) continue;
    try {
      verifyShardOf(artifact, shards);
      return subject;
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function verifyShardOf({ resource, index, proof }: ShardArtifact, shards: ShardCommitment): void {
  const root = decodeHex(shards.rfc6962Sha256, 32);
  verifyShard({ resource, index, count: shards.count, root, proof });
}
