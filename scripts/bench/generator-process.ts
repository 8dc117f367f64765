/** The handle on the process that generates load. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { EntryNumbers, EntrySource } from './entries.ts';

export interface Load {
  readonly url: string;
  readonly connections: number;
  /** Entries to submit, of those that are made; 0 where `paths` are read. */
  readonly entries: number;
  /** More than one: as NDJSON. */
  readonly perRequest?: number;
  readonly wait?: 'witnessed';
  /** Requests a second, however fast they are answered; as fast as they are answered unless told. */
  readonly perSecond?: number;
  /** No request begins after so many seconds; what is not sent by then is dropped. */
  readonly seconds?: number;
  /** Paths to read. */
  readonly paths?: readonly string[];
  /** One answer in so many is handed back. */
  readonly sampleEvery: number;
}

/** Requests of one entry each, as many a second as are due, whether or not they are answered. */
export interface Flood {
  readonly url: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export type LoadOrder =
  | { readonly kind: 'make'; readonly source: EntrySource; readonly numbers: EntryNumbers }
  | { readonly kind: 'load'; readonly load: Load }
  | { readonly kind: 'flood'; readonly flood: Flood };

/** An entry that the log says it has. */
export interface AcceptedEntry {
  /** Hex. */
  readonly entryHash: string;
  readonly index: number;
}

export interface FloodReport {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests that were due while every connection waited for an answer; they were not sent. */
  readonly unsent: number;
  readonly accepted: readonly AcceptedEntry[];
  /** Milliseconds until each was answered. */
  readonly acceptedTimes: number[];
  readonly refusedTimes: number[];
  /** Of the refused: those with status 503 and a Retry-After. */
  readonly refusedAsAsked: number;
}

export interface LoadReport {
  readonly seconds: number;
  /** Processor time that the generator took itself. */
  readonly cpuSeconds: number;
  /** Milliseconds of each request. */
  readonly times: number[];
  readonly statuses: Readonly<Record<string, number>>;
  readonly samples: readonly string[];
  readonly refusals: readonly string[];
}

interface Answered {
  readonly report?: unknown;
  readonly error?: string;
}

export class Generator {
  readonly #child: ChildProcess;
  readonly #source: EntrySource;
  #made: number;
  #cpuSeconds = 0;
  #coreSeconds = 0;

  /** Of entries of this source, numbered from `from` on. */
  constructor(source: EntrySource, from = 0) {
    this.#source = source;
    this.#made = from;
    const program = fileURLToPath(new URL('./generator.js', import.meta.url));
    this.#child = fork(program, { serialization: 'advanced' });
  }

  /** Its share of all cores while it generated load. */
  get share(): number {
    return this.#cpuSeconds / this.#coreSeconds;
  }

  /** Makes as many new entries, to be sent later. */
  async make(count: number): Promise<void> {
    await this.#order({ kind: 'make', source: this.#source, numbers: { from: this.#made, count } });
    this.#made += count;
  }

  /** Numbers from `count` on are left free for whoever else makes entries. */
  skip(count: number): number {
    const from = this.#made;
    this.#made += count;
    return from;
  }

  async send(load: Load): Promise<LoadReport> {
    const report = (await this.#order({ kind: 'load', load })) as LoadReport;
    this.#cpuSeconds += report.cpuSeconds;
    this.#coreSeconds += report.seconds * availableParallelism();
    return report;
  }

  /** Offers made entries, refused ones again; its share is in the report alone. */
  async flood(flood: Flood): Promise<FloodReport> {
    return (await this.#order({ kind: 'flood', flood })) as FloodReport;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #order(order: LoadOrder): Promise<unknown> {
    const waiting = new AbortController();
    const { signal } = waiting;
    const answered = once(this.#child, 'message', { signal });
    const ended = once(this.#child, 'exit', { signal }).then(([code]) => {
      throw new Error(`The load generator ended with ${code}.`);
    });
    this.#child.send(order);
    try {
      const [{ report, error }] = (await Promise.race([answered, ended])) as [Answered];
      if (error !== undefined) throw new Error(error);
      return report;
    } finally {
      waiting.abort();
      await Promise.allSettled([answered, ended]);
    }
  }
}
