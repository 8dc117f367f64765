/**
 * Entries judged in threads of their own, one bundle in a message: opening an entry, its signature and its statement cost
 * many times as much as all that the verifier's own thread does with it. What they send back is packed, and most of what
 * judging makes never leaves the thread.
 */
import { Worker } from 'node:worker_threads';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import {
  type PackedEntries,
  type PackedVerdicts,
  packEntries,
  unpackVerdicts,
} from './packed-verdicts.ts';
import type { EntriesPlace, JudgedEntry } from './readmission.ts';

export interface ReadmissionThreadsOptions {
  /** The compiled readmission-thread.ts. */
  readonly program: URL;
  readonly trust: TrustRoot;
  readonly count: number;
}

/** What a thread is asked; it answers with PackedVerdicts, one after the other in the order in which it was asked. */
export interface ReadmissionRequest {
  readonly entries: PackedEntries;
  readonly place: EntriesPlace;
}

interface Waiting {
  readonly resolve: (verdicts: PackedVerdicts) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** In the order in which they were asked. */
  readonly waiting: Waiting[];
}

export class ReadmissionThreads {
  readonly #options: ReadmissionThreadsOptions;
  readonly #threads: Thread[] = [];

  constructor(options: ReadmissionThreadsOptions) {
    this.#options = options;
  }

  /** What `judgeEntries` says of them. @throws INTERNAL when the thread ends over them; the next ones get a new thread */
  async judge(
    entries: readonly Uint8Array[],
    place: EntriesPlace,
  ): Promise<readonly JudgedEntry[]> {
    const { worker, waiting } = this.#leastBusy();
    const packed = packEntries(entries);
    const verdicts = await new Promise<PackedVerdicts>((resolve, reject) => {
      waiting.push({ resolve, reject });
      const request: ReadmissionRequest = { entries: packed, place };
      worker.postMessage(request, [packed.bytes.buffer]);
    });
    return unpackVerdicts(entries, verdicts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  /** Started when they are asked for the first time. */
  #leastBusy(): Thread {
    while (this.#threads.length < this.#options.count) this.#threads.push(this.#start());
    return this.#threads.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
  }

  #start(): Thread {
    const { program, trust } = this.#options;
    const worker = new Worker(program, { workerData: trust });
    const thread: Thread = { worker, waiting: [] };
    worker.on('message', (verdicts: PackedVerdicts) => thread.waiting.shift()?.resolve(verdicts));
    worker.on('error', (error) => this.#lose(thread, error));
    worker.on('exit', (code) => this.#lose(thread, new Error(`the thread ended with ${code}`)));
    return thread;
  }

  #lose(thread: Thread, cause: unknown): void {
    const at = this.#threads.indexOf(thread);
    if (at >= 0) this.#threads.splice(at, 1);
    const failure = new AttestryError('INTERNAL', 'Entries could not be judged.', { cause });
    for (const { reject } of thread.waiting.splice(0)) reject(failure);
  }
}
