/** A thread that verifies signatures: claims in, one byte for each verdict out. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { fastestEngine } from './fastest-engine.ts';
import { type ClaimChunk, unpackClaims } from './verify-threads.ts';

/** A little behind the event loop, for which everybody waits; its own work comes in pieces of milliseconds. */
const NICENESS = 5;

const engine = fastestEngine();
giveWay();

parentPort?.on('message', (chunk: ClaimChunk) => {
  const verdicts = unpackClaims(chunk).map(({ publicKey, message, signature }) =>
    engine.verify(publicKey, message, signature) ? 1 : 0,
  );
  parentPort?.postMessage(Uint8Array.from(verdicts));
});

// Linux alone gives a thread a priority of its own, by its number.
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS);
  } catch {
    // Without /proc, or where it is not allowed: as fast, but answers come less evenly.
  }
}
