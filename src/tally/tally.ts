/**
 * A tally that follows a log's entries, off the path of submissions. The log node keeps one of its own log, a verifier one
 * of each log that it mirrors: the same code over the same entries gives the same root.
 */

import { growTally } from '../core/tally/growth.ts';
import { leavesOf } from '../core/tally/leaves.ts';
import { EMPTY_TALLY } from '../core/tally/node.ts';
import { proveTally, type Question, type TallyProof } from '../core/tally/proof.ts';
import { ZERO_SUMS } from '../core/tally/sums.ts';
import type { TallyHead } from '../core/tally/tally-note.ts';
import type { TallyReader, TallyState, TallyStore } from './tally-store.ts';

/** Reads entries [start, end) of the log. */
export type ReadEntries = (start: number, end: number) => Promise<readonly Uint8Array[]>;

/** Entries in one step: small enough that the event loop is not held for long. */
const STEP_ENTRIES = 256;

export interface TallyOptions {
  readonly store: TallyStore;
  readonly readEntries: ReadEntries;
}

export class Tally {
  readonly #options: TallyOptions;

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  get state(): TallyState {
    return this.#options.store.state();
  }

  /** Takes in the log's entries up to `size`; resumes where it was. Stops early when `stopped` says so. */
  async grow(size: number, stopped: () => boolean = () => false): Promise<TallyState> {
    const { store, readEntries } = this.#options;
    while (this.state.size < size && !stopped()) {
      const { size: from, root } = this.state;
      const to = Math.min(size, from + STEP_ENTRIES);
      const entries = await readEntries(from, to);
      const leaves = entries.flatMap((entry, i) => leavesOf(entry, from + i));
      const grown = growTally({ root, leaves, readInner: (prefix) => store.inner(prefix) });
      await store.commit({ size: to, leaves, ...grown });
    }
    return this.state;
  }
}

/** The proof that answers the questions about a tally as its reader sees it. */
export function proveFrom(reader: TallyReader, questions: readonly Question[]): TallyProof {
  return proveTally({
    root: reader.state().root,
    questions,
    readInner: (prefix) => reader.inner(prefix),
    readLeaf: (key) => reader.leaf(key),
  });
}

/** The head of a tally that stands at the size of a log's root. */
export function tallyHead(
  origin: string,
  { size, root }: TallyState,
  logRoot: Uint8Array,
): TallyHead {
  return {
    origin,
    size,
    logRoot,
    tallyRoot: root?.hash ?? EMPTY_TALLY,
    count: root?.count ?? 0,
    sums: root?.sums ?? ZERO_SUMS,
  };
}
