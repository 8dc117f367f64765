/** The hashes of a log's entries as its tiles have them, learned after a start and kept up by whoever commits. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { HashFilter } from './hash-filter.ts';

/** Tiles that are learned in one turn of the event loop: two milliseconds. */
const TILES_PER_TURN = 32;
/** The filter is made for so many times the entries that are there. */
const ROOM = 1.25;

export class KnownHashes {
  readonly #filter: HashFilter;
  #isLearned = false;
  #isStopped = false;

  /** `size`: of the log; `readRow`: the row of a tile of the lowest level. A small log is learned at once. */
  constructor(size: number, readRow: (index: number) => Uint8Array | undefined) {
    this.#filter = new HashFilter(ROOM * size);
    // Whatever keeps it from learning: all hashes may be there then, and the database is asked as before.
    this.#learn(size, readRow).catch(() => undefined);
  }

  add(hash: Uint8Array): void {
    this.#filter.add(hash);
  }

  /** False only where no entry has this hash. */
  mayHave(hash: Uint8Array): boolean {
    return !this.#isLearned || this.#filter.mayHave(hash);
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #learn(size: number, readRow: (index: number) => Uint8Array | undefined): Promise<void> {
    let learned = 0;
    for (let index = 0; index * TILE_WIDTH < size; index++) {
      if (this.#isStopped) return;
      const row = readRow(index) ?? new Uint8Array();
      for (let at = 0; at < row.length; at += HASH_LENGTH) {
        this.#filter.add(row.subarray(at, at + HASH_LENGTH));
      }
      // The last tile may have grown meanwhile: what came later was added as it came.
      learned += Math.min(row.length / HASH_LENGTH, size - index * TILE_WIDTH);
      if (index % TILES_PER_TURN === TILES_PER_TURN - 1) await nextTurn();
    }
    // A tile that is cut short would let entries in a second time.
    this.#isLearned = learned === size;
  }
}
