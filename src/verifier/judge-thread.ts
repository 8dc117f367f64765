/** Judging in a thread of its own: a file of many megabytes takes seconds, in which everyone else must get answers. */
import { Worker } from 'node:worker_threads';
import type { Report } from '../core/report/report.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';

export interface JudgeThreadOptions {
  /** The compiled judge-worker.ts. */
  readonly program: URL;
  readonly trust: TrustRoot;
}

/** What the thread is asked; it answers with a Report. */
export interface JudgeRequest {
  readonly bytes: Uint8Array;
  /** Unix seconds. */
  readonly now: number;
}

interface Waiting {
  readonly resolve: (report: Report) => void;
  readonly reject: (error: unknown) => void;
}

export class JudgeThread {
  readonly #options: JudgeThreadOptions;
  #worker: Worker | undefined;
  /** In the order in which they were asked, which is the order of the answers. */
  #waiting: Waiting[] = [];

  constructor(options: JudgeThreadOptions) {
    this.#options = options;
  }

  /** What `judge` says of the file. @throws INTERNAL when the thread ends over it; the next file gets a new thread */
  judge(request: JudgeRequest): Promise<Report> {
    const worker = this.#worker ?? this.#open();
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #open(): Worker {
    const { program, trust } = this.#options;
    const worker = new Worker(program, { workerData: trust });
    worker.on('message', (report: Report) => this.#waiting.shift()?.resolve(report));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', (code) => this.#fail(worker, new Error(`the thread ended with ${code}`)));
    return worker;
  }

  #fail(worker: Worker, cause: unknown): void {
    // Its end follows its error, when the next thread may be at work.
    if (worker !== this.#worker) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#worker = undefined;
    const failure = new AttestryError('INTERNAL', 'The file could not be judged.', { cause });
    for (const { reject } of waiting) reject(failure);
  }
}
