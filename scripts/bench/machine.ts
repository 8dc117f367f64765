/** The machine's own limits: what it can verify, hash and write at best. */
import { generateKeyPairSync, hash, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Level } from 'level';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { signInProcess, verifyInPool } from '../../src/keys/openssl-engine.ts';

const MESSAGE_BYTES = 700;
const VALUE_BYTES = 512;
const BATCH = 256;

/** Ed25519 checks a second on all cores, in libuv's pool, of messages as long as a statement. */
export async function measureSignatureChecks(count: number): Promise<number> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const message = new Uint8Array(MESSAGE_BYTES).fill(7);
  const signature = sign(null, message, privateKey);
  return await rateOf(count, async () => {
    const verdicts = Array.from(
      { length: count },
      () =>
        new Promise<boolean>((resolve, reject) => {
          verify(null, message, publicKey, signature, (error, holds) => {
            if (error === null) resolve(holds);
            else reject(error);
          });
        }),
    );
    if (!(await Promise.all(verdicts)).every(Boolean)) throw new Error('a good signature failed');
  });
}

/** The same checks as a log makes them: many in one message to a thread, by libsodium where the system has it. */
export async function measureThreadChecks(count: number): Promise<number> {
  const seed = new Uint8Array(32).fill(1);
  const message = new Uint8Array(MESSAGE_BYTES).fill(7);
  const claim = { publicKey: publicKeyOf(seed), message, signature: signInProcess(seed, message) };
  const claims = Array.from({ length: count }, () => claim);
  return await rateOf(count, async () => {
    if (!(await verifyInPool(claims)).every(Boolean)) throw new Error('a good signature failed');
  });
}

export interface HashWork {
  readonly count: number;
  readonly leafBytes: number;
}

/** Leaves a second on all cores, each hashed together with one node of the tree, as many as a tree has. */
export async function measureHashes({ count, leafBytes }: HashWork): Promise<number> {
  const program = new URL('./hasher.js', import.meta.url);
  const workerData = { count, leafBytes };
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(program, { workerData }),
  );
  const answered = (): Promise<unknown> =>
    Promise.all(workers.map((worker) => once(worker, 'message')));
  try {
    // To start a thread and to compile its code takes as long as a hundred thousand hashes.
    await answered();
    return await rateOf(count * workers.length, () => {
      for (const worker of workers) worker.postMessage('again');
      return answered();
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The work of one core, in the form of result that costs least. */
export function hashTree({ count, leafBytes }: HashWork): void {
  const leaf = new Uint8Array(leafBytes);
  const node = new Uint8Array(65);
  for (let i = 0; i < count; i++) {
    hash('sha256', leaf, 'binary');
    hash('sha256', node, 'binary');
  }
}

/** Rows of 512 bytes a second, in synced batches of 256. */
export async function measureSyncedWrites(batches: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'attestry-bench-'));
  const db = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await db.open();
  const value = new Uint8Array(VALUE_BYTES).fill(9);
  try {
    return await rateOf(batches * BATCH, async () => {
      for (let batch = 0; batch < batches; batch++) {
        const rows = Array.from({ length: BATCH }, (_, i) => {
          const key = new Uint8Array(8);
          new DataView(key.buffer).setUint32(4, batch * BATCH + i);
          return { type: 'put' as const, key, value };
        });
        await db.batch(rows, { sync: true });
      }
    });
  } finally {
    await db.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return count / ((performance.now() - started) / 1000);
}
