/** Makes entries in a thread of its own, as many as it is asked for at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { packEntries } from '../../src/verifier/packed-verdicts.ts';
import { type EntryNumbers, type EntrySource, makeEntries } from './entries.ts';

const source = workerData as EntrySource;

parentPort?.on('message', (numbers: EntryNumbers) => {
  // In one piece, which changes hands and is not copied.
  const packed = packEntries(makeEntries(source, numbers));
  parentPort?.postMessage(packed, [packed.bytes.buffer]);
});
