/** Makes entries in a thread of its own, as many as it is asked for at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { type EntryNumbers, type EntrySource, makeEntries } from './entries.ts';

const source = workerData as EntrySource;

parentPort?.on('message', (numbers: EntryNumbers) => {
  const entries = makeEntries(source, numbers);
  const lengths = entries.map(({ length }) => length);
  // In one piece, which changes hands and is not copied.
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const entry of entries) {
    bytes.set(entry, at);
    at += entry.length;
  }
  parentPort?.postMessage({ bytes, lengths }, [bytes.buffer]);
});
