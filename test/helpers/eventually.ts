import { vi } from 'vitest';

/** What `check` gives as soon as it passes; long enough for a machine that others use too. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 });
}
