/** Building a stopped log's tally anew from its entries, and telling whether the kept one was right. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { EMPTY_TALLY, type TallyLeaf } from '../core/tally/node.ts';
import { commitLeaves } from './leaf-commit.ts';
import type { TallyPair, TallyState, TallyStore } from './tally-store.ts';

export interface RebuiltTally {
  /** Entries in it: as many as before. */
  readonly size: number;
  /** Leaves. */
  readonly count: number;
  /** Whether the kept tally had the root that the entries give. */
  readonly wasRight: boolean;
}

/** Entries in one commit. */
const COMMIT_ENTRIES = 4096;

/** A tally that takes the place of the kept one, entry by entry from the log's first on. The notes about it stay. */
export class TallyRebuild {
  readonly #store: TallyStore;
  readonly #kept: TallyState;
  readonly #pair: TallyPair | undefined;
  /** Entries whose leaves have been given. */
  #taken = 0;
  #gathered: (readonly TallyLeaf[])[] = [];
  #committing: Promise<unknown> = Promise.resolve();

  private constructor(store: TallyStore) {
    this.#store = store;
    this.#kept = store.state();
    this.#pair = store.pair();
  }

  /** Empties the store. @throws STORE_* */
  static async begin(store: TallyStore): Promise<TallyRebuild> {
    const rebuild = new TallyRebuild(store);
    await store.clear();
    return rebuild;
  }

  /** The leaves of each of the next entries. Those that the kept tally does not reach are left out. @throws STORE_* */
  async take(entries: readonly (readonly TallyLeaf[])[]): Promise<void> {
    const wanted = entries.slice(0, this.#kept.size - this.#taken);
    this.#taken += wanted.length;
    this.#gathered.push(...wanted);
    if (this.#gathered.length >= COMMIT_ENTRIES) await this.#commit();
  }

  /** What it has become, once the leaves of all entries have been taken. @throws STORE_* */
  async end(): Promise<RebuiltTally> {
    if (this.#gathered.length > 0) await this.#commit();
    await this.#committing;
    const rebuilt = this.#store.state();
    if (rebuilt.size !== this.#kept.size) {
      throw new RangeError(`Expected ${this.#kept.size} entries, got ${rebuilt.size}.`);
    }
    if (this.#pair !== undefined) await this.#store.putPair(this.#pair);
    const wasRight = bytesEqual(rootOf(this.#kept), rootOf(rebuilt));
    return { size: rebuilt.size, count: rebuilt.root?.count ?? 0, wasRight };
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
