import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { repeat } from '../../src/verifier/poll-loop.ts';

const INTERVAL_MS = 400;

it('begins a step an interval after the one before, and at once where that one took longer', async () => {
  const stop = new AbortController();
  const began: number[] = [];
  const ended: number[] = [];
  const step = async (): Promise<void> => {
    began.push(performance.now());
    if (began.length === 2) await pause(INTERVAL_MS * 2);
    if (began.length === 3) stop.abort();
    ended.push(performance.now());
  };
  await repeat(step, { intervalMs: INTERVAL_MS, signal: stop.signal });
  const [rest, noRest] = [1, 2].map((i) => (began[i] as number) - (ended[i - 1] as number));
  expect(rest).toBeGreaterThan(INTERVAL_MS - 5);
  expect(noRest).toBeLessThan(INTERVAL_MS);
});
