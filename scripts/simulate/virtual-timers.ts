/** The timers of the code under simulation: `setTimeout` on virtual time, for each life its own; turns without an event loop. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import type { Scheduler } from './scheduler.ts';

interface VirtualTimer {
  readonly cancel: () => void;
}

const { setTimeout: realSet, clearTimeout: realClear, setImmediate: realTurn } = globalThis;
const { setImmediate: realPromisedTurn } = timers;

/** Puts virtual timers in place of the process's; gives what puts the real ones back. */
export function installTimers(scheduler: Scheduler): () => void {
  const set = (run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]): VirtualTimer => ({
    cancel: scheduler.after(delay, () => run(...args)),
  });
  const clear = (timer: VirtualTimer | undefined): void => timer?.cancel();
  const turn = (run: () => void): void => scheduler.nextTurn(run);
  const promisedTurn = (): Promise<void> => new Promise((resolve) => scheduler.nextTurn(resolve));
  replace({ setTimeout: set, clearTimeout: clear, setImmediate: turn }, promisedTurn);
  return () => {
    const real = { setTimeout: realSet, clearTimeout: realClear, setImmediate: realTurn };
    replace(real, realPromisedTurn);
  };
}

/** For whoever uses them as globals, and for modules that have imported them. */
function replace(globals: object, promisedTurn: unknown): void {
  Object.assign(globalThis, globals);
  Object.assign(timers, { setImmediate: promisedTurn });
  syncBuiltinESMExports();
}
