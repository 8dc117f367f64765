/** The hashes of one run, held until all of its look-up rows are written: a chain for each part of the hashes' range. */
import { HASHES_PER_ROW, type HashRun, partOf, wordAt } from './hash-runs.ts';
import { storeCorrupt } from './store-failure.ts';
import { textOf } from './store-rules.ts';

/** Of a hash in a look-up row: its bytes 4 to 7, then its entry's place in the run. */
const ITEM_BYTES = 8;
/** Where the bytes of a hash stand that a look-up row repeats. */
const MARK_AT = 4;

export class RunHashes {
  readonly run: HashRun;
  /** One more than the place of the newest hash in this part of the range; 0 for none. There are as many parts as entries. */
  readonly #newest: Int32Array;
  /** One more than the place of the hash before, in the same part. */
  readonly #before: Int32Array;
  readonly #marks: Int32Array;
  #count = 0;

  constructor(run: HashRun) {
    this.run = run;
    this.#newest = new Int32Array(run.length);
    this.#before = new Int32Array(run.length);
    this.#marks = new Int32Array(run.length);
  }

  /** Entries that it has, also those whose hash is not known. */
  get count(): number {
    return this.#count;
  }

  /** The hash of the run's next entry, which begins in `bytes` at `from`; undefined where nobody is to look for it. */
  add(bytes: Uint8Array | undefined, from: number = 0): void {
    const place = this.#count++;
    if (bytes === undefined) return;
    const part = partOf(bytes, from, this.run.length);
    this.#before[place] = this.#newest[part] as number;
    this.#newest[part] = place + 1;
    this.#marks[place] = wordAt(bytes, from + MARK_AT);
  }

  /** Entries whose hash may be this one: nearly always those that have it. The oldest first. */
  indexesOf(hash: Uint8Array): number[] {
    const mark = wordAt(hash, MARK_AT);
    const found = this.#places(partOf(hash, 0, this.run.length), 1).filter(
      (place) => this.#marks[place] === mark,
    );
    return found.reverse().map((place) => this.run.start + place);
  }

  /** One of the run's rows, once the run is complete; undefined where no hash belongs into it. */
  row(number: number): Uint8Array | undefined {
    const places = this.#places(number * HASHES_PER_ROW, HASHES_PER_ROW);
    if (places.length === 0) return undefined;
    const row = Buffer.allocUnsafe(places.length * ITEM_BYTES);
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      row.writeInt32BE(this.#marks[place] as number, i * ITEM_BYTES);
      row.writeUInt32BE(place, i * ITEM_BYTES + 4);
    }
    return row;
  }

  /** Of the hashes in so many parts of the range from this one on; the newest of each part first. */
  #places(from: number, parts: number): number[] {
    const places: number[] = [];
    for (let part = from; part < from + parts; part++) {
      for (
        let link = this.#newest[part] as number;
        link > 0;
        link = this.#before[link - 1] as number
      )
        places.push(link - 1);
    }
    return places;
  }
}

/** Entries whose hash may be this one, by the run's row for it; the oldest first. @throws STORE_CORRUPT */
export function indexesInRow(run: HashRun, row: Uint8Array, hash: Uint8Array): number[] {
  if (!isWhole(run, row)) {
    throw storeCorrupt(`A look-up row of the entries from ${run.start} on is damaged`);
  }
  const mark = wordAt(hash, MARK_AT);
  return placesIn(row)
    .filter((_, i) => wordAt(row, i * ITEM_BYTES) === mark)
    .map((place) => run.start + place)
    .sort((a, b) => a - b);
}

/** Entries that `expected` leads to and `row` does not, as it is stored. Whatever else it leads to is nobody's. */
export function lostFrom(
  run: HashRun,
  row: Uint8Array | undefined,
  expected: Uint8Array,
): number[] {
  // A damaged row is good for none of its entries.
  const held = new Set(row !== undefined && isWhole(run, row) ? itemsIn(row) : []);
  const items = itemsIn(expected);
  return placesIn(expected)
    .filter((_, i) => !held.has(items[i] ?? ''))
    .map((place) => run.start + place);
}

function isWhole(run: HashRun, row: Uint8Array): boolean {
  return row.length % ITEM_BYTES === 0 && placesIn(row).every((place) => place < run.length);
}

function placesIn(row: Uint8Array): number[] {
  return Array.from(
    { length: row.length / ITEM_BYTES },
    (_, i) => wordAt(row, i * ITEM_BYTES + 4) >>> 0,
  );
}

function itemsIn(row: Uint8Array): string[] {
  return Array.from({ length: row.length / ITEM_BYTES }, (_, i) =>
    textOf(row.subarray(i * ITEM_BYTES, (i + 1) * ITEM_BYTES)),
  );
}
