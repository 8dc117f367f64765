import fs from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createFile,
  makeFolder,
  overwriteFile,
  replaceFile,
} from '../../src/store/durable-file.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const BYTES = new Uint8Array([1, 2, 3]);

/** The paths that are synced from now on, in order, as the kernel names the open files. */
function watchSyncs(call: 'fsync' | 'fdatasync' = 'fsync'): string[] {
  const synced: string[] = [];
  const sync = fs[call];
  vi.spyOn(fs, call).mockImplementation((file, callback) => {
    synced.push(fs.readlinkSync(`/proc/self/fd/${file}`));
    sync(file, callback);
  });
  syncBuiltinESMExports();
  onTestFinished(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
  return synced;
}

const onLinux = test.skipIf(process.platform !== 'linux');

describe('replaceFile', () => {
  test('replaces a file, and leaves nothing beside it', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'f'), 'old and longer');
    await replaceFile(join(folder, 'f'), BYTES);
    expect(new Uint8Array(await readFile(join(folder, 'f')))).toEqual(BYTES);
    expect(await readdir(folder)).toEqual(['f']);
  });

  onLinux('syncs the bytes under another name, then the folder', async () => {
    const folder = await temporaryFolder();
    const synced = watchSyncs();
    await replaceFile(join(folder, 'f'), BYTES);
    expect(synced).toEqual([join(folder, 'f.tmp'), folder]);
  });
});

describe('overwriteFile', () => {
  test('changes these bytes and no others', async () => {
    const path = join(await temporaryFolder(), 'f');
    await writeFile(path, 'abcdefgh');
    await overwriteFile(path, { at: 2, bytes: BYTES });
    expect(await readFile(path, 'latin1')).toBe('ab\x01\x02\x03fgh');
  });

  onLinux('syncs the bytes before it is done', async () => {
    const path = join(await temporaryFolder(), 'f');
    await writeFile(path, 'abcdefgh');
    const synced = watchSyncs('fdatasync');
    await overwriteFile(path, { at: 2, bytes: BYTES });
    expect(synced).toEqual([path]);
  });

  test('makes no file', async () => {
    const path = join(await temporaryFolder(), 'f');
    await expect(overwriteFile(path, { at: 0, bytes: BYTES })).rejects.toThrow('ENOENT');
  });
});

describe('createFile', () => {
  test('never writes over a file', async () => {
    const path = join(await temporaryFolder(), 'f');
    await createFile(path, BYTES, 0o600);
    await expect(createFile(path, new Uint8Array(9), 0o600)).rejects.toThrow('EEXIST');
    expect(new Uint8Array(await readFile(path))).toEqual(BYTES);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  onLinux('syncs the file and its folder', async () => {
    const folder = await temporaryFolder();
    const synced = watchSyncs();
    await createFile(join(folder, 'f'), BYTES, 0o600);
    expect(synced).toEqual([join(folder, 'f'), folder]);
  });
});

describe('makeFolder', () => {
  onLinux('syncs each new name into the folder above it, and nothing that was there', async () => {
    const folder = await temporaryFolder();
    const synced = watchSyncs();
    await makeFolder(join(folder, 'a', 'b'));
    expect(synced).toEqual([join(folder, 'a'), folder]);
    synced.length = 0;
    await makeFolder(join(folder, 'a', 'b'));
    expect(synced).toEqual([]);
  });
});
