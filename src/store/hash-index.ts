/**
 * Where the entries of a log are, by their hash. Hashes of the run that is being filled and of the one before are in memory;
 * with each sixteen entries that come, or so, one look-up row of the run before becomes due, and once a run is full all rows of
 * the one before are written. So which rows there are follows from the size of the log alone, and after a start the hashes
 * in memory are taken from the tiles, and in which runs a hash may be from kept tables and from the tiles that came later.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { bytesEqual } from '../core/bytes/equal.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import {
  comesWith,
  endOfGeneration,
  entriesOfGeneration,
  entriesPerRow,
  FIRST_RUN,
  type HashRun,
  rowNumber,
  runAt,
  runOf,
  runsBelow,
} from './hash-runs.ts';
import type { KeptTables } from './kept-tables.ts';
import { indexesInRow, RunHashes } from './run-hashes.ts';
import { RunTable, tableBytes } from './run-table.ts';
import { storeCorrupt } from './store-failure.ts';

/** What is in the database. */
export interface StoredHashes {
  /** The row of a tile of the lowest level. */
  readonly tile: (index: number) => Uint8Array | undefined;
  /** The look-up row that came with the entry at this index. */
  readonly lookUpRow: (index: number) => Uint8Array | undefined;
  /** The root over so many entries, by the tiles. @throws STORE_CORRUPT */
  readonly rootAt: (size: number) => Uint8Array;
}

export interface HashIndexOptions {
  /** Entries of the first runs; FIRST_RUN unless told. */
  readonly firstRun?: number | undefined;
  /** Tables of an earlier start; none unless told. */
  readonly kept?: KeptTables;
  /** Entries that are learned again at the next start rather than kept. */
  readonly worthKeeping?: number;
}

export interface LookUpRow {
  /** Whose entries it leads to. */
  readonly run: HashRun;
  /** Index of the entry that it comes with. */
  readonly comesWith: number;
  readonly row: Uint8Array;
}

/** Tiles that are learned in one turn of the event loop: a few milliseconds. */
const TILES_PER_TURN = 64;

/** Ten million entries are learned in less. */
const LONGEST_WAIT_MS = 3_000;

/** So many are learned in less than a tenth of a second. */
const WORTH_KEEPING = 262_144;

export class HashIndex {
  readonly #stored: StoredHashes;
  readonly #firstRun: number;
  readonly #kept: KeptTables | undefined;
  readonly #worthKeeping: number;
  /** How many entries are in kept tables. */
  #keptSize = 0;
  #filling: RunHashes;
  /** The run before it. */
  #full: RunHashes | undefined;
  /** By generation. */
  readonly #tables: RunTable[] = [];
  #isLearned = false;
  #ready: Promise<void> = Promise.resolve();
  #isStopped = false;

  /** Of a log of this size; begins to learn what it holds. @throws STORE_CORRUPT as the constructor does */
  static open(stored: StoredHashes, size: number, options?: HashIndexOptions): HashIndex {
    const index = new HashIndex(stored, size, options);
    if (size === 0) return index;
    // Whatever keeps it from learning: every run may have a hash then, and is asked.
    const learned = index.learn(size).catch(() => undefined);
    index.#ready = Promise.race([learned, sleep(LONGEST_WAIT_MS, undefined, { ref: false })]);
    return index;
  }

  /** Of a log of this size. @throws STORE_CORRUPT where a tile lacks a hash of the last two runs */
  constructor(stored: StoredHashes, size: number = 0, options: HashIndexOptions = {}) {
    const { firstRun = FIRST_RUN, kept, worthKeeping = WORTH_KEEPING } = options;
    this.#stored = stored;
    this.#firstRun = firstRun;
    this.#kept = kept;
    this.#worthKeeping = worthKeeping;
    const { start } = runAt(size, firstRun);
    this.#filling = this.#readRun(start, size);
    this.#full = start === 0 ? undefined : this.#readRun(runAt(start - 1, firstRun).start, start);
    if (size === 0) this.#isLearned = true;
  }

  /**
   * Learns what a log of this size has: from kept tables, and from the tiles in turns of the event loop; what is appended
   * meanwhile is known as well. Until then, and where a tile is damaged, every run may have a hash.
   */
  async learn(size: number): Promise<void> {
    const from = this.#takeKept(size);
    let run = runAt(from, this.#firstRun);
    for (let first = from, end = 0; first < size; first = end) {
      if (this.#isStopped) return;
      end = Math.min(first - (first % TILE_WIDTH) + TILE_WIDTH, size);
      const row = this.#tileRow(first, end);
      for (let at = 0; at < row.length; at += HASH_LENGTH) {
        if (first + at / HASH_LENGTH === run.start + run.length)
          run = runAt(run.start + run.length, this.#firstRun);
        this.#tableOf(run).add(row, run.number, at);
      }
      if ((end / TILE_WIDTH) % TILES_PER_TURN === 0) await nextTurn();
    }
    this.#isLearned = true;
  }

  /** Keeps the tables of a log of this size for the next start, if that is worth it. @throws the system's error */
  async keep(size: number): Promise<void> {
    const { start } = this.#filling.run;
    const isWhole = this.#isLearned && start + this.#filling.count === size;
    if (!isWhole || size - this.#keptSize < this.#worthKeeping) return;
    for (const [generation, { bytes }] of this.#tables.entries()) {
      const end = Math.min(endOfGeneration(generation, this.#firstRun), size);
      if (end <= this.#keptSize) continue;
      const kept = { size: end, root: this.#stored.rootAt(end), table: bytes };
      await this.#kept?.write(generation, kept);
    }
  }

  /** Resolves once a hash that is not there costs no look-up in each run, or it takes too long to wait for that. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Of the next entry; undefined where nobody is to look for it. The row that is due now, if one is. */
  append(hash: Uint8Array | undefined): LookUpRow | undefined {
    const [filling, full] = [this.#filling, this.#full];
    if (hash !== undefined) this.#tableOf(filling.run).add(hash, filling.run.number);
    filling.add(hash);
    const due = full && dueRow(full, filling);
    if (filling.count === filling.run.length) {
      this.#full = filling;
      const { start, length } = filling.run;
      this.#filling = new RunHashes(runAt(start + length, this.#firstRun));
    }
    return due;
  }

  /** Of the next entries, all of which are to be found. The rows that are due with them. */
  appendAll(entries: readonly { readonly entryHash: Uint8Array }[]): LookUpRow[] {
    return entries
      .map(({ entryHash }) => this.append(entryHash))
      .filter((row) => row !== undefined);
  }

  /** The first entry with this hash, if its tile has it. @throws STORE_CORRUPT */
  find(hash: Uint8Array): number | undefined {
    for (const run of this.#runsOf(hash)) {
      const index = this.#indexesIn(run, hash).find((at) => this.#isAt(hash, at));
      if (index !== undefined) return index;
    }
    return undefined;
  }

  /** The runs that may have it, the oldest first. */
  #runsOf(hash: Uint8Array): readonly HashRun[] {
    const { start, length } = this.#filling.run;
    if (!this.#isLearned) return runsBelow(start + length, this.#firstRun);
    const runs: HashRun[] = [];
    for (let generation = 0; generation < this.#tables.length; generation++) {
      for (const number of this.#tables[generation]?.runsOf(hash) ?? []) {
        runs.push(runOf(generation, number, this.#firstRun));
      }
    }
    return runs;
  }

  #indexesIn(run: HashRun, hash: Uint8Array): number[] {
    for (const held of [this.#filling, this.#full]) {
      if (held?.run.start === run.start) return held.indexesOf(hash);
    }
    const row = this.#stored.lookUpRow(comesWith(run, rowNumber(run, hash), this.#firstRun));
    return row === undefined ? [] : indexesInRow(run, row, hash);
  }

  #isAt(hash: Uint8Array, index: number): boolean {
    const at = (index % TILE_WIDTH) * HASH_LENGTH;
    const row = this.#stored.tile(Math.floor(index / TILE_WIDTH));
    return row !== undefined && bytesEqual(row.subarray(at, at + HASH_LENGTH), hash);
  }

  /** Tables that were kept of this log, generation by generation; gives how many entries they have. */
  #takeKept(size: number): number {
    for (let generation = 0; this.#keptSize < size; generation++) {
      const kept = this.#kept?.read(generation);
      const end = endOfGeneration(generation, this.#firstRun);
      if (kept === undefined || kept.size <= this.#keptSize || kept.size > Math.min(end, size))
        break;
      const entries = entriesOfGeneration(generation, this.#firstRun);
      if (kept.table.length !== tableBytes(entries)) break;
      if (!bytesEqual(this.#stored.rootAt(kept.size), kept.root)) break;
      this.#tables.push(new RunTable(entries, kept.table));
      this.#keptSize = kept.size;
      if (kept.size < end) break;
    }
    return this.#keptSize;
  }

  #tableOf({ generation }: HashRun): RunTable {
    for (let next = this.#tables.length; next <= generation; next++) {
      this.#tables.push(new RunTable(entriesOfGeneration(next, this.#firstRun)));
    }
    return this.#tables[generation] as RunTable;
  }

  #readRun(start: number, end: number): RunHashes {
    const hashes = new RunHashes(runAt(start, this.#firstRun));
    for (let first = start; first < end; first += TILE_WIDTH) {
      const row = this.#tileRow(first, Math.min(first - (first % TILE_WIDTH) + TILE_WIDTH, end));
      for (let at = 0; at < row.length; at += HASH_LENGTH) hashes.add(row, at);
    }
    return hashes;
  }

  /** Hashes of the entries of [start, end), all of one tile. */
  #tileRow(start: number, end: number): Uint8Array {
    const tile = Math.floor(start / TILE_WIDTH);
    const row = this.#stored.tile(tile) ?? new Uint8Array();
    const [from, to] = [start, end].map((at) => (at - tile * TILE_WIDTH) * HASH_LENGTH);
    if (row.length >= (to as number)) return row.subarray(from, to);
    throw storeCorrupt(`Tile ${tile} of level 0 lacks hashes`);
  }
}

function dueRow(full: RunHashes, filling: RunHashes): LookUpRow | undefined {
  const each = entriesPerRow(full.run, filling.run);
  if (filling.count % each !== 0) return undefined;
  const row = full.row(filling.count / each - 1);
  return row && { run: full.run, comesWith: filling.run.start + filling.count - 1, row };
}
