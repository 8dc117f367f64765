import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashFilter } from '../../src/store/hash-filter.ts';

function hashes(count: number): Uint8Array[] {
  const bytes = new Uint8Array(randomBytes(32 * count));
  return Array.from({ length: count }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

function shareOfMaybe(filter: HashFilter, count: number): number {
  return hashes(count).filter((hash) => filter.mayHave(hash)).length / count;
}

describe('HashFilter', () => {
  it('never says no of a hash that was added', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.array(hash), fc.nat({ max: 200_000 }), (added, expected) => {
        const filter = new HashFilter(expected);
        for (const one of added) filter.add(one);
        for (const one of added) expect(filter.mayHave(one)).toBe(true);
      }),
    );
  });

  it('knows nothing while it is empty', () => {
    expect(shareOfMaybe(new HashFilter(0), 1_000)).toBe(0);
  });

  it('is wrong for fewer than one in five hundred when it holds what it was made for', () => {
    const filter = new HashFilter(100_000);
    for (const hash of hashes(100_000)) filter.add(hash);
    expect(shareOfMaybe(filter, 100_000)).toBeLessThan(0.002);
  });

  it('grows beyond what it was made for, and is still seldom wrong', () => {
    const filter = new HashFilter(0);
    const added = hashes(300_000);
    for (const hash of added) filter.add(hash);
    expect(added.every((hash) => filter.mayHave(hash))).toBe(true);
    expect(shareOfMaybe(filter, 100_000)).toBeLessThan(0.006);
  });

  it('has no hash too many, however many are expected', () => {
    const filter = new HashFilter(Number.MAX_SAFE_INTEGER);
    const added = [...hashes(1_000), new Uint8Array(32).fill(0xff), new Uint8Array(32)];
    for (const hash of added) filter.add(hash);
    expect(added.every((hash) => filter.mayHave(hash))).toBe(true);
    expect(shareOfMaybe(filter, 10_000)).toBe(0);
  });

  it('tells hashes apart that differ in one bit', () => {
    const [hash] = hashes(1) as [Uint8Array];
    const filter = new HashFilter(0);
    filter.add(hash);
    for (let bit = 0; bit < 256; bit++) {
      const other = hash.slice();
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      // A filter of fewer than 2^20 bits does not tell the lowest of every 32 apart.
      if (bit % 32 >= 13) expect(filter.mayHave(other), `bit ${bit}`).toBe(false);
    }
  });
});
