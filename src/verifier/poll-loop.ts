/** Doing something again and again until told to stop. */
import { setTimeout as pause } from 'node:timers/promises';

export interface LoopOptions {
  /** Between the end of one step and the beginning of the next. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

/** Resolves once the signal has been given and the step under way has ended. A step does not reject. */
export async function repeat(step: () => Promise<void>, options: LoopOptions): Promise<void> {
  const { intervalMs, signal } = options;
  while (!signal.aborted) {
    await step();
    // Rejects when the signal cuts the pause short, which the loop's condition then sees.
    await pause(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
