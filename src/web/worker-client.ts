/** The page's side of its worker: one promise for each task. */

import type { Input, Output, Refusal, Reply, TaskName } from './worker/protocol.ts';
import { createWorker } from './worker-start.ts';

/** Why a task was refused: a code of the documentation and a sentence. */
export class TaskRefused extends Error {
  readonly code: string;

  constructor({ code, message }: Refusal) {
    super(message);
    this.code = code;
  }
}

export type OnTaskProgress = (done: number, total: number) => void;

interface Waiting {
  readonly resolve: (output: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: OnTaskProgress | undefined;
}

export class WorkerClient {
  readonly #worker: Worker = createWorker();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
    this.#worker.onerror = () => this.#fail('The worker that verifies could not be started.');
  }

  /** What the worker makes of the input. @throws TaskRefused */
  run<K extends TaskName>(
    task: K,
    input: Input<K>,
    onProgress?: OnTaskProgress,
  ): Promise<Output<K>> {
    const id = ++this.#lastId;
    return new Promise<Output<K>>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#worker.postMessage({ id, task, input });
    });
  }

  /** Ends the worker, and whatever it is at. */
  stop(): void {
    this.#worker.terminate();
    this.#fail('Stopped.');
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ('done' in reply) {
      waiting.onProgress?.(reply.done, reply.total);
      return;
    }
    this.#waiting.delete(reply.id);
    if ('refusal' in reply) waiting.reject(new TaskRefused(reply.refusal));
    else waiting.resolve(reply.output as never);
  }

  #fail(message: string): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new TaskRefused({ code: 'INTERNAL', message }));
    }
    this.#waiting.clear();
  }
}
