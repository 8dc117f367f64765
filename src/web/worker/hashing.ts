/** A model's digests from its bytes, read as a stream: no more than a chunk of it is ever held. */
import { sha256 } from '@noble/hashes/sha2.js';
import { encodeHex } from '../../core/bytes/hex.ts';
import { ALWAYS_IGNORED, omsRoot, sortResources } from '../../core/model/model-tree.ts';
import { requireModelPath } from '../../core/model/shard-name.ts';
import { AttestryError } from '../../errors.ts';
import type { HashedModel, PickedFile, PickedModel } from './protocol.ts';
import type { OnProgress } from './signatures.ts';

/** The model's digest as statements name it. @throws MODEL_MALFORMED, FILE_UNREADABLE */
export async function hashModel(model: PickedModel, onProgress: OnProgress): Promise<HashedModel> {
  const { form, name } = model;
  const files = form === 'folder' ? countingFiles(model.files) : model.files;
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  let done = 0;
  const onBytes = (more: number): void => {
    done += more;
    onProgress(done, bytes);
  };
  const found = [];
  for (const { path, file } of files) {
    found.push({ name: requireModelPath(path), digest: await hashFile(file, onBytes) });
  }
  const sorted = sortResources(found);
  const single = sorted[0]?.digest;
  if (single === undefined)
    throw new AttestryError('MODEL_MALFORMED', 'Expected a file, got none.');
  const digest = form === 'file' ? single : encodeHex(omsRoot(sorted));
  return { form, name, bytes, sha256: digest, files: sorted };
}

/** The files of a folder that belong to the model: what the rules leave out at its top is left out. */
export function countingFiles(files: readonly PickedFile[]): readonly PickedFile[] {
  return files.filter(({ path }) => !ALWAYS_IGNORED.includes(path.split('/')[0] ?? ''));
}

async function hashFile(file: Blob, onBytes: (more: number) => void): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      hash.update(part.value);
      onBytes(part.value.length);
    }
  } catch (cause) {
    const message = 'The file could not be read to its end; it may have changed meanwhile.';
    throw new AttestryError('FILE_UNREADABLE', message, { cause });
  }
  return encodeHex(hash.digest());
}
