/** The files of a model on disk, by the rules of OpenSSF Model Signing v1.0 section 6: which count, and their digests. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../core/bytes/hex.ts';
import { ALWAYS_IGNORED } from '../core/model/model-tree.ts';
import { type ByteRange, requireModelPath, shardRanges } from '../core/model/shard-name.ts';
import { AttestryError } from '../errors.ts';
import { reading } from './local-file.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A regular file, to be read. */
export interface ModelFile {
  /** Relative to the model's folder, with forward slashes; of a single file its own name. */
  readonly path: string;
  /** Where it is on this machine. */
  readonly location: string;
  readonly bytes: number;
}

export interface FileDigest {
  /** Hex SHA-256 of the whole file. */
  readonly digest: string;
  /** Of each shard, in order of the file; empty where no shard size was given. */
  readonly shards: readonly ShardDigest[];
}

export interface ShardDigest extends ByteRange {
  /** Hex SHA-256. */
  readonly digest: string;
}

/**
 * Every file of the folder that counts, in no particular order. Symbolic links and special files are refused: they
 * would make the model more than what lies in the folder.
 * @throws MODEL_MALFORMED, FILE_UNREADABLE, CONFIG_INVALID for a path to ignore that is none
 */
export async function listModelFiles(
  folder: string,
  ignorePaths: readonly string[] = [],
): Promise<readonly ModelFile[]> {
  const ignored = new Set([...ALWAYS_IGNORED, ...ignorePaths.map(requireIgnorable)]);
  const files: ModelFile[] = [];
  const waiting = [''];
  for (let prefix = waiting.pop(); prefix !== undefined; prefix = waiting.pop()) {
    const place = join(folder, prefix);
    for (const member of await reading(place, () => readdir(place, { withFileTypes: true }))) {
      const path = `${prefix}${member.name}`;
      if (ignored.has(path)) continue;
      if (member.isDirectory()) waiting.push(`${path}/`);
      else if (member.isSymbolicLink()) throw notAFile(path, 'a symbolic link');
      else files.push(await modelFile(path, join(folder, path)));
    }
  }
  if (files.length > 0) return files;
  throw malformed(`at least one file in the folder ${folder}`, 'none');
}

/** The regular file at a location, under its path within the model. @throws MODEL_MALFORMED, FILE_UNREADABLE */
export async function modelFile(path: string, location: string): Promise<ModelFile> {
  // What is not UTF-8 on disk reads as U+FFFD, and could not be written into a statement.
  if (path.includes('\ufffd')) throw malformed('file names in UTF-8', quote(path));
  const found = await reading(location, () => stat(location));
  if (!found.isFile()) throw notAFile(path, 'something else');
  return { path: requireModelPath(path), location, bytes: found.size };
}

export interface DigestFileOptions {
  /** Bytes of each shard but the last; without it no shards are hashed. */
  readonly shardSize?: number;
  /** Told how many more bytes have been read. */
  readonly onBytes?: (bytes: number) => void;
}

/** Reads the file once, from its start to its end. @throws FILE_UNREADABLE, also when it changes meanwhile */
export async function digestFile(
  file: ModelFile,
  { shardSize, onBytes }: DigestFileOptions = {},
): Promise<FileDigest> {
  const whole = createHash('sha256');
  const shards: ShardDigest[] = [];
  await withFile(file, async (handle) => {
    for (const range of shardRanges(file.bytes, shardSize ?? Math.max(1, file.bytes))) {
      const shard = shardSize === undefined ? undefined : createHash('sha256');
      for await (const chunk of readRange(handle, range)) {
        whole.update(chunk);
        shard?.update(chunk);
        onBytes?.(chunk.length);
      }
      if (shard !== undefined) shards.push({ ...range, digest: shard.digest('hex') });
    }
  });
  return { digest: whole.digest('hex'), shards };
}

/** Hex SHA-256 of bytes [start, end) of the file. @throws FILE_UNREADABLE when it is shorter */
export async function digestRange(file: ModelFile, range: ByteRange): Promise<string> {
  const hash = createHash('sha256');
  await withFile(file, async (handle) => {
    for await (const chunk of readRange(handle, range)) hash.update(chunk);
  });
  return hash.digest('hex');
}

async function withFile(
  { location, bytes }: ModelFile,
  read: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  await reading(location, async () => {
    const handle = await open(location, 'r');
    try {
      await read(handle);
      const { size } = await handle.stat();
      if (size !== bytes) throw new Error('it changed while it was read');
    } finally {
      await handle.close();
    }
  });
}

/** The chunks are views of one buffer: each is valid until the next is asked for. */
async function* readRange(
  handle: FileHandle,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, end - start)));
  for (let at = start; at < end; ) {
    const wanted = Math.min(buffer.length, end - at);
    const { bytesRead } = await handle.read(buffer, 0, wanted, at);
    if (bytesRead === 0) throw new Error(`it ends at byte ${at}, before ${end}`);
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

function requireIgnorable(path: string): string {
  try {
    // Section 6.2.1: exact paths, no patterns.
    if (!/[*?[\]]/.test(path)) return requireModelPath(path);
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
  }
  throw new AttestryError(
    'CONFIG_INVALID',
    `Expected paths to ignore like notes/draft.md, within the model and without patterns, got ${quote(path)}.`,
  );
}

function notAFile(path: string, what: string): AttestryError {
  return malformed('regular files only', `${what} at ${quote(path)}; replace it or ignore it`);
}

function malformed(expected: string, got: string): AttestryError {
  return new AttestryError('MODEL_MALFORMED', `Expected ${expected}, got ${got}.`);
}
