/** The model in hand as `judge` compares it with what a file states: a whole file or folder, or one shard. */
import { join } from 'node:path';
import { parseDossier } from '../core/dossier/dossier.ts';
import { parseShardName } from '../core/model/shard-name.ts';
import type { ShardProof } from '../core/model/shard-proof.ts';
import { parseReceipt } from '../core/receipt/receipt.ts';
import type { ShardArtifact, WholeArtifact } from '../core/report/artifact.ts';
import type { Envelope } from '../core/statement/envelope.ts';
import type { Subject } from '../core/statement/resource.ts';
import { parseStatement } from '../core/statement/statement.ts';
import { AttestryError } from '../errors.ts';
import { type DigestOptions, digestModel, formOf, manifestDigest } from './model-digest.ts';
import { digestRange, modelFile } from './model-files.ts';

export interface ArtifactOptions extends Omit<DigestOptions, 'shardSize'> {
  /** The receipt or dossier that the model will be compared with. */
  readonly judged: Uint8Array;
}

/**
 * The digests of a file or folder. A folder's manifest carries the name under which it was stated, which is read from
 * the file to be judged: on this machine the folder may be called otherwise. Nothing is trusted by that: the name
 * changes only a digest that a verified statement must repeat. @throws MODEL_MALFORMED, FILE_UNREADABLE
 */
export async function readArtifact(path: string, options: ArtifactOptions): Promise<WholeArtifact> {
  const model = await digestModel(path, options);
  const { sha256 } = model;
  if (model.form === 'file') return { part: 'whole', sha256 };
  const stated = claimedSubjects(options.judged).find(({ digest }) => digest.sha256 === sha256);
  return { part: 'whole', sha256, omsManifestSha256: manifestDigest(model, stated?.name) };
}

/**
 * The digest of one shard, read out of the model's folder or file, or from a file that holds the shard alone.
 * @throws SHARD_MISMATCH when the place that the proof names is not there, FILE_UNREADABLE, MODEL_MALFORMED
 */
export async function readShardArtifact(path: string, proof: ShardProof): Promise<ShardArtifact> {
  const { resource, index } = proof;
  const { path: name, start, end } = parseShardName(resource.name);
  const form = await formOf(path);
  const file =
    form === 'file' ? await modelFile(name, path) : await modelFile(name, join(path, name));
  // A file as long as the shard holds it alone; a longer one is the model's own.
  const alone = form === 'file' && file.bytes === end - start;
  if (!alone && file.bytes < end) {
    throw new AttestryError(
      'SHARD_MISMATCH',
      `Expected ${path} to hold ${name} from byte ${start} to ${end}, it has ${file.bytes} bytes.`,
    );
  }
  const digest = await digestRange(file, alone ? { start: 0, end: file.bytes } : { start, end });
  return { part: 'shard', resource: { name: resource.name, digest }, index, proof: proof.proof };
}

/** The subjects that the file claims, in its order; none of it is verified. */
function claimedSubjects(bytes: Uint8Array): readonly Subject[] {
  const envelopes = readable(() => [parseReceipt(bytes).envelope]) ?? dossierEnvelopes(bytes) ?? [];
  return envelopes.flatMap(({ payload }) => readable(() => parseStatement(payload).subject) ?? []);
}

function dossierEnvelopes(bytes: Uint8Array): readonly Envelope[] | undefined {
  return readable(() =>
    parseDossier(bytes).logs.flatMap((log) =>
      'missing' in log ? [] : log.entries.map(({ envelope }) => envelope),
    ),
  );
}

// What cannot be read here is refused, with its code, by the judge of the same bytes.
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}
