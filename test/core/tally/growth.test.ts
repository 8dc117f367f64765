import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { growTally } from '../../../src/core/tally/growth.ts';
import { KEY_BITS, startsWith } from '../../../src/core/tally/key.ts';
import { type Branch, EMPTY_TALLY, type TallyLeaf } from '../../../src/core/tally/node.ts';
import { anyLeaves, MemoryTally, usageLeaves, withBit } from '../../helpers/memory-tally.ts';
import { naiveTally } from '../../helpers/naive-tally.ts';

/** Leaves in any order, cut into batches anywhere. */
const anyBatches = anyLeaves(40).chain((leaves) =>
  fc.record({
    leaves: fc.constant(leaves),
    order: fc.shuffledSubarray(leaves, { minLength: leaves.length }),
    cuts: fc.array(fc.nat(leaves.length), { maxLength: 6 }),
  }),
);

function cutAt(leaves: readonly TallyLeaf[], cuts: readonly number[]): TallyLeaf[][] {
  const ends = [0, ...cuts.toSorted((a, b) => a - b), leaves.length];
  return ends.slice(1).map((end, i) => leaves.slice(ends[i], end));
}

/** Every leaf below a branch, by reading all of its nodes. */
function walk(tally: MemoryTally, branch: Branch | undefined): TallyLeaf[] {
  if (branch === undefined) return [];
  if (branch.prefix.length === KEY_BITS) return [tally.leaf(branch)];
  const { left, right } = tally.inner(branch);
  expect(startsWith(left.prefix.bits, branch.prefix)).toBe(true);
  expect(startsWith(right.prefix.bits, branch.prefix)).toBe(true);
  return [...walk(tally, left), ...walk(tally, right)];
}

describe('growTally', () => {
  it('gives the root of the set, in whatever order and batches its leaves come', () => {
    fc.assert(
      fc.property(anyBatches, ({ leaves, order, cuts }) => {
        const tally = new MemoryTally(...cutAt(order, cuts));
        const { hash, count, sums } = naiveTally(leaves);
        expect(encodeHex(tally.hash)).toBe(encodeHex(hash));
        expect(tally.root?.count ?? 0).toBe(count);
        expect(tally.root?.sums ?? sums).toEqual(sums);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps every leaf in reach of the root, in the order of the keys', () => {
    fc.assert(
      fc.property(anyBatches, ({ leaves, order, cuts }) => {
        const tally = new MemoryTally(...cutAt(order, cuts));
        const keys = leaves.map(({ key }) => encodeHex(key)).sort();
        expect(walk(tally, tally.root).map(({ key }) => encodeHex(key))).toEqual(keys);
      }),
    );
  });

  it('is empty without leaves, and stays as it is when none are added', () => {
    const readInner = (): never => expect.unreachable();
    expect(growTally({ root: undefined, leaves: [], readInner })).toEqual({
      root: undefined,
      inners: [],
    });
    const { root } = new MemoryTally(usageLeaves('11'.repeat(32), 3));
    expect(growTally({ root, leaves: [], readInner })).toEqual({ root, inners: [] });
    expect(encodeHex(new MemoryTally().hash)).toBe(encodeHex(EMPTY_TALLY));
  });

  it('refuses a key that is there already, alone, in one batch and in a large tally', () => {
    const leaves = usageLeaves('11'.repeat(32), 20);
    const again = { ...(leaves[7] as TallyLeaf), sums: leaves[8]?.sums ?? [] };
    const tallies = [new MemoryTally([again]), new MemoryTally(leaves)];
    for (const tally of tallies) expect(() => tally.add([again])).toThrow(RangeError);
    expect(() => new MemoryTally([again, again])).toThrow(RangeError);
    expect(() => new MemoryTally([...leaves, again])).toThrow(RangeError);
  });

  it('grows as deep as a key has bits', () => {
    const base = usageLeaves('11'.repeat(32), 1)[0] as TallyLeaf;
    const leaves = [base];
    for (let bit = 0; bit < KEY_BITS; bit++) leaves.push({ ...base, key: withBit(base.key, bit) });
    const tally = new MemoryTally(leaves.slice(0, 100), leaves.slice(100));
    expect(encodeHex(tally.hash)).toBe(encodeHex(naiveTally(leaves).hash));
    expect(walk(tally, tally.root)).toHaveLength(KEY_BITS + 1);
  });

  it('writes only the nodes on the ways to its new leaves', () => {
    const model = '11'.repeat(32);
    const tally = new MemoryTally(usageLeaves(model, 500));
    const { root } = tally;
    const readInner = (branch: Branch) => tally.inner(branch);
    const { inners } = growTally({ root, leaves: usageLeaves('22'.repeat(32), 1), readInner });
    expect(inners).toHaveLength(1);
    const late = growTally({ root, leaves: usageLeaves(model, 1, 500), readInner });
    expect(late.inners.length).toBeLessThanOrEqual(12);
  });
});
