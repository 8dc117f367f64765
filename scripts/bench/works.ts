/** The works that are measured. Each gives one figure; rates stand beside the machine's own rate of signature checks. */
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { parsePublicKey } from '../../src/core/note/ed25519.ts';
import { signInProcess, verifyInPool } from '../../src/keys/openssl-engine.ts';
import { fsck } from '../../src/log/fsck.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { connections, inParallel, post } from './load.ts';
import { ORIGIN, type Rig } from './rig.ts';

const MESSAGE_BYTES = 700;
const BATCH = 500;
const BATCH_CONNECTIONS = 4;
const SINGLE_CONNECTIONS = 64;

/** Ed25519 checks a second on all cores, of messages as long as a statement. */
export async function measureSignatureChecks(count: number): Promise<number> {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const seed = new Uint8Array(Buffer.from(String(jwk.d), 'base64url'));
  const publicKey = parsePublicKey(new Uint8Array(Buffer.from(String(jwk.x), 'base64url')));
  const message = new Uint8Array(MESSAGE_BYTES).fill(7);
  const signature = signInProcess(seed, message);
  return await rateOf(count, async () => {
    await Promise.all(
      Array.from({ length: count }, () => verifyInPool(publicKey, message, signature)),
    );
  });
}

/** Entries a second, in NDJSON requests of 500 on 4 connections, each answered with its committed receipt. */
export async function measureBatches(rig: Rig, entries: readonly Uint8Array[]): Promise<number> {
  const agent = connections(BATCH_CONNECTIONS);
  const bodies = Array.from({ length: Math.ceil(entries.length / BATCH) }, (_, i) =>
    Buffer.concat(
      entries.slice(i * BATCH, (i + 1) * BATCH).flatMap((entry) => [entry, Buffer.from('\n')]),
    ),
  );
  const jobs = bodies.map((body) => async () => {
    const answer = await post({
      url: `${rig.url}/v1/entries`,
      body,
      type: 'application/x-ndjson',
      agent,
    });
    const refused = answer.body.split('\n').find((line) => line.startsWith('{"error"'));
    if (answer.status !== 200 || refused !== undefined)
      throw new Error(`refused: ${refused ?? answer.body}`);
  });
  const rate = await rateOf(entries.length, () => inParallel(jobs, BATCH_CONNECTIONS));
  agent.destroy();
  return rate;
}

/** Entries a second, one a request on 64 connections, and the milliseconds of each. */
export async function measureSingles(
  rig: Rig,
  entries: readonly Uint8Array[],
  options: { readonly wait?: 'witnessed'; readonly width?: number } = {},
): Promise<{ rate: number; times: number[] }> {
  const width = options.width ?? SINGLE_CONNECTIONS;
  const agent = connections(width);
  const query = options.wait === undefined ? '' : `?wait=${options.wait}`;
  const jobs = entries.map((body) => async () => {
    const answer = await post({
      url: `${rig.url}/v1/entries${query}`,
      body,
      type: 'application/json',
      agent,
    });
    if (answer.status !== 201) throw new Error(`answered ${answer.status}: ${answer.body}`);
  });
  let times: number[] = [];
  const rate = await rateOf(entries.length, async () => {
    times = await inParallel(jobs, width);
  });
  agent.destroy();
  return { rate, times };
}

/** Entries a second of a full check of a stopped log: signatures, admission, hashes, tables, root. */
export async function measureAudit(rig: Rig): Promise<number> {
  const log = rig.trust.logs.get(ORIGIN);
  if (log === undefined) throw new RangeError('Expected the log in its own trust root.');
  const store = await openLevelLogStore(join(rig.data, 'db'));
  const headLock = await openHeadLock(join(rig.data, 'lock'));
  try {
    const now = Math.floor(Date.now() / 1000);
    const size = store.head()?.size ?? 0;
    return await rateOf(size, async () => {
      const report = await fsck({ store, headLock, trust: rig.trust, log, now });
      if (report.problems.length > 0) throw new Error(JSON.stringify(report.problems[0]));
    });
  } finally {
    await headLock.close();
    await store.close();
  }
}

/** The value below which a share of all values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return count / ((performance.now() - started) / 1000);
}
