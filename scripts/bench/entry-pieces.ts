/** Entries made in another thread while those before are committed: both cores work. */
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EntrySource } from './entries.ts';

/** As many as a log takes into one commit. */
const PIECE = 1024;
const PIECES_AHEAD = 4;

interface MadePiece {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

/** The entries with the numbers [from, to), piece by piece. */
export async function* entryPieces(
  source: EntrySource,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array[]> {
  const worker = new Worker(new URL('./entry-thread.js', import.meta.url), { workerData: source });
  const made = on(worker, 'message') as AsyncIterableIterator<[MadePiece]>;
  let asked = from;
  const ask = (): void => {
    if (asked >= to) return;
    const count = Math.min(PIECE, to - asked);
    worker.postMessage({ from: asked, count });
    asked += count;
  };
  for (let i = 0; i < PIECES_AHEAD; i++) ask();
  try {
    for (let got = from; got < to; got += PIECE) {
      const next = await made.next();
      ask();
      yield split((next.value as [MadePiece])[0]);
    }
  } finally {
    await made.return?.();
    await worker.terminate();
  }
}

function split({ bytes, lengths }: MadePiece): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return bytes.slice(at - length, at);
  });
}
