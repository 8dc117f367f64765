/** The project's own vectors: every one gets the verdict it names, and making them again gives the same bytes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allVectors } from '../scripts/vectors/all.ts';
import { decodeBase64 } from '../src/core/bytes/base64.ts';
import { decodeUtf8, encodeUtf8 } from '../src/core/bytes/utf8.ts';
import { verifyConsistency } from '../src/core/merkle/consistency.ts';
import { verifyInclusion } from '../src/core/merkle/inclusion.ts';
import { parseVkey } from '../src/core/note/vkey.ts';
import type { Artifact } from '../src/core/report/artifact.ts';
import { judge } from '../src/core/report/judge.ts';
import { admitEntry } from '../src/core/statement/admission.ts';
import { parseEnvelope } from '../src/core/statement/envelope.ts';
import type { VerificationRules } from '../src/core/trust/quorum.ts';
import { parseTrustRoot, type TrustRoot } from '../src/core/trust/trust-root.ts';
import { type AttestryErrorCode, outcomeOf } from '../src/errors.ts';
import { codeOf } from './helpers/code-of.ts';
import { TALLY_RUN } from './helpers/tally-vectors.ts';
import { readJsonFolder } from './helpers/vectors.ts';

interface Vector {
  readonly desc: string;
  readonly input: string;
  readonly inputBase64?: string;
  /** The input is filled up to this length with spaces. */
  readonly padTo?: number;
  readonly trust: string;
  readonly now: number;
  readonly maxAge?: number;
  readonly artifact?: Artifact;
  readonly origin: string;
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly leafHash: string;
  readonly root: string;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[];
  readonly wantErr?: boolean;
  readonly want: string;
  readonly wantCode: AttestryErrorCode | null;
}

const FOLDER = 'test/vectors';
const TRUST_ROOTS = new Map<string, TrustRoot>();
const VECTORS = readJsonFolder<Vector>(FOLDER).filter(({ name }) => !name.startsWith('trust-root'));

function bytesOf({ input, inputBase64, padTo = 0 }: Vector): Uint8Array {
  const bytes = inputBase64 === undefined ? encodeUtf8(input) : decodeBase64(inputBase64);
  const padded = new Uint8Array(Math.max(padTo, bytes.length)).fill(0x20);
  padded.set(bytes);
  return padded;
}

function rulesOf({ trust, now, maxAge }: Vector): VerificationRules {
  return { trust: trustRoot(trust), now, ...(maxAge === undefined ? {} : { maxAge }) };
}

function trustRoot(path: string): TrustRoot {
  const known = TRUST_ROOTS.get(path);
  if (known !== undefined) return known;
  const read = parseTrustRoot(new Uint8Array(readFileSync(join(FOLDER, path))));
  TRUST_ROOTS.set(path, read);
  return read;
}

/** Every code that the input ends with. */
function judged(vector: Vector): string[] {
  const { artifact } = vector;
  const options = { ...rulesOf(vector), ...(artifact === undefined ? {} : { artifact }) };
  const report = judge(bytesOf(vector), options);
  expect(report.outcome).toBe(vector.want);
  return report.problems.map(({ code }) => code);
}

const refused = (run: () => unknown): string[] => [codeOf(run)].filter((code) => code !== 'none');

const RUN: Readonly<Record<string, (vector: Vector) => string[]>> = {
  'merkle/inclusion': (vector) =>
    refused(() =>
      verifyInclusion({
        leafHash: decodeBase64(vector.leafHash),
        index: vector.leafIdx,
        size: vector.treeSize,
        root: decodeBase64(vector.root),
        proof: vector.proof.map(decodeBase64),
      }),
    ),
  'merkle/consistency': (vector) =>
    refused(() =>
      verifyConsistency({
        size1: vector.size1,
        root1: decodeBase64(vector.root1),
        size2: vector.size2,
        root2: decodeBase64(vector.root2),
        proof: vector.proof.map(decodeBase64),
      }),
    ),
  'note/vkey': (vector) => refused(() => parseVkey(decodeUtf8(bytesOf(vector)))),
  trust: (vector) => refused(() => parseTrustRoot(bytesOf(vector))),
  envelope: (vector) => refused(() => parseEnvelope(bytesOf(vector))),
  statement: (vector) =>
    refused(() => admitEntry(bytesOf(vector), { ...rulesOf(vector), origin: vector.origin })),
  receipt: judged,
  dossier: judged,
  finding: judged,
  ...TALLY_RUN,
};

/** What a receipt, a dossier, a finding or a trust root can end with; INPUT_TOO_LARGE would make a large file. */
const VERIFICATION_CODES: readonly AttestryErrorCode[] = [
  'INPUT_NOT_UTF8',
  'JSON_MALFORMED',
  'JSON_NOT_CANONICAL',
  'JSON_KEY_FORBIDDEN',
  'JSON_TOO_DEEP',
  'JSON_NUMBER_UNSAFE',
  'TRUST_MALFORMED',
  'TRUST_KEY_DUPLICATE',
  'TRUST_THRESHOLD_SHORT',
  'TRUST_EXPIRED',
  'VKEY_MALFORMED',
  'KEY_MALFORMED',
  'KEY_UNKNOWN',
  'KEY_OUT_OF_WINDOW',
  'KEY_REVOKED',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_INVALID',
  'SIGNATURE_DUPLICATE',
  'ENTRY_TOO_LARGE',
  'ENVELOPE_MALFORMED',
  'ENVELOPE_PAYLOAD_TYPE',
  'STATEMENT_MALFORMED',
  'STATEMENT_TYPE_UNKNOWN',
  'PREDICATE_TYPE_UNKNOWN',
  'OPERATOR_UNAUTHORIZED',
  'STATEMENT_LOG_MISMATCH',
  'STATEMENT_TIME_FUTURE',
  'CLAIM_MISMATCH',
  'USAGE_SUM_MISMATCH',
  'USAGE_WINDOW_INVALID',
  'SUBJECT_MISMATCH',
  'SHARD_MISMATCH',
  'RECEIPT_MALFORMED',
  'PROOF_MALFORMED',
  'NOTE_MALFORMED',
  'CHECKPOINT_MALFORMED',
  'CHECKPOINT_EXTENSION_UNKNOWN',
  'CHECKPOINT_ORIGIN_UNKNOWN',
  'CHECKPOINT_UNSIGNED',
  'CHECKPOINT_SIGNATURE_INVALID',
  'CHECKPOINT_STALE',
  'COSIGNATURE_MALFORMED',
  'COSIGNATURE_INVALID',
  'COSIGNATURE_TIME_INVALID',
  'COSIGNATURE_TIME_FUTURE',
  'LOG_OUT_OF_WINDOW',
  'LOG_RETIRED',
  'SUCCESSION_MISMATCH',
  'QUORUM_SHORT',
  'HASH_MALFORMED',
  'INCLUSION_INDEX_OUT_OF_RANGE',
  'INCLUSION_LENGTH_WRONG',
  'INCLUSION_ROOT_MISMATCH',
  'CONSISTENCY_SIZE_INVALID',
  'CONSISTENCY_LENGTH_WRONG',
  'CONSISTENCY_ROOT_MISMATCH',
  'DOSSIER_MALFORMED',
  'DOSSIER_LOG_MISSING',
  'DOSSIER_MODEL_MISMATCH',
  'ENTRY_DUPLICATE',
  'STREAM_SEQUENCE_MISMATCH',
  'STREAM_PREVIOUS_MISMATCH',
  'STREAM_WINDOW_OVERLAP',
  'MODEL_UNKNOWN',
  'MODEL_WITHDRAWN',
  'STATEMENT_WITHDRAWN',
  'FINDING_MALFORMED',
  'FINDING_UNPROVEN',
  'FINDING_UNATTRIBUTED',
  'CHECKPOINT_CONTRADICTION',
  'ENTRY_INADMISSIBLE',
  'TALLY_NOTE_MALFORMED',
  'TALLY_NOTE_UNSIGNED',
  'TALLY_PROOF_MALFORMED',
  'TALLY_PROOF_INVALID',
  'TALLY_ROOT_MISMATCH',
  'TALLY_OVERFLOW',
  'TALLY_MISSING',
  'TALLY_CHECKPOINT_MISMATCH',
  'TALLY_CONTRADICTION',
  'VERIFIER_QUORUM_SHORT',
  'DOSSIER_INCOMPLETE',
];

const folderOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));

describe.each(Object.keys(RUN))('vectors of %s', (folder) => {
  const run = RUN[folder] as (vector: Vector) => string[];
  const vectors = VECTORS.filter(({ name }) => folderOf(name) === folder);

  it.each(vectors.map(({ name, content }) => [name, content] as const))('%s', (_, vector) => {
    expect(run(vector)).toEqual(vector.wantCode === null ? [] : [vector.wantCode]);
    expect(vector.want).toBe(vector.wantCode === null ? 'VALID' : outcomeOf(vector.wantCode));
    if (vector.wantErr !== undefined) expect(vector.wantErr).toBe(vector.wantCode !== null);
  });
});

describe('the set of vectors', () => {
  it('is what making it again gives, byte by byte', () => {
    const made = Object.fromEntries(allVectors().map(({ path, text }) => [path, text]));
    const stored = readJsonFolder(FOLDER).map(({ name }) => [
      name,
      readFileSync(join(FOLDER, name), 'utf8'),
    ]);
    expect(Object.fromEntries(stored)).toEqual(made);
  });

  it('has a runner for every folder', () => {
    const folders = new Set(VECTORS.map(({ name }) => folderOf(name)));
    expect([...folders].sort()).toEqual(Object.keys(RUN).sort());
  });

  it('has one for every code that a receipt, a dossier, a finding or a trust root can end with', () => {
    const shown = new Set(VECTORS.map(({ content }) => content.wantCode));
    expect(VERIFICATION_CODES.filter((code) => !shown.has(code))).toEqual([]);
  });
});
