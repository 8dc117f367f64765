/** Building a stopped log's tally anew from its entries, and telling whether the kept one was right. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { EMPTY_TALLY, type TallyLeaf } from '../core/tally/node.ts';
import { COMMIT_ENTRIES, commitLeaves } from './leaf-commit.ts';
import type { TallyState, TallyStore } from './tally-store.ts';

export interface RebuiltTally {
  /** Entries in it. */
  readonly size: number;
  /** Leaves. */
  readonly count: number;
  /** Whether the kept tally had as many entries, and the root that they give. */
  readonly wasRight: boolean;
}

/** A tally that takes the place of the kept one, entry by entry from the log's first on. The notes about it stay, as they say how far it had come. */
export class TallyRebuild {
  readonly #store: TallyStore;
  readonly #kept: TallyState;
  /** Entries whose leaves have been given. */
  #taken = 0;
  #gathered: (readonly TallyLeaf[])[] = [];
  #committing: Promise<unknown> = Promise.resolve();

  private constructor(store: TallyStore) {
    this.#store = store;
    this.#kept = store.state();
  }

  /** Empties the store, but for the notes. @throws STORE_* */
  static async begin(store: TallyStore): Promise<TallyRebuild> {
    const rebuild = new TallyRebuild(store);
    const pair = store.pair();
    await store.clear();
    if (pair !== undefined) await store.putPair(pair);
    return rebuild;
  }

  /** The leaves of each of the next entries. Those that the kept tally does not reach are left out. @throws STORE_* */
  async take(entries: readonly (readonly TallyLeaf[])[]): Promise<void> {
    const wanted = entries.slice(0, this.#kept.size - this.#taken);
    this.#taken += wanted.length;
    this.#gathered.push(...wanted);
    if (this.#gathered.length >= COMMIT_ENTRIES) await this.#commit();
  }

  /** What it has become, once the leaves of all the log's entries have been taken. @throws STORE_* */
  async end(): Promise<RebuiltTally> {
    if (this.#gathered.length > 0) await this.#commit();
    await this.#committing;
    const rebuilt = this.#store.state();
    const { size, root } = rebuilt;
    const wasRight = size === this.#kept.size && bytesEqual(rootOf(this.#kept), rootOf(rebuilt));
    return { size, count: root?.count ?? 0, wasRight };
  }

  /** Begins the next commit once the one before is in the store. */
  async #commit(): Promise<void> {
    const leaves = this.#gathered.flat();
    this.#gathered = [];
    const size = this.#taken;
    await this.#committing;
    this.#committing = commitLeaves(this.#store, { size, leaves });
    // Whoever awaits it gets the error; until then nobody does.
    this.#committing.catch(() => undefined);
  }
}

function rootOf({ root }: TallyState): Uint8Array {
  return root?.hash ?? EMPTY_TALLY;
}
