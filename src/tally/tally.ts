/**
 * A tally that follows a log's entries, off the path of submissions. The log node keeps one of its own log, a verifier one
 * of each log that it mirrors: the same code over the same entries gives the same root.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import { leavesOf } from '../core/tally/leaves.ts';
import { EMPTY_TALLY, type TallyLeaf } from '../core/tally/node.ts';
import { ZERO_SUMS } from '../core/tally/sums.ts';
import type { TallyHead } from '../core/tally/tally-note.ts';
import { leafHashBySystem } from '../keys/openssl-hash.ts';
import { COMMIT_ENTRIES, commitLeaves } from './leaf-commit.ts';
import type { TallyState, TallyStore } from './tally-store.ts';

/** Reads entries [start, end) of the log. */
export type ReadEntries = (start: number, end: number) => Promise<readonly Uint8Array[]>;

/** Entries read at once: parsing them does not hold the event loop for long. */
const READ_ENTRIES = 64;

/** The leaves of entries [start, end) of the log; undefined where they are not at hand. */
export type FindLeaves = (start: number, end: number) => readonly TallyLeaf[] | undefined;

export interface TallyOptions {
  readonly store: TallyStore;
  readonly readEntries: ReadEntries;
  /** Asked before entries are read. */
  readonly findLeaves?: FindLeaves | undefined;
}

export class Tally {
  readonly #options: TallyOptions;
  // Two steps from one state would write over each other's nodes.
  readonly #inTurn = pLimit(1);

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  get state(): TallyState {
    return this.#options.store.state();
  }

  /** Takes in the log's entries up to `size`; resumes where it was. Stops early when `stopped` says so. */
  grow(size: number, stopped: () => boolean = () => false): Promise<TallyState> {
    return this.#inTurn(async () => {
      let state = this.state;
      while (state.size < size && !stopped()) {
        state = await this.#step(state.size, Math.min(size, state.size + COMMIT_ENTRIES));
      }
      return state;
    });
  }

  async #step(from: number, to: number): Promise<TallyState> {
    const leaves = await this.#leaves(from, to);
    return await commitLeaves(this.#options.store, { size: to, leaves });
  }

  /** Where not all of them are at hand, those of each half, in whole pieces. */
  async #leaves(from: number, to: number): Promise<readonly TallyLeaf[]> {
    const found = this.#options.findLeaves?.(from, to);
    if (found !== undefined) return found;
    if (to - from <= READ_ENTRIES) return await this.#read(from, to);
    const middle = from + READ_ENTRIES * Math.ceil((to - from) / 2 / READ_ENTRIES);
    return [...(await this.#leaves(from, middle)), ...(await this.#leaves(middle, to))];
  }

  async #read(from: number, to: number): Promise<readonly TallyLeaf[]> {
    const entries = await this.#options.readEntries(from, to);
    if (entries.length !== to - from) {
      throw new RangeError(`Expected entries ${from} to ${to} of the log, got ${entries.length}.`);
    }
    // A reader that has the entries at hand does not let anyone else have a turn.
    await nextTurn();
    return entries.flatMap((entry, i) => leavesOf(entry, from + i, leafHashBySystem));
  }
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
