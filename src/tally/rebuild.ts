/** Building a stopped log's tally anew from its entries, and telling whether the kept one was right. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { EMPTY_TALLY } from '../core/tally/node.ts';
import { type ReadEntries, Tally } from './tally.ts';
import type { TallyState, TallyStore } from './tally-store.ts';

export interface RebuiltTally {
  /** Entries in it: as many as before. */
  readonly size: number;
  /** Leaves. */
  readonly count: number;
  /** Whether the kept tally had the root that the entries give. */
  readonly wasRight: boolean;
}

/** The tally as its log's entries give it takes the place of the kept one; the notes about it stay. @throws STORE_* */
export async function rebuildTally(
  store: TallyStore,
  readEntries: ReadEntries,
): Promise<RebuiltTally> {
  const kept = store.state();
  const pair = store.pair();
  await store.clear();
  const rebuilt = await new Tally({ store, readEntries }).grow(kept.size);
  if (pair !== undefined) await store.putPair(pair);
  const { size, root } = rebuilt;
  return { size, count: root?.count ?? 0, wasRight: bytesEqual(rootOf(kept), rootOf(rebuilt)) };
}

function rootOf({ root }: TallyState): Uint8Array {
  return root?.hash ?? EMPTY_TALLY;
}
