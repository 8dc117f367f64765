/**
 * In which runs of one generation a hash may be, kept in memory: its "in none" is certain; a run that it names is wrong for
 * about one hash in 25,000. A log asks for each new entry whether it is there already, and nearly always it is not: in the
 * database every such question costs a look-up in each run, and each look-up in vain may wait for the disk.
 */
import { partOf } from './hash-runs.ts';

/** So that a search ends after a dozen steps also when all entries of the generation are there. */
const ROOM = 1.25;
/** A slot holds the number of a run and, below it, a mark of the hash, which is never 0. */
const SLOT_BYTES = 3;
const MARK_BITS = 18;
const MARKS = 2 ** MARK_BITS - 1;
const NO_RUNS: readonly number[] = [];

export class RunTable {
  readonly #bytes: Uint8Array;
  readonly #slots: number;

  /** For at most so many hashes. `bytes`: those of a table for as many, with what that has; empty unless told. */
  constructor(hashes: number, bytes: Uint8Array = new Uint8Array(tableBytes(hashes))) {
    this.#bytes = bytes;
    this.#slots = bytes.length / SLOT_BYTES;
  }

  /** All that it has: the same table can be made of them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The hash that begins in `bytes` at `from`. `run`: 0 to 63, among those of the generation. */
  add(bytes: Uint8Array, run: number, from: number = 0): void {
    let at = partOf(bytes, from, this.#slots);
    while (this.#slot(at) !== 0) at = at + 1 < this.#slots ? at + 1 : 0;
    const slot = (run << MARK_BITS) | markOf(bytes, from);
    const place = at * SLOT_BYTES;
    this.#bytes[place] = slot >>> 16;
    this.#bytes[place + 1] = slot >>> 8;
    this.#bytes[place + 2] = slot;
  }

  /** Numbers of the runs that may have it, ascending. */
  runsOf(hash: Uint8Array): readonly number[] {
    const mark = markOf(hash, 0);
    let runs: Set<number> | undefined;
    for (let at = partOf(hash, 0, this.#slots); ; at = at + 1 < this.#slots ? at + 1 : 0) {
      const slot = this.#slot(at);
      if (slot === 0) return runs === undefined ? NO_RUNS : [...runs].sort((a, b) => a - b);
      if ((slot & MARKS) !== mark) continue;
      runs ??= new Set();
      runs.add(slot >>> MARK_BITS);
    }
  }

  #slot(at: number): number {
    const bytes = this.#bytes;
    const place = at * SLOT_BYTES;
    return (
      ((bytes[place] as number) << 16) |
      ((bytes[place + 1] as number) << 8) |
      (bytes[place + 2] as number)
    );
  }
}

/** Length of a table for at most so many hashes. */
export function tableBytes(hashes: number): number {
  return (Math.ceil(hashes * ROOM) + 1) * SLOT_BYTES;
}

// Of bytes that neither the place in the table nor a look-up row is told by.
function markOf(bytes: Uint8Array, from: number): number {
  const bits =
    ((bytes[from + 8] as number) << 16) |
    ((bytes[from + 9] as number) << 8) |
    (bytes[from + 10] as number);
  return 1 + (bits % MARKS);
}
