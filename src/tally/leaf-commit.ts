/** Taking leaves into a stored tally, many in one commit: the more, the fewer nodes are written for each. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareBytes } from '../core/bytes/equal.ts';
import { growTally, type ReadInner } from '../core/tally/growth.ts';
import type { TallyInner, TallyLeaf } from '../core/tally/node.ts';
import { sha256BySystem } from '../keys/openssl-hash.ts';
import { nameOf } from './tally-rows.ts';
import type { TallyState, TallyStore } from './tally-store.ts';

/** Entries whose leaves are worth one commit. */
export const COMMIT_ENTRIES = 4096;
/** Leaves grown at once: few enough that the event loop is not held for long. */
const LEAVES_AT_ONCE = 512;

export interface LeafCommit {
  /** Entries of the log that are in the tally with these leaves. */
  readonly size: number;
  /** In any order. */
  readonly leaves: readonly TallyLeaf[];
}

/** The state with the leaves; all of it is in the store then, or nothing. One at a time for a store. */
export async function commitLeaves(
  store: TallyStore,
  { size, leaves }: LeafCommit,
): Promise<TallyState> {
  // Neighbours together: each piece then touches nodes of its own, but for the upper ones.
  const sorted = leaves.toSorted((a, b) => compareBytes(a.key, b.key));
  const fresh = new Map<string, TallyInner>();
  const readInner: ReadInner = (branch) => fresh.get(nameOf(branch.prefix)) ?? store.inner(branch);
  let { root } = store.state();
  for (let at = 0; at < sorted.length; at += LEAVES_AT_ONCE) {
    const grown = growTally({
      root,
      leaves: sorted.slice(at, at + LEAVES_AT_ONCE),
      readInner,
      hashBytes: sha256BySystem,
    });
    for (const inner of grown.inners) fresh.set(nameOf(inner.branch.prefix), inner);
    root = grown.root;
    await nextTurn();
  }
  await store.commit({ size, root, leaves, inners: [...fresh.values()] });
  return { size, root };
}
