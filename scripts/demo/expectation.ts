/** The demo's own checks: it goes on only while everything is as it must be. */
import { setTimeout as pause } from 'node:timers/promises';
import { AttestryError, type AttestryErrorCode } from '../../src/errors.ts';

/** Ends the story unless `holds`; `expected` completes "Expected …". */
export function demand(holds: boolean, expected: string): asserts holds {
  if (!holds) throw new Error(`Expected ${expected}.`);
}

export function demandEqual<T extends string | number | bigint | null>(
  got: T,
  expected: T,
  what: string,
): void {
  demand(got === expected, `${what} to be ${expected}, got ${got}`);
}

/** The refusal of what must be refused with exactly this code. */
export async function refusal(
  code: AttestryErrorCode,
  attempt: () => Promise<unknown>,
): Promise<AttestryError> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof AttestryError && error.code === code) return error;
    throw new Error(`Expected a refusal with ${code}.`, { cause: error });
  }
  throw new Error(`Expected a refusal with ${code}, but it was taken.`);
}

const POLL_MS = 50;
const PATIENCE_MS = 20_000;

/** The first thing other than undefined that `probe` gives. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  let failure: unknown;
  while (Date.now() < deadline) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      failure = error;
    }
    await pause(POLL_MS);
  }
  throw new Error(`Expected ${what} within ${patienceMs / 1000} s.`, { cause: failure });
}

/** What failed, with the reasons behind it, in one line each. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const what = error instanceof AttestryError ? `${error.code}: ${error.message}` : error.message;
  return error.cause === undefined ? what : `${what}\n  because: ${describeFailure(error.cause)}`;
}
