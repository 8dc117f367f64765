import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { formatVkey, makeVkey } from '../../src/core/note/vkey.ts';
import { AttestryError } from '../../src/errors.ts';
import { readKeyFile, type SecretKey, writeKeyFile } from '../../src/keys/key-file.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const KEY: SecretKey = { name: 'eu.example.org/log', type: 1, seed: SEED };
// The cheapest scrypt there is: these tests are about files, not about guessing passphrases.
const LOCKED = { passphrase: 'correct horse battery staple', scryptLogN: 1 };

async function newPath(): Promise<string> {
  return join(await temporaryFolder(), 'key');
}

async function written(key: SecretKey = KEY, options = {}): Promise<string> {
  const path = await newPath();
  await writeKeyFile(path, key, options);
  return path;
}

async function fileOf(text: string | Uint8Array): Promise<string> {
  const path = await newPath();
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

describe('writeKeyFile', () => {
  test('writes a file that its owner alone may read, whatever the umask', async () => {
    const umask = process.umask(0);
    onTestFinished(() => {
      process.umask(umask);
    });
    expect((await stat(await written())).mode & 0o777).toBe(0o600);
    expect((await stat(await written(KEY, LOCKED))).mode & 0o777).toBe(0o600);
  });

  test('never writes over a file', async () => {
    const path = await written();
    const other = { ...KEY, name: 'other' };
    expect(await codeOf(() => writeKeyFile(path, other))).toBe('FILE_UNREADABLE');
    expect((await readKeyFile(path)).name).toBe(KEY.name);
  });

  test('fails where there is no folder', async () => {
    const path = join(await newPath(), 'below');
    expect(await codeOf(() => writeKeyFile(path, KEY))).toBe('FILE_UNREADABLE');
  });

  test('writes nothing of the key into an encrypted file', async () => {
    const text = await readFile(await written(KEY, LOCKED), 'utf8');
    expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    expect(text).not.toContain(KEY.name);
    expect(text).not.toContain('PRIVATE');
  });

  test('refuses an empty passphrase, a bad name and a short seed, and makes no file', async () => {
    const path = await newPath();
    expect(await codeOf(() => writeKeyFile(path, KEY, { passphrase: '' }))).toBe('CONFIG_INVALID');
    expect(await codeOf(() => writeKeyFile(path, { ...KEY, name: 'a b' }))).toBe('VKEY_MALFORMED');
    const short = { ...KEY, seed: SEED.subarray(1) };
    await expect(writeKeyFile(path, short)).rejects.toThrow(RangeError);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });
});

describe('readKeyFile', () => {
  test('gives back the key, with what it signs for', async () => {
    const opened = await readKeyFile(await written());
    const publicKey = publicKeyOf(SEED);
    expect(opened).toEqual({ ...KEY, publicKey, vkey: makeVkey(KEY.name, 1, publicKey) });
  });

  test('gives back any key, in the clear and encrypted', async () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const names = fc.stringMatching(/^[a-z0-9é./-]{1,40}$/);
    await fc.assert(
      fc.asyncProperty(seeds, names, fc.constantFrom(1, 4), async (seed, name, type) => {
        const key = { name, type, seed } as const;
        for (const options of [{}, LOCKED]) {
          const opened = await readKeyFile(await written(key, options), options);
          expect(opened).toMatchObject(key);
        }
      }),
      { numRuns: 10 },
    );
  });

  test("reads the signer key in the documentation of Go's note package", async () => {
    const line = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
    const { vkey } = await readKeyFile(await fileOf(line));
    expect(formatVkey(vkey)).toBe(
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    );
  });

  test.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777])(
    'refuses a file of mode %o',
    async (mode) => {
      const path = await written();
      await chmod(path, mode);
      expect(await codeOf(() => readKeyFile(path))).toBe('KEY_FILE_EXPOSED');
    },
  );

  test('reads a file that even its owner may only read', async () => {
    const path = await written();
    await chmod(path, 0o400);
    expect((await readKeyFile(path)).seed).toEqual(SEED);
  });

  test('refuses a wrong passphrase, and none where one is needed', async () => {
    const path = await written(KEY, LOCKED);
    for (const options of [{ passphrase: 'wrong' }, { passphrase: '' }, {}]) {
      expect(await codeOf(() => readKeyFile(path, options))).toBe('PASSPHRASE_WRONG');
    }
  });

  test('does not ask for the passphrase of a file in the clear', async () => {
    expect((await readKeyFile(await written(), { passphrase: 'any' })).seed).toEqual(SEED);
  });

  test('fails where there is no file, or a folder', async () => {
    const path = await newPath();
    expect(await codeOf(() => readKeyFile(path))).toBe('FILE_UNREADABLE');
    await mkdir(path);
    expect(await codeOf(() => readKeyFile(path))).toBe('FILE_UNREADABLE');
  });

  test('refuses every change of one character of a file in the clear', async () => {
    const path = await written();
    const text = await readFile(path, 'utf8');
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'b' ? 'c' : 'b';
      await writeFile(path, text.slice(0, at) + other + text.slice(at + 1));
      expect(await codeOf(() => readKeyFile(path)), `at ${at}`).toBe('KEY_FILE_MALFORMED');
    }
  });

  test('never gives another key out of a damaged encrypted file', async () => {
    const path = await written(KEY, LOCKED);
    const text = await readFile(path, 'utf8');
    const codes = new Set<string>();
    for (let at = ARMOR_LENGTH; at < text.length - ARMOR_LENGTH; at += 3) {
      const other = text[at] === 'b' ? 'c' : 'b';
      await writeFile(path, text.slice(0, at) + other + text.slice(at + 1));
      codes.add(await codeOf(() => readKeyFile(path, LOCKED)));
    }
    expect([...codes].sort()).toEqual(['KEY_FILE_MALFORMED', 'PASSPHRASE_WRONG']);
  });

  const line = `PRIVATE+KEY+log+${encodeHex(makeVkey('log', 1, publicKeyOf(SEED)).keyId)}+`;
  const secret = Buffer.from([1, ...SEED]).toString('base64');
  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['a verifier key', formatVkey(makeVkey('log', 1, publicKeyOf(SEED)))],
    ['two lines', `${line}${secret}\n${line}${secret}\n`],
    ['a carriage return', `${line}${secret}\r\n`],
    ['a space before it', ` ${line}${secret}\n`],
    ['no padding where it is due', `${line}${secret}AA\n`],
    ['another alphabet', `${line}${secret.replace(/[+/]/g, '_')}_===\n`],
    ['a short seed', `${line}${Buffer.from([1, ...SEED.subarray(1)]).toString('base64')}\n`],
    ['an unknown type', `${line}${Buffer.from([6, ...SEED]).toString('base64')}\n`],
    [
      'another type than the key ID says',
      `${line}${Buffer.from([4, ...SEED]).toString('base64')}\n`,
    ],
    ['a name that no note can carry', `${line.replace('log', 'l\u00a0g')}${secret}\n`],
    ['a file that is no text', new Uint8Array([0xff, 0xfe])],
    ['a file that is too long', 'P'.repeat(9000)],
    [
      'armor around nothing',
      '-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----\n',
    ],
  ])('refuses %s', async (_, text) => {
    const path = await fileOf(text);
    expect(await codeOf(() => readKeyFile(path, LOCKED))).toBe('KEY_FILE_MALFORMED');
  });

  test('says nothing of the secret in its errors', async () => {
    const path = await fileOf(`${line}${secret.slice(0, -4)}\n`);
    const error = await readKeyFile(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AttestryError);
    const said = JSON.stringify([
      String(error),
      (error as AttestryError).details,
      String((error as AttestryError).cause),
    ]);
    expect(said).not.toContain(secret.slice(0, 8));
  });
});

const ARMOR_LENGTH = '-----BEGIN AGE ENCRYPTED FILE-----\n'.length;
