/**
 * The tally's leaves of the newest entries, out of the statements that admission has parsed: a tally, which follows a few
 * commits behind, need not read and parse those entries again. After a start, or when it has fallen far behind, it reads
 * the log, or the verifier's copy of it.
 */

import { setIndex } from '../core/tally/key.ts';
import type { TallyLeaf } from '../core/tally/node.ts';

/** About a second of a busy log. A leaf takes some hundred bytes, and twice as many may be held for a moment. */
const MOST_ENTRIES = 8_192;

export class FreshLeaves {
  readonly #most: number;
  /** Index of the first entry whose leaves are held. */
  #from = 0;
  #held: (readonly TallyLeaf[])[] = [];

  constructor(most: number = MOST_ENTRIES) {
    this.#most = most;
  }

  /** The leaves of entries that have been committed, from `index` on; their keys get the index that each has now. */
  add(index: number, entries: readonly (readonly TallyLeaf[])[]): void {
    if (this.#from + this.#held.length !== index) {
      this.#from = index;
      this.#held = [];
    }
    for (const [i, leaves] of entries.entries()) {
      for (const { key } of leaves) setIndex(key, index + i);
      this.#held.push(leaves);
    }
    // Rarely, since it moves all that stay.
    if (this.#held.length > 2 * this.#most) {
      const dropped = this.#held.length - this.#most;
      this.#held = this.#held.slice(dropped);
      this.#from += dropped;
    }
  }

  /** The leaves of the entries [start, end); undefined where not all of them are held. */
  between(start: number, end: number): readonly TallyLeaf[] | undefined {
    if (start < this.#from || end > this.#from + this.#held.length) return undefined;
    return this.#held.slice(start - this.#from, end - this.#from).flat();
  }
}
