/** A log under test with everything around it in memory: disk, lock, witnesses, clock; each may be damaged in between. */
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { OutsiderTrust } from '../../scripts/kill-cycles/outsider.ts';
import { formatVkey } from '../../src/core/note/vkey.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import type { LogLimits } from '../../src/log/limits.ts';
import { type Log, type LogOptions, openLog, type Submission } from '../../src/log/log.ts';
import type { WitnessPort } from '../../src/log/witness-port.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { MemoryDisk, openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { makeNetwork, type TestLog, type TestNetwork } from './fixtures.ts';
import { openLocalWitness } from './local-witness.ts';
import { type LockDisk, openMemoryHeadLock } from './memory-head-lock.ts';
import { quickEntry } from './quick-entry.ts';
import { NOW, sampleStatement } from './statements.ts';

/** Short times, so that a test that waits for the log does not wait long. */
const QUICK: Partial<LogLimits> = { refreshMs: 60_000, retryMs: 20 };

export interface OpenedLog {
  readonly log: Log;
  readonly store: LogStore;
  /** What the log was told to stop the process for. */
  readonly fatal: unknown[];
}

export class LogBed {
  readonly network: TestNetwork = makeNetwork({ regions: ['eu', 'us'] });
  disk = new MemoryDisk();
  lock: LockDisk = { head: undefined };
  witnesses: readonly WitnessPort[] = [];
  now: number = NOW;

  /** With four witnesses that do their work. */
  static async make(): Promise<LogBed> {
    const bed = new LogBed();
    bed.witnesses = await Promise.all(
      bed.network.witnesses.map((signer) =>
        openLocalWitness({ signer, logs: [bed.eu.signer.vkey], now: () => bed.now }),
      ),
    );
    return bed;
  }

  /** The log that the bed is for, as the trust root knows it. */
  get eu(): TestLog {
    return this.network.logs[0] as TestLog;
  }

  get outsiderTrust(): OutsiderTrust {
    const { witnesses, witnessQuorum } = this.network.file;
    return {
      log: formatVkey(this.eu.signer.vkey),
      witnesses: witnesses.map(({ key }) => key),
      quorum: witnessQuorum,
    };
  }

  /** Opens the log on what is on the disks now; it is closed when the test ends. */
  async open(options: Partial<LogOptions> = {}): Promise<OpenedLog> {
    const fatal: unknown[] = [];
    const store = options.store ?? openMemoryLogStore(this.disk);
    const closeStore = async (): Promise<void> => store.close();
    onTestFinished(closeStore);
    try {
      const log = await openLog({
        signer: this.eu.signer,
        trust: this.network.rules.trust,
        headLock: openMemoryHeadLock(this.lock),
        witnesses: this.witnesses,
        now: () => this.now,
        clockMs: () => performance.now(),
        onFatal: (error) => fatal.push(error),
        ...options,
        store,
        limits: { ...QUICK, ...options.limits },
      });
      onTestFinished(() => log.close());
      return { log, store, fatal };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Opens the log, runs `act`, and closes everything. */
  async run<T>(act: (opened: OpenedLog) => Promise<T>): Promise<T> {
    const opened = await this.open();
    try {
      return await act(opened);
    } finally {
      await opened.log.close();
      await opened.store.close();
    }
  }

  /** Number `index` of endless different entries by the log's operator. */
  entry(index: number): Uint8Array {
    const predicate = { deploymentId: `deployment-${index}` };
    return this.entryOf(sampleStatement('deployment', { context: this.eu.context, predicate }));
  }

  entryOf(statement: Statement): Uint8Array {
    return quickEntry(statement);
  }

  /** Submits entries as the lines of one request: opened side by side, committed in their order. */
  async submit(log: Log, entries: readonly Uint8Array[]): Promise<Submission[]> {
    const admitted = await Promise.all(entries.map((entry) => log.admit(entry)));
    return await Promise.all(admitted.map((entry) => log.commit(entry)));
  }

  /** Grows the log by `count` entries from number `from` on, in order, in one batch or few. */
  async grow(count: number, from = 0): Promise<void> {
    await this.run(async ({ log }) => {
      await this.submit(
        log,
        Array.from({ length: count }, (_, i) => this.entry(from + i)),
      );
      if (this.witnesses.length > 0) await log.waitForWitnesses(log.size - 1, 10_000);
    });
  }
}

/** What a backup of the disk holds. */
export function copyDisk(disk: MemoryDisk): MemoryDisk {
  const copy = new MemoryDisk();
  copy.head = disk.head;
  copy.unkept = disk.unkept;
  for (const [key, row] of disk.entries) copy.entries.set(key, row.slice());
  for (const [key, row] of disk.tiles) copy.tiles.set(key, row.slice());
  for (const [key, row] of disk.middles) copy.middles.set(key, row.slice());
  for (const [key, row] of disk.indexes) copy.indexes.set(key, row);
  for (const [key, row] of disk.streams) copy.streams.set(key, row);
  for (const state of ['committed', 'witnessed'] as const) {
    for (const [key, row] of disk.checkpoints[state]) copy.checkpoints[state].set(key, row);
  }
  return copy;
}

/** A hash over everything on the disk. */
export function fingerprint(disk: MemoryDisk): string {
  const hash = createHash('sha256').update(JSON.stringify([disk.head ?? null, disk.unkept]));
  for (const rows of [disk.entries, disk.tiles, disk.middles]) {
    for (const [key, row] of rows) hash.update(`${key} ${row.length} `).update(row);
  }
  const { committed, witnessed } = disk.checkpoints;
  for (const rows of [disk.indexes, disk.streams, committed, witnessed]) {
    hash.update(JSON.stringify([...rows]));
  }
  return hash.digest('hex');
}
