import { describe, expect, it } from 'vitest';
import { quorumTolerance, toleranceOf } from '../../../src/core/trust/tolerance.ts';
import type { CosignerFields } from '../../../src/core/trust/trust-file.ts';
import { makeNetwork } from '../../helpers/fixtures.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { NOW } from '../../helpers/statements.ts';

describe('quorumTolerance', () => {
  it('is 2k - n - 1', () => {
    expect(quorumTolerance(4, 3)).toBe(1);
    expect(quorumTolerance(7, 5)).toBe(2);
    expect(quorumTolerance(3, 2)).toBe(0);
    expect(quorumTolerance(4, 2)).toBe(-1);
  });

  it('is the most dishonest witnesses with which any two quorums share an honest one', () => {
    for (let n = 1; n <= 7; n++) {
      for (let k = 1; k <= n; k++) {
        const shared = smallestOverlap(n, k);
        expect(Math.max(-1, quorumTolerance(n, k))).toBe(Math.max(-1, shared - 1));
      }
    }
  });
});

describe('toleranceOf', () => {
  const { file } = makeNetwork();
  const [first, second, ...others] = file.witnesses as [CosignerFields, CosignerFields];
  const dishonest = (witnesses: readonly CosignerFields[]): number => {
    const trust = trustOf({ ...file, witnesses });
    return toleranceOf(trust.witnesses, trust.witnessQuorum, NOW).dishonest;
  };

  it('counts two witnesses of one organisation as one', () => {
    expect(dishonest(file.witnesses)).toBe(1);
    const { operator } = first;
    expect(dishonest([first, { ...second, operator }, ...others])).toBe(2);
  });

  it('counts a witness until its window ends, and one that is to begin already', () => {
    const rest = [second, ...others];
    expect(dishonest([{ ...first, validUntil: '2026-10-01T12:00:00Z' }, ...rest])).toBe(2);
    expect(dishonest([{ ...first, validUntil: '2026-10-01T12:00:01Z' }, ...rest])).toBe(1);
    expect(dishonest([{ ...first, validFrom: '2027-01-01T00:00:00Z' }, ...rest])).toBe(1);
  });
});

/** How many members the two quorums of k out of n that overlap least have in common. */
function smallestOverlap(n: number, k: number): number {
  const quorums = Array.from({ length: 2 ** n }, (_, set) => set).filter((set) => ones(set) === k);
  return Math.min(...quorums.map((set) => ones(set & (quorums[0] as number))));
}

function ones(set: number): number {
  return set.toString(2).replaceAll('0', '').length;
}
