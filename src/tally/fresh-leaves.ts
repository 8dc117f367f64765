/**
 * The tally's leaves of the newest entries, out of the statements that admission has parsed: a tally, which follows some
 * commits behind, need not read and parse those entries again. After a start, or when it has fallen far behind, it reads
 * the log, or the verifier's copy of it.
 */
import { setIndex } from '../core/tally/key.ts';
import type { TallyLeaf } from '../core/tally/node.ts';
import { type PackedLeaves, packLeaves, type TalliedEntry, unpackLeaves } from './packed-leaves.ts';

/** Entries and leaves together: seconds of a busy log, as a tally is more than one second behind what comes in number. */
const MOST_HELD = 131_072;
/** Entries that are packed together, to some eighty bytes each: as objects, the garbage collector would move each of them. */
const BLOCK_ENTRIES = 256;

/** Of the entries [from, end). */
interface Block {
  readonly from: number;
  readonly end: number;
  readonly held: number;
  readonly packed: PackedLeaves;
}

export class FreshLeaves {
  readonly #most: number;
  readonly #blockEntries: number;
  /** One after the other, without a gap. */
  readonly #blocks: Block[] = [];
  /** Entries and leaves in the blocks. */
  #held = 0;
  /** The entries behind the blocks, and the index of their first. */
  #begun: TalliedEntry[] = [];
  #begunFrom = 0;

  /** Lets go of the oldest block once `most` are held without it. */
  constructor(most: number = MOST_HELD, blockEntries: number = BLOCK_ENTRIES) {
    this.#most = most;
    this.#blockEntries = blockEntries;
  }

  /** The leaves of entries that have been committed, from `index` on; their keys get the index that each has now. */
  add(index: number, entries: readonly TalliedEntry[]): void {
    if (index !== this.#end) {
      this.#drop(this.#blocks.length);
      this.#begun = [];
      this.#begunFrom = index;
    }
    for (const [i, { entryHash, tallyLeaves }] of entries.entries()) {
      for (const { key } of tallyLeaves) setIndex(key, index + i);
      this.#begun.push({ entryHash, tallyLeaves });
    }
    if (this.#begun.length >= this.#blockEntries) this.#pack();
  }

  /** The leaves of the entries [start, end); undefined where not all of them are held. */
  between(start: number, end: number): readonly TallyLeaf[] | undefined {
    const first = this.#blocks[0]?.from ?? this.#begunFrom;
    if (start < first || end > this.#end) return undefined;
    const wanted = (from: number, entries: readonly TalliedEntry[]): TallyLeaf[] =>
      entries
        .slice(Math.max(start - from, 0), Math.max(end - from, 0))
        .flatMap(({ tallyLeaves }) => tallyLeaves);
    const packed = this.#blocks.filter((block) => block.from < end && block.end > start);
    return [
      ...packed.map((block) => wanted(block.from, unpackLeaves(block.packed))),
      wanted(this.#begunFrom, this.#begun),
    ].flat();
  }

  get #end(): number {
    return this.#begunFrom + this.#begun.length;
  }

  #pack(): void {
    const [from, end] = [this.#begunFrom, this.#end];
    const held = this.#begun.reduce((sum, { tallyLeaves }) => sum + 1 + tallyLeaves.length, 0);
    this.#blocks.push({ from, end, held, packed: packLeaves(this.#begun) });
    this.#held += held;
    this.#begun = [];
    this.#begunFrom = end;
    while (this.#held - (this.#blocks[0]?.held ?? 0) >= this.#most) this.#drop(1);
  }

  #drop(count: number): void {
    for (const { held } of this.#blocks.splice(0, count)) this.#held -= held;
  }
}
