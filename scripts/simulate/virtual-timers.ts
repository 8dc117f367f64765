/** The timers of the code under simulation: `setTimeout` on virtual time, for each life its own. */
import type { Scheduler } from './scheduler.ts';

interface VirtualTimer {
  readonly cancel: () => void;
}

/** Puts virtual timers in place of the process's; gives what puts the real ones back. */
export function installTimers(scheduler: Scheduler): () => void {
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  const set = (run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]): VirtualTimer => ({
    cancel: scheduler.after(delay, () => run(...args)),
  });
  const clear = (timer: VirtualTimer | undefined): void => timer?.cancel();
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  return () => Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear });
}
