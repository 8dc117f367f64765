/**
 * Files and folders that are still there, whole, after a power cut. A name is durable only when the folder that holds it
 * has been synced too. Errors are the system's own; callers give them their code.
 *
 * Only what waits for the disk goes to Node's pool: the syncs, and the renaming of a file over another, for which a file
 * system writes out the new one's bytes. All else changes a few pages in memory, at once: eight trips to the pool and back
 * took twice the processor's time, and on a busy machine most of a commit.
 */
import {
  closeSync,
  fdatasync,
  fsync,
  openSync,
  rename,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Makes a folder and those above it, each synced into its parent. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let at = resolve(folder); at.length > above.length; at = dirname(at)) {
    await syncFolder(dirname(at));
  }
}

/** Replaces a file in one step: readers and a crash see the old bytes or the new ones. One writer at a time. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.tmp`;
  await writeSynced(beside, bytes, { flag: 'w', mode: 0o644 });
  await settled((done) => rename(beside, path, done));
  await syncFolder(dirname(path));
}

export interface Patch {
  /** Of the first byte in the file. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes bytes over others of a file that is there. They should lie in one sector of the disk (512 bytes from a multiple of 512
 * on): a power cut may tear what lies in several.
 */
export async function overwriteFile(path: string, { at, bytes }: Patch): Promise<void> {
  const file = openSync(path, 'r+');
  try {
    if (writeSync(file, bytes, 0, bytes.length, at) !== bytes.length) {
      throw new Error(`Expected to write ${bytes.length} bytes at once: is the disk full?`);
    }
    await settled((done) => fdatasync(file, done));
  } finally {
    closeSync(file);
  }
}

/** Writes a file that is not there yet; EEXIST if it is. Half a file is never left behind by an error. */
export async function createFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await writeSynced(path, bytes, { flag: 'wx', mode });
  await syncFolder(dirname(path));
}

async function writeSynced(
  path: string,
  bytes: Uint8Array,
  how: { flag: 'w' | 'wx'; mode: number },
): Promise<void> {
  const file = openSync(path, how.flag, how.mode);
  try {
    writeFileSync(file, bytes);
    await settled((done) => fsync(file, done));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and journals names by itself.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    await settled((done) => fsync(handle, done));
  } finally {
    closeSync(handle);
  }
}

function settled(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)));
  });
}
