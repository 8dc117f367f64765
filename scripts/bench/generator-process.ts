/** The handle on the process that generates load. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

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
  /** Paths to read. */
  readonly paths?: readonly string[];
  /** One answer in so many is handed back. */
  readonly sampleEvery: number;
}

export type LoadOrder =
  | { readonly make: { seed: Uint8Array; from: number; count: number }; readonly load?: never }
  | { readonly make?: never; readonly load: Load };

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

export class Generator {
  readonly #child: ChildProcess;
  readonly #seed: Uint8Array;
  #made = 0;
  #cpuSeconds = 0;
  #coreSeconds = 0;

  /** Signs entries with the seed. */
  constructor(seed: Uint8Array) {
    this.#seed = seed;
    const program = fileURLToPath(new URL('./generator.js', import.meta.url));
    this.#child = fork(program, { serialization: 'advanced' });
  }

  /** Its share of all cores while it generated load. */
  get share(): number {
    return this.#cpuSeconds / this.#coreSeconds;
  }

  /** Makes as many new entries, to be sent later. */
  async make(count: number): Promise<void> {
    await this.#order({ make: { seed: this.#seed, from: this.#made, count } });
    this.#made += count;
  }

  /** Numbers from `count` on are left free for whoever else makes entries. */
  skip(count: number): number {
    const from = this.#made;
    this.#made += count;
    return from;
  }

  async send(load: Load): Promise<LoadReport> {
    const report = (await this.#order({ load })) as LoadReport;
    this.#cpuSeconds += report.cpuSeconds;
    this.#coreSeconds += report.seconds * availableParallelism();
    return report;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #order(order: LoadOrder): Promise<unknown> {
    const answered = once(this.#child, 'message');
    this.#child.send(order);
    const [{ report, error }] = (await answered) as [{ report?: unknown; error?: string }];
    if (error !== undefined) throw new Error(error);
    return report;
  }
}
