import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comesWith,
  entriesOfGeneration,
  HASHES_PER_ROW,
  runAt,
  runOf,
  runsBelow,
} from '../../src/store/hash-runs.ts';

describe('runs of entries', () => {
  it('lie side by side, 64 of the first length and 32 for each doubling from then on', () => {
    const runs = runsBelow(10_000_000);
    let next = 0;
    for (const run of runs) {
      expect(run.start).toBe(next);
      next += run.length;
    }
    expect(next).toBeGreaterThanOrEqual(10_000_000);
    const lengths = new Map<number, number>();
    for (const { length } of runs) lengths.set(length, (lengths.get(length) ?? 0) + 1);
    expect([...lengths].slice(0, 3)).toEqual([
      [32_768, 64],
      [65_536, 32],
      [131_072, 32],
    ]);
    expect([0, 1, 2].map((generation) => entriesOfGeneration(generation))).toEqual([
      64 * 32_768,
      32 * 65_536,
      32 * 131_072,
    ]);
  });

  it('are told by any of their entries, and by their number', () => {
    const index = fc.oneof(fc.nat({ max: 3_000 }), fc.maxSafeNat());
    fc.assert(
      fc.property(index, fc.constantFrom(16, 32_768), (at, firstRun) => {
        const run = runAt(at, firstRun);
        expect(run.start).toBeLessThanOrEqual(at);
        expect(at - run.start).toBeLessThan(run.length);
        expect(run.start % run.length).toBe(0);
        expect(run.number).toBeLessThan(64);
        expect(runOf(run.generation, run.number, firstRun)).toEqual(run);
        expect(runAt(run.start, firstRun)).toEqual(run);
        expect(runAt(run.start + run.length - 1, firstRun)).toEqual(run);
      }),
    );
  });

  it('are few, however large the log is', () => {
    expect(runsBelow(1e7)).toHaveLength(135);
    expect(runsBelow(1e10).length).toBeLessThan(460);
  });

  it('have rows that come one after the other, all with the run after them, the last with its last entry', () => {
    for (const run of runsBelow(40_000, 16)) {
      const after = runAt(run.start + run.length, 16);
      const rows = run.length / HASHES_PER_ROW;
      const places = Array.from({ length: rows }, (_, row) => comesWith(run, row, 16));
      expect(new Set(places).size).toBe(rows);
      expect(places.toSorted((a, b) => a - b)).toEqual(places);
      expect(places[0]).toBeGreaterThanOrEqual(after.start);
      expect(places.at(-1)).toBe(after.start + after.length - 1);
    }
  });
});
