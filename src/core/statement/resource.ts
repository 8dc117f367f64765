/** Subjects and resources: named things, matched purely by digest (in-toto ResourceDescriptor, without inline content). */

import { AttestryError } from '../../errors.ts';
import { decodeHex } from '../bytes/hex.ts';
import {
  array,
  checkedText,
  count,
  digest,
  label,
  nonEmpty,
  object,
  optional,
  type Reader,
  record,
  text,
} from '../bytes/shape.ts';

/** A model: a file, or a folder by its OpenSSF Model Signing root. */
export interface Subject {
  readonly name: string;
  readonly digest: SubjectDigest;
  readonly annotations?: { readonly shards?: ShardCommitment };
}

export interface SubjectDigest {
  /** Of the file's bytes, or the OMS root of a folder. */
  readonly sha256: string;
  /** Of the canonical OMS manifest of a folder: the root alone does not commit to file names. */
  readonly omsManifestSha256?: string;
}

/** A tree over all shards of the model, so that one of them can be proven alone. */
export interface ShardCommitment {
  /** RFC 6962 root over the shards' canonical descriptors, in manifest order. */
  readonly rfc6962Sha256: string;
  readonly count: number;
  readonly shardSizeBytes: number;
}

export const subjects: Reader<readonly Subject[]> = array(
  object<Subject>({
    name: label,
    digest: object<SubjectDigest>({ sha256: digest, omsManifestSha256: optional(digest) }),
    annotations: optional(
      object<NonNullable<Subject['annotations']>>({
        shards: optional(
          object<ShardCommitment>({ rfc6962Sha256: digest, count, shardSizeBytes: count }),
        ),
      }),
    ),
  }),
  { min: 1, max: 64 },
);

export interface Resource {
  readonly name: string;
  readonly digest: {
    readonly sha256?: string;
    /** RFC 6962 root over the canonical rows, files or states of a finished set. */
    readonly rfc6962Sha256?: string;
    readonly gitCommit?: string;
  };
  readonly uri?: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const gitCommit = checkedText('a git commit in hex', (hex) => {
  if (hex.length !== 40 && hex.length !== 64) {
    throw new AttestryError('HEX_MALFORMED', `Expected 40 or 64 hex digits, got ${hex.length}.`);
  }
  decodeHex(hex);
});

const resourceDigest = object<Resource['digest']>({
  sha256: optional(digest),
  rfc6962Sha256: optional(digest),
  gitCommit: optional(gitCommit),
});

export const resource: Reader<Resource> = object<Resource>({
  name: label,
  digest: nonEmpty(resourceDigest),
  uri: optional(text(2048)),
  mediaType: optional(label),
  annotations: optional(record(text(2048), 32)),
});

export const resources: Reader<readonly Resource[]> = array(resource, { max: 256 });
