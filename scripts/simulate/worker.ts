/** A thread that runs simulations: one network after the other. */
import { parentPort } from 'node:worker_threads';
import { type Job, runJob } from './job.ts';

parentPort?.on('message', (job: Job) => {
  void runJob(job, (result) => parentPort?.postMessage(result)).then(() =>
    parentPort?.postMessage('done'),
  );
});
