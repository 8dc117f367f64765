/** Trying again what a node may answer later: with growing, random pauses, never past a deadline. */
import { setTimeout as pause } from 'node:timers/promises';
import { AttestryError } from '../errors.ts';
import { isTransient, retryAfterMs } from './peer-refusal.ts';

export interface RetryOptions {
  /** How often to try in all; 5 unless told. */
  readonly attempts?: number;
  /** For all attempts together; 60,000 unless told. */
  readonly timeoutMs?: number;
}

/** Time and chance, so that tests need neither. */
export interface RetryClock {
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

export const SYSTEM_CLOCK: RetryClock = {
  clockMs: () => performance.now(),
  random: () => Math.random(),
  sleep: (ms) => pause(ms),
};

const ATTEMPTS = 5;
export const DEFAULT_TIMEOUT_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * What `attempt` gives, tried again while it fails with an error that may pass. It is told how many milliseconds are
 * left. The last error is thrown when attempts or time are used up, or a node asks for a longer pause than is left.
 */
export async function retry<T>(
  attempt: (leftMs: number) => Promise<T>,
  options: RetryOptions,
  clock: RetryClock = SYSTEM_CLOCK,
): Promise<T> {
  const { attempts = ATTEMPTS, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const deadline = clock.clockMs() + timeoutMs;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt(deadline - clock.clockMs());
    } catch (error) {
      if (!(error instanceof AttestryError) || !isTransient(error) || tried >= attempts) {
        throw error;
      }
      const wait = pauseAfter(error, tried, clock.random());
      if (clock.clockMs() + wait >= deadline) throw error;
      await clock.sleep(wait);
    }
  }
}

/** Milliseconds: what the node asked for at least, and a random part so that many clients do not come back at once. */
function pauseAfter(error: AttestryError, tried: number, random: number): number {
  return retryAfterMs(error) + random * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tried);
}
