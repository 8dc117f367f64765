/** Entries out of a log's database, by the rows in which they stand side by side. */
import {
  byTile,
  bytesIn,
  entriesIn,
  firstOfRow,
  partOf,
  type RowPart,
  rowsOf,
  type Wanted,
} from './entry-rows.ts';
import type { LevelFolder } from './level-folder.ts';
import { entryRowKey } from './level-keys.ts';
import { getPassingRow, getRow, passingValues } from './level-reads.ts';
import type { Head } from './log-store.ts';
import { checkRange } from './store-rules.ts';

export class EntryReader {
  readonly #db: LevelFolder;
  readonly #head: () => Head | undefined;

  constructor(db: LevelFolder, head: () => Head | undefined) {
    this.#db = db;
    this.#head = head;
  }

  /** As LogStore.entriesSync. */
  entriesSync(start: number, end: number): Uint8Array[] {
    return this.#partsSync(start, end, getRow).flatMap(entriesIn);
  }

  /** As LogStore.entries. */
  async entries(start: number, end: number): Promise<Uint8Array[]> {
    return (await this.#parts(start, end)).flatMap(entriesIn);
  }

  /** As LogStore.bundlePieces. */
  async bundlePieces(start: number, end: number): Promise<Uint8Array[]> {
    return (await this.#parts(start, end)).map(bytesIn);
  }

  /** As LogStore.bundlePiecesSync. */
  bundlePiecesSync(start: number, end: number): Uint8Array[] {
    return this.#partsSync(start, end, getPassingRow).map(bytesIn);
  }

  /** What stands in the row in which the entry at `from`, the next one, is to stand. */
  begunRow(from: number): Uint8Array {
    const first = firstOfRow(from);
    if (first === from) return new Uint8Array();
    const wanted = { start: first, end: from, size: from, sizeNow: () => from };
    return bytesIn(partOf(getRow(this.#db, entryRowKey(first)), first, wanted));
  }

  #partsSync(start: number, end: number, get: typeof getRow): RowPart[] {
    const wanted = this.#wanted(start, end);
    return rowsOf(start, end).map((first) =>
      partOf(get(this.#db, entryRowKey(first)), first, wanted),
    );
  }

  async #parts(start: number, end: number): Promise<RowPart[]> {
    const wanted = this.#wanted(start, end);
    const firsts = rowsOf(start, end);
    const rows = await this.#rows(firsts);
    return firsts.map((first, i) => partOf(rows[i], first, wanted));
  }

  // By a scan of each tile's rows, which stand side by side: LevelDB takes look-ups that pass by other files for a sign of
  // disorder, and writes those files anew.
  async #rows(firsts: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    const rows: (Uint8Array | undefined)[] = [];
    for (const ofTile of byTile(firsts)) {
      const [first, last] = [ofTile[0], ofTile.at(-1)] as [number, number];
      const range = { gte: entryRowKey(first), lte: entryRowKey(last) };
      const found = await passingValues(this.#db, range, ofTile.length);
      // Keys are distinct and within the range, so the right number of rows is every row; where one is gone, which?
      const isWhole = found.length === ofTile.length;
      for (const [i, begin] of ofTile.entries())
        rows.push(isWhole ? found[i] : getRow(this.#db, entryRowKey(begin)));
    }
    return rows;
  }

  #wanted(start: number, end: number): Wanted {
    const head = this.#head();
    checkRange(head, start, end);
    return { start, end, size: head?.size ?? 0, sizeNow: () => this.#head()?.size ?? 0 };
  }
}
