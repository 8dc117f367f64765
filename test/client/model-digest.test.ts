import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, truncateSync } from 'node:fs';
import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  digestModel,
  type ModelDigest,
  manifestDigest,
  proveShard,
  subjectOf,
} from '../../src/client/model-digest.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { omsManifest, verifyShard } from '../../src/core/model/model-tree.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import { parseStatement } from '../../src/core/statement/statement.ts';
import { signedEntry } from '../helpers/fixtures.ts';
import { sampleStatement } from '../helpers/statements.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { readJson, sharedVectors } from '../helpers/vectors.ts';

type Content = Readonly<Record<string, string | Uint8Array>>;

async function folderOf(content: Content, name = 'model'): Promise<string> {
  const folder = join(await temporaryFolder(), name);
  await mkdir(folder);
  for (const [path, text] of Object.entries(content)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
const raw = (text: string): Uint8Array => createHash('sha256').update(text).digest();

describe('digestModel', () => {
  test('gives the SHA-256 of a file', async () => {
    const folder = await folderOf({ 'model.bin': 'abc' });
    const model = await digestModel(join(folder, 'model.bin'));
    expect(model).toMatchObject({ form: 'file', name: 'model.bin', bytes: 3 });
    expect(model.sha256).toBe(sha256('abc'));
    expect(subjectOf(model)).toEqual({ name: 'model.bin', digest: { sha256: sha256('abc') } });
  });

  test('gives the root of a folder over the digests of its files, in order of code points', async () => {
    const folder = await folderOf({ 'b.bin': 'b', 'a/z.bin': 'z', 'B.bin': 'B', 'a.bin': 'a' });
    const model = await digestModel(folder);
    expect(model.files.map(({ name }) => name)).toEqual(['B.bin', 'a.bin', 'a/z.bin', 'b.bin']);
    expect(model.sha256).toBe(sha256(raw('B'), raw('a'), raw('z'), raw('b')));
    expect(model).toMatchObject({ form: 'folder', name: 'model', bytes: 4 });
  });

  test('sorts by code points where UTF-16 would sort otherwise', async () => {
    const folder = await folderOf({ '\u{1f600}': '1', '\uffee': '2' });
    const { files } = await digestModel(folder);
    expect(files.map(({ name }) => name)).toEqual(['\uffee', '\u{1f600}']);
  });

  test('leaves out git at the top of the folder, and nowhere else', async () => {
    const folder = await folderOf({
      'a.bin': 'a',
      '.gitignore': 'x',
      '.gitattributes': 'x',
      '.git/HEAD': 'x',
      '.github/x.yml': 'x',
      'sub/.gitignore': 's',
      '.gitmodules': 'm',
    });
    const { files } = await digestModel(folder);
    expect(files.map(({ name }) => name)).toEqual(['.gitmodules', 'a.bin', 'sub/.gitignore']);
  });

  test('leaves out what it is told to: exact paths, and what is below them', async () => {
    const folder = await folderOf({ 'a.bin': 'a', 'cache/x': 'x', 'sub/cache': 'y', caches: 'z' });
    const { files } = await digestModel(folder, { ignorePaths: ['cache'] });
    expect(files.map(({ name }) => name)).toEqual(['a.bin', 'caches', 'sub/cache']);
  });

  test.each(['*.bin', 'a?', '/abs', '../x', 'a/../b', ''])('refuses to ignore %j', async (path) => {
    const folder = await folderOf({ 'a.bin': 'a' });
    expect(await codeOf(() => digestModel(folder, { ignorePaths: [path] }))).toBe('CONFIG_INVALID');
  });

  test('counts files without bytes', async () => {
    const folder = await folderOf({ 'a.bin': 'a', 'empty.py': '' });
    expect((await digestModel(folder)).sha256).toBe(sha256(raw('a'), raw('')));
    const empty = await folderOf({ 'empty.bin': '' });
    expect((await digestModel(join(empty, 'empty.bin'))).sha256).toBe(sha256(''));
  });

  test('refuses a folder without files', async () => {
    expect(await codeOf(() => folderOf({}).then(digestModel))).toBe('MODEL_MALFORMED');
    expect(await codeOf(() => folderOf({ '.git/HEAD': 'x' }).then(digestModel))).toBe(
      'MODEL_MALFORMED',
    );
  });

  test('refuses symbolic links within a folder, also to nowhere', async () => {
    for (const target of ['a.bin', '/etc/passwd', 'nowhere', '.']) {
      const folder = await folderOf({ 'a.bin': 'a' });
      await symlink(target, join(folder, 'link'));
      expect(await codeOf(() => digestModel(folder)), target).toBe('MODEL_MALFORMED');
    }
  });

  test('follows a symbolic link that is named itself', async () => {
    const folder = await folderOf({ 'a.bin': 'a' });
    await symlink(folder, `${folder}-latest`);
    expect((await digestModel(`${folder}-latest`)).sha256).toBe(sha256(raw('a')));
  });

  test.skipIf(process.platform === 'win32')('refuses a pipe, without waiting for it', async () => {
    const folder = await folderOf({ 'a.bin': 'a' });
    execFileSync('bash', ['-c', 'mkfifo pipe'], { cwd: folder });
    expect(await codeOf(() => digestModel(folder))).toBe('MODEL_MALFORMED');
    expect(await codeOf(() => digestModel(join(folder, 'pipe')))).toBe('MODEL_MALFORMED');
  });

  test.skipIf(process.platform !== 'linux')('refuses file names that are not UTF-8', async () => {
    const folder = await folderOf({ 'a.bin': 'a' });
    const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff])]);
    await writeFile(name, 'x');
    expect(await codeOf(() => digestModel(folder))).toBe('MODEL_MALFORMED');
  });

  test('says so when there is nothing', async () => {
    const folder = await folderOf({ 'a.bin': 'a' });
    expect(await codeOf(() => digestModel(join(folder, 'none')))).toBe('FILE_UNREADABLE');
  });

  test('refuses a file that changes while it is read', async () => {
    for (const change of [
      (path: string) => appendFileSync(path, 'x'),
      (path: string) => truncateSync(path, 1_500_000),
    ]) {
      const path = join(await folderOf({ a: new Uint8Array(3_000_000) }), 'a');
      const onProgress = (): void => change(path);
      expect(await codeOf(() => digestModel(path, { onProgress }))).toBe('FILE_UNREADABLE');
    }
  });

  test('tells how far it has come', async () => {
    const folder = await folderOf({ a: new Uint8Array(3_000_000), b: 'b' });
    const told: number[] = [];
    await digestModel(folder, { onProgress: (done, total) => told.push(done / total) });
    expect(told.length).toBeGreaterThan(2);
    expect(told.toSorted((x, y) => x - y)).toEqual(told);
    expect(told.at(-1)).toBe(1);
  });
});

describe('manifestDigest', () => {
  test('commits to file names, which the root does not', async () => {
    const one = await digestModel(await folderOf({ 'a.bin': 'x', 'b.bin': 'y' }));
    const other = await digestModel(await folderOf({ 'a.bin': 'x', 'c.bin': 'y' }));
    expect(other.sha256).toBe(one.sha256);
    expect(manifestDigest(other)).not.toBe(manifestDigest(one));
  });

  test('is of the canonical manifest under the name that is given', async () => {
    const folder = await folderOf({ 'a.bin': 'x' });
    const model = await digestModel(folder);
    const moved = join(folder, '..', 'elsewhere');
    await rename(folder, moved);
    const elsewhere = await digestModel(moved);
    expect(manifestDigest(elsewhere)).not.toBe(manifestDigest(model));
    expect(manifestDigest(elsewhere, 'model')).toBe(manifestDigest(model));
    const manifest = omsManifest({ name: 'model', resources: model.files, method: 'files' });
    expect(manifestDigest(model)).toBe(sha256(manifest));
    expect(subjectOf(model).digest.omsManifestSha256).toBe(sha256(manifest));
  });
});

describe('shards', () => {
  const CONTENT = { 'a.bin': '0123456789', 'b/c.bin': 'abcd', 'empty.bin': '' };

  test('are ranges of files in order of their names, with a root over all of them', async () => {
    const model = await digestModel(await folderOf(CONTENT), { shardSize: 4 });
    expect(model.shards?.resources).toEqual([
      { name: 'a.bin:0:4', digest: sha256('0123') },
      { name: 'a.bin:4:8', digest: sha256('4567') },
      { name: 'a.bin:8:10', digest: sha256('89') },
      { name: 'b/c.bin:0:4', digest: sha256('abcd') },
    ]);
    const root = encodeHex(model.shards?.tree.root ?? new Uint8Array());
    expect(subjectOf(model).annotations).toEqual({
      shards: { count: 4, rfc6962Sha256: root, shardSizeBytes: 4 },
    });
  });

  test('change nothing about the digest of the whole', async () => {
    const folder = await folderOf(CONTENT);
    const whole = await digestModel(folder);
    for (const shardSize of [1, 3, 10, 1000]) {
      expect((await digestModel(folder, { shardSize })).sha256).toBe(whole.sha256);
    }
  });

  test('are proven one by one', async () => {
    for (const shardSize of [1, 3, 4, 1000]) {
      const model = await digestModel(await folderOf(CONTENT), { shardSize });
      const tree = model.shards?.tree;
      for (let index = 0; index < (tree?.size ?? 0); index++) {
        const proof = proveShard(model, index);
        const claim = { ...proof, root: tree?.root ?? new Uint8Array() };
        expect(verifyShard(claim)).toEqual(proof.resource);
      }
    }
  });

  test('have no proof beyond their count', async () => {
    const model = await digestModel(await folderOf(CONTENT), { shardSize: 4 });
    for (const index of [4, -1, 0.5]) {
      expect(await codeOf(() => proveShard(model, index))).toBe('CONFIG_INVALID');
    }
  });

  test('are refused where there would be none, or too many', async () => {
    const folder = await folderOf({ 'a.bin': new Uint8Array(2_000_000), 'empty.bin': '' });
    expect(await codeOf(() => digestModel(folder, { shardSize: 1 }))).toBe('CONFIG_INVALID');
    expect(await codeOf(() => digestModel(folder, { shardSize: 0 }))).toBe('CONFIG_INVALID');
    const empty = join(folder, 'empty.bin');
    expect(await codeOf(() => digestModel(empty, { shardSize: 4 }))).toBe('MODEL_MALFORMED');
  });

  test('fit into a statement', async () => {
    const model = await digestModel(await folderOf(CONTENT), { shardSize: 4 });
    const statement = sampleStatement('deployment', { subject: [subjectOf(model)] });
    const { payload } = parseEnvelope(signedEntry(statement).entry);
    expect(parseStatement(payload).subject).toEqual([subjectOf(model)]);
  });
});

const OMS_TYPE = 'https://model_signing/signature/v1.0';

interface Bundle {
  readonly dsseEnvelope: { readonly payload: string };
}

interface SignedManifest {
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: {
    readonly resources: readonly { readonly name: string; readonly digest: string }[];
  };
}

function manifestIn(file: string): SignedManifest {
  const { payload } = readJson<Bundle>(file).dsseEnvelope;
  return JSON.parse(Buffer.from(payload, 'base64').toString()) as SignedManifest;
}

describe('published bundles of OpenSSF Model Signing', () => {
  const bundles = sharedVectors('../samples/model-transparency/bundles') ?? '';
  const specification = sharedVectors('../samples/oms-spec/test-vectors/v1.0/valid') ?? '';

  async function digestBundle(folder: string): Promise<ModelDigest> {
    // The signature itself, and a file that is left unsigned on purpose.
    const unsigned = ['model.sig', 'ignore-me'].filter((path) => existsSync(join(folder, path)));
    return digestModel(folder, { ignorePaths: unsigned });
  }

  /** The folders whose bundle has a root; version 0.2.0 had none. */
  async function signedFolders(): Promise<readonly string[]> {
    const names = (await readdir(bundles)).filter((name) => name.startsWith('v'));
    return names
      .map((name) => join(bundles, name))
      .filter((folder) => manifestIn(join(folder, 'model.sig')).predicateType === OMS_TYPE);
  }

  test.skipIf(bundles === '')('give the roots of their model files', async () => {
    const folders = await signedFolders();
    for (const folder of folders) {
      const { subject, predicate } = manifestIn(join(folder, 'model.sig'));
      const model = await digestBundle(folder);
      expect(model.sha256, folder).toBe(subject[0]?.digest.sha256);
      // Of a single file, version 0.3.1 wrote the name ".".
      const signed = predicate.resources.filter(({ name }) => name !== '.');
      const files = signed.length === 0 ? [] : model.files;
      expect(files, folder).toEqual(signed.map(({ name, digest }) => ({ name, digest })));
    }
    expect(folders.length).toBeGreaterThanOrEqual(11);
  });

  test.skipIf(specification === '')('of the specification are about the same files', async () => {
    const models = await Promise.all((await signedFolders()).map(digestBundle));
    for (const name of ['key', 'certificate', 'sigstore']) {
      const { subject, predicate } = manifestIn(join(specification, `${name}.bundle.json`));
      const model = models.find(({ sha256: root }) => root === subject[0]?.digest.sha256);
      const signed = predicate.resources.map(({ name: path, digest }) => ({ name: path, digest }));
      expect(model?.files, name).toEqual(signed);
    }
  });

  test.skipIf(bundles === '')('find a file that was not signed', async () => {
    const folder = join(bundles, 'v1.1.0-certificate');
    const { subject } = manifestIn(join(folder, 'model.sig'));
    const model = await digestModel(folder, { ignorePaths: ['model.sig'] });
    expect(model.sha256).not.toBe(subject[0]?.digest.sha256);
  });
});
