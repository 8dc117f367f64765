import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestModel } from '../../src/client/model-digest.ts';
import { countingFiles, hashModel } from '../../src/web/worker/hashing.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const FILES: Readonly<Record<string, string>> = {
  'weights/part-2.bin': '2'.repeat(100_000),
  'weights/part-10.bin': '10',
  'README.md': 'a model',
  'näme.txt': 'not ASCII',
  'weights/.gitignore': 'counts: it does not lie at the top',
  empty: '',
  '.gitignore': 'does not count',
  '.git/config': 'does not count',
};

const picked = Object.entries(FILES).map(([path, text]) => ({ path, file: new Blob([text]) }));
const ignore = (): void => undefined;

describe('hashModel', () => {
  it('gives the digest that the command line gives of the same folder', async () => {
    const folder = join(await temporaryFolder(), 'model');
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const expected = await digestModel(folder);
    const { sha256, files, bytes, name } = await hashModel(
      { form: 'folder', name: 'model', files: picked },
      ignore,
    );
    expect({ sha256, files, bytes, name }).toEqual({
      sha256: expected.sha256,
      files: expected.files,
      bytes: expected.bytes,
      name: 'model',
    });
  });

  it('gives the digest of one file, and says how far it is', async () => {
    const path = join(await temporaryFolder(), 'model.bin');
    await writeFile(path, 'x'.repeat(300_000));
    const told: number[] = [];
    const file = new Blob(['x'.repeat(300_000)]);
    const { sha256 } = await hashModel(
      { form: 'file', name: 'model.bin', files: [{ path: 'model.bin', file }] },
      (done, total) => told.push(done / total),
    );
    expect(sha256).toBe((await digestModel(path)).sha256);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  });

  it('refuses a folder without files, and paths that lead out of it', async () => {
    const model = { form: 'folder', name: 'model' } as const;
    await expect(hashModel({ ...model, files: [] }, ignore)).rejects.toThrow('Expected a file');
    const files = [{ path: '../up', file: new Blob(['x']) }];
    await expect(hashModel({ ...model, files }, ignore)).rejects.toMatchObject({
      code: 'MODEL_MALFORMED',
    });
  });
});

describe('countingFiles', () => {
  it('leaves out what lies at the top and is not of the model', () => {
    expect(countingFiles(picked).map(({ path }) => path)).toHaveLength(6);
  });
});
