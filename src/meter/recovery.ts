/** What a meter finds in its folder when it is opened, and the trees of windows that it does not hold in memory any more. */
import { encodeHex } from '../core/bytes/hex.ts';
import { parseTime } from '../core/bytes/time.ts';
import { sha256 } from '../core/merkle/hash.ts';
import {
  buildSumTree,
  type RequestLeaf,
  type SumTree,
  summarizeRequest,
} from '../core/metering/sum-tree.ts';
import {
  leafOfReceipt,
  readUsageReceipt,
  type SignedUsageReceipt,
} from '../core/metering/usage-receipt.ts';
import { parseStatement } from '../core/statement/statement.ts';
import type { UsagePredicate } from '../core/statement/usage.ts';
import { storeCorrupt } from '../store/store-failure.ts';
import type { MeterStore } from './meter-store.ts';
import { OpenWindow, type WindowRules } from './open-window.ts';

export interface MeterState {
  readonly rules: WindowRules;
  readonly window: OpenWindow;
  /** Unix seconds: no request is metered before. */
  readonly latest: number;
  readonly previous: string | null;
  readonly pending: readonly number[];
}

/** Where the meter was when it ended, however it ended. */
export async function recover(store: MeterStore, rules: WindowRules): Promise<MeterState> {
  const newest = await store.newestWindow();
  const closed = newest === undefined ? undefined : windowOf(store, newest);
  const earliest = closed === undefined ? 0 : parseTime(closed.window.end);
  const window = new OpenWindow((newest ?? -1) + 1, earliest, rules);
  let latest = earliest;
  for (const signed of await store.receipts(window.sequence)) {
    const receipt = readUsageReceipt(signed.payload);
    const leaf = leafOfReceipt({ receipt, signed });
    latest = parseTime(receipt.at);
    window.add(summarizeRequest(leaf), leaf.buckets, latest);
  }
  const pending = await store.pending();
  return { rules, window, latest, previous: closed?.digest ?? null, pending };
}

/** What the meter stated about a window, and the digest that the next statement refers to. @throws STORE_CORRUPT */
function windowOf(store: MeterStore, sequence: number): UsagePredicate & { digest: string } {
  const envelope = store.window(sequence);
  const statement = envelope && parseStatement(envelope.payload);
  if (envelope === undefined || statement?.kind !== 'usage') {
    throw storeCorrupt(`Window ${sequence} of the meter is gone`);
  }
  return { ...statement.predicate, digest: encodeHex(sha256(envelope.payload)) };
}

/** The tree of a closed window, from its usage receipts. @throws STORE_CORRUPT when they are not those that it counts */
export async function readTree(store: MeterStore, sequence: number): Promise<SumTree> {
  const { requestTree } = windowOf(store, sequence);
  const leaves = (await store.receipts(sequence)).map((signed) => summarizeRequest(leafOf(signed)));
  const tree = leaves.length === 0 ? undefined : buildSumTree(leaves);
  if (tree !== undefined && encodeHex(tree.root.hash) === requestTree?.root) return tree;
  throw storeCorrupt(`The usage receipts of window ${sequence} are not those that it counts`);
}

function leafOf(signed: SignedUsageReceipt): RequestLeaf {
  return leafOfReceipt({ receipt: readUsageReceipt(signed.payload), signed });
}
