/** What adding leaves changes in a tally: the nodes to write, and the new root. The same set gives the same root in any order. */
import { compareBytes } from '../bytes/equal.ts';
import { bitAt, KEY_BITS, prefixOf, sharedBits } from './key.ts';
import {
  type Branch,
  type HashBytes,
  summarizeInner,
  summarizeLeaf,
  type TallyInner,
  type TallyLeaf,
} from './node.ts';

/** The inner node of a branch; asked only for branches of the tally whose prefix is shorter than a key. */
export type ReadInner = (branch: Branch) => TallyInner;

export interface TallyGrowthInput {
  /** Undefined for an empty tally. */
  readonly root: Branch | undefined;
  /** In any order; keys that are in the tally already, or twice here, are a RangeError: an index is used once. */
  readonly leaves: readonly TallyLeaf[];
  readonly readInner: ReadInner;
  /** The pure implementation unless told. */
  readonly hashBytes?: HashBytes;
}

export interface TallyGrowth {
  readonly root: Branch | undefined;
  /** New and changed inner nodes. No node is ever taken away: a set only grows. */
  readonly inners: readonly TallyInner[];
}

export function growTally(input: TallyGrowthInput): TallyGrowth {
  const { root, leaves, readInner, hashBytes } = input;
  const sorted = leaves
    .toSorted((a, b) => compareBytes(a.key, b.key))
    .map((leaf) => summarizeLeaf(leaf, hashBytes));
  const inners: TallyInner[] = [];
  const grown = sorted.length === 0 ? root : merge(root, sorted, { readInner, hashBytes, inners });
  return { root: grown, inners };
}

interface Merge {
  readonly readInner: ReadInner;
  readonly hashBytes: HashBytes | undefined;
  readonly inners: TallyInner[];
}

/** The branch that holds everything of `old` and the new leaves, which are sorted and at least one. */
function merge(old: Branch | undefined, leaves: readonly Branch[], run: Merge): Branch {
  const first = leaves[0] as Branch;
  const last = leaves.at(-1) as Branch;
  if (old === undefined && leaves.length === 1) return first;
  const among = sharedBits(first.prefix.bits, last.prefix.bits);
  const length =
    old === undefined
      ? among
      : Math.min(among, old.prefix.length, sharedBits(first.prefix.bits, old.prefix.bits));
  if (length === KEY_BITS) throw new RangeError('Expected every key of a tally once.');
  const prefix = prefixOf(first.prefix.bits, length);
  const split = leaves.findIndex(({ prefix: { bits } }) => bitAt(bits, length) === 1);
  const middle = split < 0 ? leaves.length : split;
  const [oldLeft, oldRight] = divide(old, length, run);
  const left = mergeSide(oldLeft, leaves.slice(0, middle), run);
  const right = mergeSide(oldRight, leaves.slice(middle), run);
  const branch = summarizeInner(prefix, [left, right], run.hashBytes);
  run.inners.push({ branch, left, right });
  return branch;
}

function mergeSide(old: Branch | undefined, leaves: readonly Branch[], run: Merge): Branch {
  return leaves.length === 0 ? (old as Branch) : merge(old, leaves, run);
}

/** What stands left and right of the bit at `length`: an old node's children, or the old node as a whole on one side. */
function divide(
  old: Branch | undefined,
  length: number,
  run: Merge,
): [Branch | undefined, Branch | undefined] {
  if (old === undefined) return [undefined, undefined];
  if (old.prefix.length === length) {
    const { left, right } = run.readInner(old);
    return [left, right];
  }
  return bitAt(old.prefix.bits, length) === 0 ? [old, undefined] : [undefined, old];
}
