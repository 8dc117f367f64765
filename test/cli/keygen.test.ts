import { stat } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { parseVkey, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { keyIdOf } from '../../src/core/statement/dsse.ts';
import { readKeyFile } from '../../src/keys/key-file.ts';
import { attestry } from './command-line.ts';
import { CONTEXT_FLAGS, Stage } from './stage.ts';

const PASSPHRASE = 'correct horse battery staple';

describe('attestry keygen', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.make();
    return () => stage.remove();
  });

  const keygen = (type: string, out: string, ...more: readonly string[]): readonly string[] => [
    ...['keygen', '--type', type, '--name', `${type}.example`, '--out', out, ...more],
  ];

  test.each([
    ['log', SIGNATURE_TYPE.ed25519],
    ['witness', SIGNATURE_TYPE.cosignature],
    ['verifier', SIGNATURE_TYPE.cosignature],
  ])('makes a key of a %s and prints its verifier key', async (role, type) => {
    const json = await stage.do(...keygen(role, `${role}.key`, '--no-passphrase', '--json'));
    const made = JSON.parse(json) as { readonly vkey: string; readonly publicKey: string };
    const vkey = parseVkey(made.vkey);
    const key = await readKeyFile(stage.path(`${role}.key`));
    expect(vkey).toMatchObject({ name: `${role}.example`, type });
    expect(key.vkey).toEqual(vkey);
    expect(made.publicKey).toBe(encodeHex(key.publicKey));
  });

  test('prints public key and key id of an operator, and never the secret', async () => {
    const stdout = await stage.do(...keygen('operator', 'op.key', '--no-passphrase'));
    const { publicKey, seed } = await readKeyFile(stage.path('op.key'));
    expect(stdout).toContain(encodeHex(publicKey));
    expect(stdout).toContain(keyIdOf(publicKey));
    expect(stdout).not.toContain(encodeHex(seed));
    expect(stdout).not.toContain(Buffer.from(seed).toString('base64').slice(0, 20));
  });

  test('encrypts with a passphrase from a file or the environment, and state opens it', async () => {
    await stage.write('passphrase', `${PASSPHRASE}\n`);
    const { code, stdout } = await attestry(keygen('operator', 'locked.key', '--json'), {
      cwd: stage.folder,
      env: { ATTESTRY_PASSPHRASE: PASSPHRASE },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ encrypted: true });
    expect((await stat(stage.path('locked.key'))).mode & 0o777).toBe(0o600);
    const key = await readKeyFile(stage.path('locked.key'), { passphrase: PASSPHRASE });
    expect(key.name).toBe('operator.example');
    const state = [
      ...['state', 'revocation', '--subject', 'model.bin', '--reason', 'defective'],
      ...[...CONTEXT_FLAGS, '--key', 'locked.key'],
    ];
    await stage.do(...state, '--passphrase-file', 'passphrase');
    expect(await stage.run(...state)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('error PASSPHRASE_WRONG: '),
    });
  });

  test('leaves no key in the clear unless told to', async () => {
    expect(await stage.run(...keygen('log', 'clear.key'))).toMatchObject({ code: 64, stdout: '' });
    await expect(stat(stage.path('clear.key'))).rejects.toThrow();
  });

  test('never writes over a file, nor takes a name that no note can carry', async () => {
    const over = await stage.run(...keygen('log', 'operator.key', '--no-passphrase'));
    expect(over).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error FILE_UNREADABLE/),
    });
    const args = ['keygen', '--type', 'log', '--name', 'a b', '--out', 'x', '--no-passphrase'];
    const { code, stderr } = await stage.run(...args);
    expect(stderr).toMatch(/^error VKEY_MALFORMED/);
    expect(code).toBe(1);
  });
});
