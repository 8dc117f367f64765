import { createHash } from 'node:crypto';
import { mkdir, symlink } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestModel, manifestDigest } from '../../src/client/model-digest.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { parseShardProof } from '../../src/core/model/shard-proof.ts';
import { Stage } from './stage.ts';

describe('attestry digest', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.make();
    return () => stage.remove();
  });

  test('prints the SHA-256 of a file', async () => {
    const sha256 = createHash('sha256').update('the model').digest('hex');
    const stdout = await stage.do('digest', 'model.bin');
    expect(stdout).toBe(`model   model.bin (file, 9 bytes)\nsha256  ${sha256}\n`);
    expect(JSON.parse(await stage.do('digest', 'model.bin', '--json'))).toEqual({
      name: 'model.bin',
      form: 'file',
      bytes: 9,
      files: 1,
      sha256,
    });
  });

  test('prints root, manifest and shards of a folder', async () => {
    const model = await digestModel(stage.path('model'), { shardSize: 4 });
    const json = await stage.do('digest', 'model', '--name', 'v3', '--shard-size', '4', '--json');
    expect(JSON.parse(json)).toEqual({
      name: 'v3',
      form: 'folder',
      bytes: 17,
      files: 2,
      sha256: model.sha256,
      omsManifestSha256: manifestDigest(model, 'v3'),
      shards: {
        rfc6962Sha256: encodeHex(model.shards?.tree.root ?? new Uint8Array()),
        count: 5,
        shardSizeBytes: 4,
      },
    });
  });

  test('writes the proof of one shard', async () => {
    const proving = ['digest', 'model', '--shard-size', '4', '--prove', '4', '--out', 'proof.json'];
    const { stderr } = await stage.run(...proving);
    expect(stderr).toContain('weights.bin:8:10');
    const proof = parseShardProof(await stage.read('proof.json'));
    expect(proof).toMatchObject({ index: 4, count: 5, resource: { name: 'weights.bin:8:10' } });
    expect(await stage.run(...proving.with(5, '5'))).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('a shard from 0 to 4, got 5'),
    });
    expect((await stage.run('digest', 'model', '--prove', '0')).code).toBe(64);
  });

  test('leaves out what it is told to, and refuses links', async () => {
    await mkdir(stage.path('linked'));
    await stage.write('linked/a.bin', 'a');
    await symlink('a.bin', stage.path('linked/b.bin'));
    expect(await stage.run('digest', 'linked')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error MODEL_MALFORMED: .*symbolic link at "b\.bin"/),
    });
    await stage.do('digest', 'linked', '--ignore', 'b.bin');
    expect((await stage.run('digest', 'none')).stderr).toMatch(/^error FILE_UNREADABLE/);
  });
});
