/**
 * Steps of a full check in as many threads as there are cores. Each reads the database for itself: what is sent between the
 * threads is which step, and what is wrong with it.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import type { StepReport, StepRules } from './fsck-step.ts';
import type { ScrubStep } from './scrub.ts';

export interface ThreadRules extends Omit<StepRules, 'store' | 'verifyMany'> {
  /** Of the database, which this process has opened with SHARED_DISK. */
  readonly folder: string;
}

/** About the step that begins at `start`. */
export type StepAnswer = { readonly start: number } & (
  | { readonly report: StepReport }
  | { readonly code: AttestryErrorCode; readonly message: string }
);

interface Asked {
  readonly resolve: (report: StepReport) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Steps that it has not answered, by their first entry. */
  readonly pending: Map<number, Asked>;
  /** Why it has ended, once it has. */
  ended: unknown;
}

/** What hashing leaves behind is let go at once, and little of it stays in the caches of a core. Parsed entries need room. */
const TO_HASH = { maxYoungGenerationSizeMb: 3 };

/** Threads for the log in a folder, one for each core; none under a runner that compiles on the way: threads run compiled JavaScript only. */
export function startFsckThreads(rules: ThreadRules): FsckThreads | undefined {
  if (!import.meta.url.endsWith('.js')) return undefined;
  const program = new URL('./fsck-thread.js', import.meta.url);
  return new FsckThreads(program, { rules, count: availableParallelism() });
}

export class FsckThreads {
  readonly #threads: readonly Thread[];

  /** `program`: the compiled fsck-thread. */
  constructor(program: URL, { rules, count }: { rules: ThreadRules; count: number }) {
    this.#threads = Array.from({ length: count }, () => startThread(program, rules));
  }

  /** What `checkStep` says of the step. @throws STORE_FAILED */
  check(step: ScrubStep): Promise<StepReport> {
    const { worker, pending, ended } = this.#threads.reduce((a, b) =>
      b.pending.size < a.pending.size ? b : a,
    );
    if (ended !== undefined) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      pending.set(step.start, { resolve, reject });
      worker.postMessage(step);
    });
  }

  /** Ends the threads once each has closed the database. */
  async close(): Promise<void> {
    await Promise.all(
      this.#threads.map(async ({ worker, ended }) => {
        if (ended !== undefined) return;
        const exit = once(worker, 'exit');
        worker.postMessage('close');
        await exit;
      }),
    );
  }
}

function startThread(program: URL, rules: ThreadRules): Thread {
  const resourceLimits = rules.signatures === false ? TO_HASH : {};
  const worker = new Worker(program, { workerData: rules, resourceLimits });
  const pending = new Map<number, Asked>();
  const thread: Thread = { worker, pending, ended: undefined };
  worker.on('message', (answer: StepAnswer) => {
    const asked = pending.get(answer.start);
    pending.delete(answer.start);
    if ('report' in answer) asked?.resolve(answer.report);
    else asked?.reject(new AttestryError(answer.code, answer.message));
  });
  const lose = (error: unknown): void => {
    thread.ended ??= error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.on('error', lose);
  worker.on('exit', () => lose(new Error('a thread of the check has ended')));
  return thread;
}
