/** The tally's leaves of entries on their way from one thread to another: a few long byte strings instead of many short ones. */
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { KEY_BYTES } from '../core/tally/key.ts';
import type { TallyLeaf } from '../core/tally/node.ts';
import { type Sums, ZERO_SUMS } from '../core/tally/sums.ts';

export interface TalliedEntry {
  readonly entryHash: Uint8Array;
  readonly tallyLeaves: readonly TallyLeaf[];
}

export interface PackedLeaves {
  /** Leaf hashes of the entries, one after the other. */
  readonly hashes: Uint8Array;
  /** How many leaves each entry has in the tally. */
  readonly leafCounts: readonly number[];
  /** Keys of all these leaves, one after the other. */
  readonly keys: Uint8Array;
  /** Sums of the leaves of those entries whose leaves count anything, by the entry's place. */
  readonly sums: ReadonlyMap<number, Sums>;
}

export function packLeaves(entries: readonly TalliedEntry[]): PackedLeaves {
  const sums = new Map<number, Sums>();
  for (const [i, { tallyLeaves }] of entries.entries()) {
    const [leaf] = tallyLeaves;
    if (leaf !== undefined && leaf.sums !== ZERO_SUMS) sums.set(i, leaf.sums);
  }
  const keys = entries.flatMap(({ tallyLeaves }) => tallyLeaves.map(({ key }) => key));
  return {
    hashes: sideBySide(
      entries.map(({ entryHash }) => entryHash),
      HASH_LENGTH,
    ),
    leafCounts: entries.map(({ tallyLeaves }) => tallyLeaves.length),
    keys: sideBySide(keys, KEY_BYTES),
    sums,
  };
}

/** Joined in a loop: as the arguments of one call, the leaves of a large commit would overflow the stack. */
function sideBySide(parts: readonly Uint8Array[], width: number): Uint8Array {
  const bytes = new Uint8Array(parts.length * width);
  for (const [i, part] of parts.entries()) bytes.set(part, i * width);
  return bytes;
}

/** What `packLeaves` was given. */
export function unpackLeaves({ hashes, leafCounts, keys, sums }: PackedLeaves): TalliedEntry[] {
  let before = 0;
  return leafCounts.map((count, i) => {
    const entryHash = hashes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
    const tallyLeaves: TallyLeaf[] = [];
    for (const end = before + count; before < end; before++) {
      // A copy: what is kept of the tally in memory holds single keys, and would hold all of these with each.
      const key = keys.slice(before * KEY_BYTES, (before + 1) * KEY_BYTES);
      tallyLeaves.push({ key, entryHash, sums: sums.get(i) ?? ZERO_SUMS });
    }
    return { entryHash, tallyLeaves };
  });
}
