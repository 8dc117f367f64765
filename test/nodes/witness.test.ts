import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatAddCheckpoint } from '../../src/core/note/add-checkpoint.ts';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import { appendSignatures, verifyCosignatures } from '../../src/core/note/cosignature.ts';
import { originHash } from '../../src/core/note/origin-hash.ts';
import { formatVkey, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { writeKeyFile } from '../../src/keys/key-file.ts';
import { makeSignedLog, type SignedLog, testSigner } from '../helpers/signed-log.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const program = fileURLToPath(new URL('../../dist/nodes/witness.js', import.meta.url));
const log = makeSignedLog('log.example/eu', 600);
const fork = makeSignedLog('log.example/eu', 600, 1);
const key = testSigner('witness.example/w1', SIGNATURE_TYPE.cosignature);

beforeAll(() => {
  // A real process runs compiled code; npm test builds it first.
  expect(existsSync(program), 'npm run build').toBe(true);
});

interface WitnessProcess {
  readonly child: ChildProcess;
  /** Where it listens; rejects with what it wrote to standard error if it ends before. */
  readonly url: Promise<string>;
  /** Exit code, and what it wrote to standard error. */
  readonly ended: Promise<{ code: number | null; err: string }>;
}

async function newFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeKeyFile(join(folder, 'key'), {
    name: key.vkey.name,
    type: key.vkey.type,
    seed: key.seed,
  });
  return folder;
}

function start(folder: string): WitnessProcess {
  const settings = ['--key', join(folder, 'key'), '--data', join(folder, 'data')];
  const logs = ['--logs', formatVkey(log.signer.vkey), '--log-level', 'warn'];
  const args = [program, ...settings, ...logs, '--requests-per-second', '0'];
  const env = { PATH: process.env['PATH'], ATTESTRY_EXIT_WITH_PARENT: '1' };
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, err }));
  const url = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, url: place } = JSON.parse(line);
      if (msg === 'listening') resolve(place);
    });
    void ended.then(() => reject(new Error(err)));
  });
  return { child, url, ended };
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** As a log asks: where the machine is so busy that the witness sheds load, once more. */
async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const response = await fetch(url, init);
    if (response.status !== 503) return response;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The answer to one add-checkpoint; undefined when the witness was gone before it had answered. */
async function submit(url: string, oldSize: number, size: number, from: SignedLog = log) {
  const proof = oldSize === 0 ? [] : from.tree.proof(oldSize, size);
  const body = formatAddCheckpoint({ oldSize, proof, checkpoint: from.checkpoint(size) });
  try {
    const response = await ask(`${url}/add-checkpoint`, { method: 'POST', body });
    return { status: response.status, body: await response.text() } satisfies Reply;
  } catch {
    return undefined;
  }
}

async function cosignedSize(url: string): Promise<number> {
  const response = await ask(`${url}/${originHash(log.origin)}/checkpoint`);
  const note = await response.text();
  return response.status === 404 ? 0 : parseCheckpoint(note).checkpoint.size;
}

/** Every root that the witness ever signed, by size. */
class SignedRoots {
  readonly bySize = new Map<number, Set<string>>();
  largest = 0;

  add(checkpoint: string, line: string): void {
    const {
      note,
      checkpoint: { size, root },
    } = parseCheckpoint(appendSignatures(checkpoint, [line]));
    expect(verifyCosignatures(note, { witnesses: [key.vkey] })).toHaveLength(1);
    const roots = this.bySize.get(size) ?? new Set();
    this.bySize.set(size, roots.add(encodeHex(root)));
    this.largest = Math.max(this.largest, size);
  }
}

/** Grows the log, and tries to grow its fork, until the witness is gone. Calls `cosigned` after each cosignature. */
async function load(url: string, signed: SignedRoots, cosigned: () => void): Promise<void> {
  let known = await cosignedSize(url).catch(() => 0);
  const grow = async (size: number, from: SignedLog): Promise<boolean> => {
    const reply = await submit(url, known, size, from);
    if (reply?.status === 409) known = Number(reply.body);
    if (reply?.status === 200) {
      signed.add(from.checkpoint(size), reply.body);
      known = size;
      cosigned();
    }
    return reply !== undefined;
  };
  for (let step = 1; ; step = (step % 3) + 1) {
    if (!(await grow(known + step, fork)) || !(await grow(known + step, log))) return;
  }
}

describe('nodes/witness', () => {
  it('never contradicts itself, nor forgets what it cosigned, across kill -9 under load', {
    timeout: 180_000,
  }, async () => {
    const folder = await newFolder();
    const signed = new SignedRoots();
    for (let round = 0; round < 6; round++) {
      const witness = start(folder);
      const url = await witness.url;
      expect(await cosignedSize(url)).toBeGreaterThanOrEqual(signed.largest);
      if (round > 0) {
        const size = await cosignedSize(url);
        expect(await submit(url, 0, size, fork)).toMatchObject({ status: 409, body: `${size}\n` });
        expect(await submit(url, size, size, fork)).toMatchObject({ status: 422 });
        expect(await submit(url, size, size + 5, fork)).toMatchObject({ status: 422 });
      } else {
        signed.add(log.checkpoint(1), (await submit(url, 0, 1))?.body ?? '');
      }
      let left = 3 + 7 * round;
      const loads = [1, 2, 3].map(() =>
        load(url, signed, () => {
          left -= 1;
          if (left === 0) witness.child.kill('SIGKILL');
        }),
      );
      await Promise.all(loads);
      await witness.ended;
    }
    expect(signed.largest).toBeGreaterThan(50);
    for (const [size, roots] of signed.bySize) {
      expect([size, [...roots]]).toEqual([size, [encodeHex(log.tree.root(size))]]);
    }
  });

  it('ends with 0 when told to stop, and goes on from there', async () => {
    const folder = await newFolder();
    const first = start(folder);
    expect(await submit(await first.url, 0, 5)).toMatchObject({ status: 200 });
    first.child.kill('SIGTERM');
    expect(await first.ended).toEqual({ code: 0, err: '' });
    const second = start(folder);
    expect(await cosignedSize(await second.url)).toBe(5);
  });

  it('does not start beside another process on the same folder', async () => {
    const folder = await newFolder();
    const first = start(folder);
    await first.url;
    const second = start(folder);
    await expect(second.url).rejects.toThrow('STORE_LOCKED');
    expect((await second.ended).code).toBe(1);
    expect(await submit(await first.url, 0, 5)).toMatchObject({ status: 200 });
  });

  it('does not start when its memory is damaged', async () => {
    const folder = await newFolder();
    const first = start(folder);
    await submit(await first.url, 0, 5);
    first.child.kill('SIGTERM');
    await first.ended;
    const heads = join(folder, 'data', 'heads');
    for (const name of await readdir(heads)) await writeFile(join(heads, name), Buffer.alloc(187));
    const second = start(folder);
    await expect(second.url).rejects.toThrow('HEAD_MALFORMED');
    expect((await second.ended).code).toBe(1);
  });
});
