/** A thread of FsckThreads: steps of the log in, their reports out. The database is the process's own, opened once more. */
import { parentPort, workerData } from 'node:worker_threads';
import { AttestryError } from '../errors.ts';
import { verifyHere } from '../keys/fastest-engine.ts';
import { SHARED_DISK } from '../store/disk.ts';
import { openLevelLogStore } from '../store/level-log-store.ts';
import { checkStep } from './fsck-step.ts';
import type { StepAnswer, ThreadRules } from './fsck-threads.ts';
import type { ScrubStep } from './scrub.ts';

const { folder, ...rules } = workerData as ThreadRules;
const store = await openLevelLogStore(folder, SHARED_DISK);

parentPort?.on('message', async (step: ScrubStep | 'close') => {
  if (step === 'close') {
    await store.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(await answer(step));
});

async function answer(step: ScrubStep): Promise<StepAnswer> {
  const { start } = step;
  try {
    return { start, report: await checkStep({ ...rules, store, verifyMany: verifyHere }, step) };
  } catch (error) {
    // An error loses its class on the way to another thread.
    if (!(error instanceof AttestryError)) throw error;
    return { start, code: error.code, message: error.message };
  }
}
