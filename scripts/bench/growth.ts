/** A log as it grows: what it takes on disk and in memory, how fast it starts, reads and takes entries at a large size. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { hashesOnLevel } from '../../src/core/merkle/tile.ts';
import { admitStatement, openEntry } from '../../src/core/statement/admission.ts';
import { leafHashBySystem } from '../../src/keys/openssl-hash.ts';
import { openLog } from '../../src/log/log.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { makeEntries, ORIGIN } from './entries.ts';
import { percentile } from './figures.ts';
import type { Bench } from './submission.ts';

const PIECE = 1024;
const READ_CONNECTIONS = 4;
const READS_PER_SECOND = 200;

export interface Loaded {
  /** Entries a second through the sequencer alone: made, opened and admitted beforehand, signatures not checked. */
  readonly rate: number;
  /** Hashes of some of them. */
  readonly hashes: readonly string[];
}

/** Commits entries through the log's own sequencer, without HTTP; the log process is stopped. */
export async function loadEntries({ rig, generator }: Bench, count: number): Promise<Loaded> {
  const headLock = await openHeadLock(join(rig.data, 'lock'));
  const store = await openLevelLogStore(join(rig.data, 'db'));
  const { trust, signer, seed } = rig;
  const now = (): number => Math.floor(Date.now() / 1000);
  let fatal: unknown;
  const log = await openLog({
    signer,
    trust,
    store,
    headLock,
    witnesses: [],
    now,
    clockMs: () => performance.now(),
    onFatal: (error) => {
      fatal = error;
    },
  });
  const hashes: string[] = [];
  let milliseconds = 0;
  try {
    for (let done = 0; done < count; done += PIECE) {
      const piece = Math.min(PIECE, count - done);
      const admitted = makeEntries(seed, generator.skip(piece), piece).map((entry) =>
        admitStatement(openEntry(entry, trust, leafHashBySystem), {
          trust,
          origin: ORIGIN,
          now: now(),
        }),
      );
      const started = performance.now();
      await log.commitMany(admitted);
      milliseconds += performance.now() - started;
      hashes.push(encodeHex((admitted[0] as (typeof admitted)[number]).entryHash));
    }
  } finally {
    await log.close();
    await store.close();
    await headLock.close();
  }
  if (fatal !== undefined) throw fatal;
  return { rate: count / (milliseconds / 1000), hashes };
}

/** The 99th percentile of the milliseconds in which receipts and bundles are served. */
export async function measureReads(
  { rig, generator }: Bench,
  hashes: readonly string[],
  count: number,
): Promise<number> {
  const paths = Array.from({ length: count }, (_, i) => {
    const hash = hashes[Math.floor((i * hashes.length) / count)] as string;
    return `/v1/receipts/${hash}?state=committed`;
  });
  const sent = await generator.send({
    url: rig.url,
    connections: READ_CONNECTIONS,
    entries: 0,
    perSecond: READS_PER_SECOND,
    paths,
    sampleEvery: count,
  });
  if (sent.statuses['200'] !== count) throw new Error(`answered ${JSON.stringify(sent.statuses)}`);
  return percentile(sent.times, 0.99);
}

/** How many times the entries' own bytes and their tiles the database takes. */
export async function measureDisk(
  { rig }: Bench,
  entryBytes: number,
): Promise<{ factor: number; perEntry: number; size: number }> {
  const size = await readSize(rig.url);
  let hashes = 0;
  for (let level = 0; hashesOnLevel(level, size) > 0; level++) hashes += hashesOnLevel(level, size);
  const taken = await bytesOf(join(rig.data, 'db'));
  return { size, perEntry: taken / size, factor: taken / (size * entryBytes + hashes * 32) };
}

export interface ProcessState {
  readonly rssBytes: number;
  /** Since it was asked last. */
  readonly loopDelayP99Ms: number;
  readonly cpuSeconds: number;
}

/** What the log process says of itself. */
export async function readProcessState(url: string): Promise<ProcessState> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string): number => {
    const value = new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`Expected a metric ${name}.`);
    return Number(value);
  };
  return {
    rssBytes: read('process_resident_memory_bytes'),
    loopDelayP99Ms: read('nodejs_eventloop_lag_p99_seconds') * 1000,
    cpuSeconds: read('process_cpu_seconds_total'),
  };
}

export async function readSize(url: string): Promise<number> {
  const { size } = (await (await fetch(`${url}/v1/log`)).json()) as { size: number };
  return size;
}

async function bytesOf(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
