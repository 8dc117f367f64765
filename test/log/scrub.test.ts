import { describe, expect, it } from 'vitest';
import { scrubSteps } from '../../src/log/scrub.ts';

describe('scrubSteps', () => {
  it('covers every entry once, the newest first', () => {
    for (const size of [0, 1, 255, 256, 257, 700, 1024]) {
      const steps = [...scrubSteps(size)];
      const covered = steps
        .toReversed()
        .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
      expect(covered).toEqual(Array.from({ length: size }, (_, i) => i));
      for (const { start, end } of steps) expect(end - start).toBeLessThanOrEqual(256);
    }
  });
});
