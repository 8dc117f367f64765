/** Doing something again and again until told to stop. */
import { setTimeout as pause } from 'node:timers/promises';

export interface LoopOptions {
  /** Between the beginnings of two steps; one that took longer is followed by the next at once. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

/** Resolves once the signal has been given and the step under way has ended. A step does not reject. */
export async function repeat(step: () => Promise<void>, options: LoopOptions): Promise<void> {
  const { intervalMs, signal } = options;
  while (!signal.aborted) {
    const beganMs = performance.now();
    await step();
    const restMs = Math.max(0, beganMs + intervalMs - performance.now());
    // Rejects when the signal cuts the pause short, which the loop's condition then sees.
    await pause(restMs, undefined, { signal }).catch(() => undefined);
  }
}
