/**
 * The tally's leaves of the newest entries, out of the statements that admission has parsed: a log node's tally, which
 * follows a few commits behind, need not read and parse those entries again. After a start, or when it has fallen far
 * behind, it reads the log.
 */

import type { AdmittedEntry } from '../core/statement/admission.ts';
import { leavesOfStatement } from '../core/tally/leaves.ts';
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

  /** Entries that have been committed, from `index` on. */
  add(index: number, entries: readonly Pick<AdmittedEntry, 'entryHash' | 'statement'>[]): void {
    if (this.#from + this.#held.length !== index) {
      this.#from = index;
      this.#held = [];
    }
    for (const [i, { statement, entryHash }] of entries.entries()) {
      this.#held.push(leavesOfStatement(statement, index + i, entryHash));
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
