/** Simulations on every core. Which core has which seed changes nothing in any run. */
import { Worker } from 'node:worker_threads';
import type { Job, SeedResult } from './job.ts';

const PROGRAM = new URL('./worker.js', import.meta.url);

/** Runs all jobs on so many threads. */
export async function runJobs(
  jobs: readonly Job[],
  threads: number,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  const waiting = [...jobs];
  const count = Math.min(threads, jobs.length);
  await Promise.all(Array.from({ length: count }, () => work(waiting, onResult)));
}

function work(waiting: Job[], onResult: (result: SeedResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM);
    const next = (): void => {
      const job = waiting.shift();
      if (job !== undefined) worker.postMessage(job);
      else void worker.terminate().then(() => resolve(), reject);
    };
    worker.on('error', reject);
    worker.on('message', (message: SeedResult | 'done') => {
      if (message === 'done') next();
      else onResult(message);
    });
    next();
  });
}
