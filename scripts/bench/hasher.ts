/** One core's hashing, in a thread of its own. */
import { workerData } from 'node:worker_threads';
import { type HashWork, hashTree } from './machine.ts';

hashTree(workerData as HashWork);
