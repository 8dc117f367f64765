import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { leafHash } from '../../../src/core/merkle/hash.ts';
import { type ModelResource, shardLeaf } from '../../../src/core/model/model-tree.ts';
import {
  type Artifact,
  type ShardArtifact,
  verifyArtifact,
} from '../../../src/core/report/artifact.ts';
import type { Subject } from '../../../src/core/statement/resource.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { NaiveTree } from '../../helpers/naive-tree.ts';
import { digestOf, MODEL } from '../../helpers/statements.ts';

const OTHER = digestOf('other');
const MANIFEST = digestOf('manifest');
const FILE: Subject = { name: 'model.bin', digest: { sha256: MODEL } };
const FOLDER: Subject = { name: 'model', digest: { sha256: MODEL, omsManifestSha256: MANIFEST } };
const STRANGER: Subject = { name: 'other', digest: { sha256: OTHER } };

const whole = (sha256: string, omsManifestSha256?: string): Artifact => ({
  part: 'whole',
  sha256,
  ...(omsManifestSha256 === undefined ? {} : { omsManifestSha256 }),
});

describe('verifyArtifact on a whole model', () => {
  it('gives the subject that it is', () => {
    expect(verifyArtifact(whole(MODEL), [STRANGER, FILE])).toBe(FILE);
    expect(verifyArtifact(whole(MODEL, MANIFEST), [FOLDER])).toBe(FOLDER);
    expect(verifyArtifact(whole(MODEL, MANIFEST), [FILE])).toBe(FILE);
  });

  it.each<[string, Artifact, readonly Subject[]]>([
    ['another file', whole(OTHER), [FILE]],
    ['a file where nothing is stated', whole(MODEL), []],
    ['a folder whose files have other names', whole(MODEL, OTHER), [FOLDER]],
    ['a file for a folder', whole(MODEL), [FOLDER]],
    ['other names than one of several statements says', whole(MODEL, OTHER), [FILE, FOLDER]],
    ['other names, whichever comes first', whole(MODEL, OTHER), [FOLDER, FILE]],
  ])('refuses %s', (_, artifact, subjects) => {
    expect(codeOf(() => verifyArtifact(artifact, subjects))).toBe('SUBJECT_MISMATCH');
  });
});

describe('verifyArtifact on a shard', () => {
  const shards: ModelResource[] = [0, 10, 20].map((start) => ({
    name: `weights.bin:${start}:${start + 10}`,
    digest: digestOf(`shard ${start}`),
  }));
  const tree = new NaiveTree(shards.map((shard) => leafHash(shardLeaf(shard))));
  const sharded: Subject = {
    ...FILE,
    annotations: {
      shards: { rfc6962Sha256: encodeHex(tree.root()), count: 3, shardSizeBytes: 10 },
    },
  };
  const part = (index: number): ShardArtifact => ({
    part: 'shard',
    resource: shards[index] as ModelResource,
    index,
    proof: tree.path(index),
  });

  it('gives the subject that it is a part of', () => {
    for (const index of [0, 1, 2])
      expect(verifyArtifact(part(index), [FILE, sharded])).toBe(sharded);
  });

  it('asks every subject that commits to shards', () => {
    const root = encodeHex(new Uint8Array(32));
    const other = {
      ...STRANGER,
      annotations: { shards: { rfc6962Sha256: root, count: 3, shardSizeBytes: 10 } },
    };
    expect(verifyArtifact(part(1), [other, sharded])).toBe(sharded);
    expect(codeOf(() => verifyArtifact(part(1), [other]))).toBe('SHARD_MISMATCH');
  });

  it.each<[string, ShardArtifact, readonly Subject[]]>([
    ['other bytes', { ...part(1), resource: { ...part(1).resource, digest: OTHER } }, [sharded]],
    ['another place', { ...part(1), index: 2 }, [sharded]],
    [
      'another name',
      { ...part(1), resource: { ...part(1).resource, name: 'other.bin:10:20' } },
      [sharded],
    ],
    ['a proof that is cut', { ...part(1), proof: part(1).proof.slice(1) }, [sharded]],
    [
      'a proof one hash too long',
      { ...part(1), proof: [...part(1).proof, new Uint8Array(32)] },
      [sharded],
    ],
    ['a model without shards', part(1), [FILE]],
  ])('refuses %s', (_, artifact, subjects) => {
    expect(codeOf(() => verifyArtifact(artifact, subjects))).toBe('SHARD_MISMATCH');
  });
});
