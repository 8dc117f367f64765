/**
 * In which runs of one generation a hash may be, kept in memory: its "in none" is certain; a run that it names is wrong for
 * about one hash in a hundred. A log asks for each new entry whether it is there already, and nearly always it is not: in the
 * database every such question costs a look-up in each run.
 */
import { partOf } from './hash-runs.ts';

/** So that a search ends after a few steps also when all entries of the generation are there. */
const ROOM = 1.25;
/** A slot holds the number of a run and, below it, a mark of the hash, which is never 0. */
const MARK_BITS = 10;
const MARKS = 2 ** MARK_BITS - 1;
const NO_RUNS: readonly number[] = [];

export class RunTable {
  readonly #slots: Uint16Array;

  /** For at most so many hashes. `slots`: those of a table for as many, with what that has; empty ones unless told. */
  constructor(hashes: number, slots: Uint16Array = new Uint16Array(slotsFor(hashes))) {
    this.#slots = slots;
  }

  /** All that it has: the same table can be made of them. */
  get slots(): Uint16Array {
    return this.#slots;
  }

  /** The hash that begins in `bytes` at `from`. `run`: 0 to 63, among those of the generation. */
  add(bytes: Uint8Array, run: number, from: number = 0): void {
    const slots = this.#slots;
    let at = partOf(bytes, from, slots.length);
    while (slots[at] !== 0) at = at + 1 < slots.length ? at + 1 : 0;
    slots[at] = (run << MARK_BITS) | markOf(bytes, from);
  }

  /** Numbers of the runs that may have it, ascending. */
  runsOf(hash: Uint8Array): readonly number[] {
    const slots = this.#slots;
    const mark = markOf(hash, 0);
    let runs: Set<number> | undefined;
    for (let at = partOf(hash, 0, slots.length); ; at = at + 1 < slots.length ? at + 1 : 0) {
      const slot = slots[at] as number;
      if (slot === 0) return runs === undefined ? NO_RUNS : [...runs].sort((a, b) => a - b);
      if ((slot & MARKS) !== mark) continue;
      runs ??= new Set();
      runs.add(slot >>> MARK_BITS);
    }
  }
}

/** Slots of a table for at most so many hashes. */
export function slotsFor(hashes: number): number {
  return Math.ceil(hashes * ROOM) + 1;
}

// Of bytes that neither the place in the table nor a look-up row is told by.
function markOf(bytes: Uint8Array, from: number): number {
  return 1 + ((((bytes[from + 8] as number) << 8) | (bytes[from + 9] as number)) % MARKS);
}
