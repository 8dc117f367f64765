/** A thread that verifies signatures: claims in, one byte for each verdict out. */
import { parentPort } from 'node:worker_threads';
import { fastestEngine } from './fastest-engine.ts';
import { type ClaimChunk, unpackClaims } from './verify-threads.ts';

const engine = fastestEngine();

parentPort?.on('message', (chunk: ClaimChunk) => {
  const verdicts = unpackClaims(chunk).map(({ publicKey, message, signature }) =>
    engine.verify(publicKey, message, signature) ? 1 : 0,
  );
  parentPort?.postMessage(Uint8Array.from(verdicts));
});
