/** Files of the person at the keyboard: bounded reading, whole writing, and the system's errors under one code. */
import { type FileHandle, open } from 'node:fs/promises';
import { AttestryError } from '../errors.ts';
import { replaceFile } from '../store/durable-file.ts';

const CHUNK_BYTES = 64 * 1024;

/** All bytes of a file, pipe or device, never more than `maxBytes`. @throws FILE_UNREADABLE, INPUT_TOO_LARGE */
export async function readLocalFile(path: string, maxBytes: number): Promise<Uint8Array> {
  return await reading(path, async () => {
    const file = await open(path, 'r');
    try {
      return await readUpTo(file, path, maxBytes);
    } finally {
      await file.close();
    }
  });
}

/** Puts a file there, or another in its place, in one step. @throws FILE_UNREADABLE */
export async function writeLocalFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(path, bytes);
  } catch (cause) {
    throw fileFailure(`Could not write ${path}`, cause);
  }
}

/** What `read` gives, with the system's errors as FILE_UNREADABLE. */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof AttestryError) throw cause;
    throw fileFailure(`Could not read ${path}`, cause);
  }
}

function fileFailure(what: string, cause: unknown): AttestryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AttestryError('FILE_UNREADABLE', `${what}: ${reason}.`, { cause });
}

// What stat says of a pipe or a device means nothing, so the limit counts what really comes.
async function readUpTo(file: FileHandle, path: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > maxBytes) {
      throw new AttestryError(
        'INPUT_TOO_LARGE',
        `Expected ${path} to hold at most ${maxBytes} bytes, it holds more.`,
        { details: { limit: maxBytes } },
      );
    }
  }
}
