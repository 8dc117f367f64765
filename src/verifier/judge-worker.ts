/** The thread of a JudgeThread: one file in, its report out. */
import { parentPort, workerData } from 'node:worker_threads';
import { judge } from '../core/report/judge.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { opensslEngine } from '../keys/openssl-engine.ts';
import { systemHashes } from '../keys/openssl-hash.ts';
import type { JudgeRequest } from './judge-thread.ts';

const trust = workerData as TrustRoot;

parentPort?.on('message', ({ bytes, now }: JudgeRequest) => {
  const rules = { trust, now, engine: opensslEngine, hashes: systemHashes };
  parentPort?.postMessage(judge(bytes, rules));
});
