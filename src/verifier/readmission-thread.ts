/** A thread of ReadmissionThreads: the entries of a bundle in, what admission says of each out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { verifyHere } from '../keys/fastest-engine.ts';
import { packVerdicts, unpackEntries } from './packed-verdicts.ts';
import { judgeEntries } from './readmission.ts';
import type { ReadmissionRequest } from './readmission-threads.ts';

const trust = workerData as TrustRoot;

parentPort?.on('message', async ({ entries, place }: ReadmissionRequest) => {
  const rules = { trust, verifyMany: verifyHere, ...place };
  parentPort?.postMessage(packVerdicts(await judgeEntries(unpackEntries(entries), rules)));
});
