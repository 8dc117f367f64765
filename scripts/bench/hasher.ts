/** One core's hashing, in a thread of its own: once to warm up, and again whenever it is asked. */
import { parentPort, workerData } from 'node:worker_threads';
import { type HashWork, hashTree } from './machine.ts';

const work = workerData as HashWork;

function answer(): void {
  hashTree(work);
  parentPort?.postMessage('done');
}

parentPort?.on('message', answer);
answer();
