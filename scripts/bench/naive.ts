/** Measuring the ledger that one would write by hand. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { concatBytes } from '../../src/core/bytes/equal.ts';
import { decodeHex, encodeHex } from '../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import type { Generator } from './generator-process.ts';

const SPKI_PREFIX = decodeHex('302a300506032b6570032100');
const CONNECTIONS = 64;

export interface NaiveOptions {
  readonly folder: string;
  readonly seed: Uint8Array;
  readonly generator: Generator;
  readonly entries: number;
}

/** Its entries a second, from an empty one on: the more it holds, the slower it is. */
export async function measureNaiveLedger(options: NaiveOptions): Promise<number> {
  const { folder, seed, generator, entries } = options;
  const spki = encodeHex(concatBytes(SPKI_PREFIX, publicKeyOf(seed)));
  const program = fileURLToPath(new URL('./naive-ledger.js', import.meta.url));
  const child = fork(program, [join(folder, `naive-${Date.now()}`), spki]);
  try {
    const [port] = (await once(child, 'message')) as [number];
    await generator.make(entries);
    const url = `http://127.0.0.1:${port}`;
    const sent = await generator.send({
      url,
      entries,
      connections: CONNECTIONS,
      sampleEvery: entries,
    });
    if (sent.statuses['201'] !== entries) throw new Error(`refused: ${sent.refusals[0]}`);
    return entries / sent.seconds;
  } finally {
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
  }
}
