/**
 * What a process holds in memory, as Linux counts it: its own, which the system cannot take back while it runs, and what is
 * resident in all. The difference is the program and the database files that are mapped: a part of the disk's cache, which
 * grows with the log and goes where memory is wanted.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const SAMPLE_MS = 100;
const KIB_PER_MIB = 1024;

export interface PeakMemory {
  /** NaN where there is no Linux to ask. */
  readonly ownMiB: number;
  readonly residentMiB: number;
}

/** Watches a process from now on. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #watching: Promise<void>;
  #ownMiB = Number.NaN;
  #residentMiB = Number.NaN;
  readonly #ownEach: number[] = [];
  #stopped = false;

  constructor(pid: number) {
    this.#pid = pid;
    this.#watching = this.#watch();
  }

  /** The peaks; watches no longer. */
  async stop(): Promise<PeakMemory> {
    this.#stopped = true;
    await this.#watching;
    return { ownMiB: this.#ownMiB, residentMiB: this.#residentMiB };
  }

  /** The peak of the second half of what was watched so far, against the peak of the first. */
  get growth(): number {
    const middle = Math.floor(this.#ownEach.length / 2);
    return Math.max(...this.#ownEach.slice(middle)) / Math.max(...this.#ownEach.slice(0, middle));
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const status = await readFile(`/proc/${this.#pid}/status`, 'utf8').catch(() => '');
      const own = mebibytes(status, 'RssAnon');
      this.#ownEach.push(own);
      if (!(own <= this.#ownMiB)) this.#ownMiB = own;
      this.#residentMiB = mebibytes(status, 'VmHWM');
      await sleep(SAMPLE_MS);
    }
  }
}

function mebibytes(status: string, field: string): number {
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return kibibytes === undefined ? Number.NaN : Number(kibibytes) / KIB_PER_MIB;
}
