import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunTable } from '../../src/store/run-table.ts';

function hashes(count: number): Uint8Array[] {
  const bytes = new Uint8Array(randomBytes(32 * count));
  return Array.from({ length: count }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

describe('RunTable', () => {
  it('always names the run of a hash that was added', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const added = fc.array(fc.tuple(hash, fc.nat({ max: 63 })), { maxLength: 200 });
    fc.assert(
      fc.property(added, (pairs) => {
        const table = new RunTable(pairs.length);
        for (const [one, run] of pairs) table.add(one, run);
        for (const [one, run] of pairs) expect(table.runsOf(one)).toContain(run);
      }),
    );
  });

  it('names no run while it is empty', () => {
    const table = new RunTable(1_000);
    expect(hashes(1_000).flatMap((hash) => table.runsOf(hash))).toEqual([]);
  });

  it('names no run for nearly all hashes that were not added, also when it is full', () => {
    const table = new RunTable(100_000);
    for (const [i, hash] of hashes(100_000).entries()) table.add(hash, i % 64);
    // Some fifty in the mean: of fewer questions, all might be answered rightly.
    const named = hashes(1_000_000).filter((hash) => table.runsOf(hash).length > 0).length;
    expect(named / 1_000_000).toBeLessThan(0.001);
    expect(named).toBeGreaterThan(0);
  });

  it('takes hashes that all belong at its end, and tells runs apart', () => {
    const high = hashes(50).map((hash) => hash.fill(0xff, 0, 4));
    const table = new RunTable(50);
    for (const [i, hash] of high.entries()) table.add(hash, i % 3);
    for (const [i, hash] of high.entries()) expect(table.runsOf(hash)).toContain(i % 3);
    const [first] = high as [Uint8Array];
    table.add(first, 2);
    table.add(first, 1);
    expect(table.runsOf(first)).toEqual([0, 1, 2]);
  });
});
