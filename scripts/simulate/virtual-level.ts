/**
 * A LevelDB folder on a virtual disk, as far as the stores use it. A write goes to the write-ahead log, then to the
 * platter if it is synced, then to the readers: each step may be the last one before the power fails.
 */
import type { LevelFolder } from '../../src/store/level-folder.ts';
import type { Faults } from './virtual-disk.ts';

export type Rows = Map<string, Uint8Array>;

export interface Change {
  readonly key: string;
  /** Undefined to delete. */
  readonly value: Uint8Array | undefined;
}

/** One batch in the write-ahead log: whole or not there, since its checksum tells. */
type Batch = readonly Change[];

/** The process that has a folder open. */
interface Holder {
  changed(key: string, value: Uint8Array): void;
}

/** What is on the disk of one folder, whoever has it open. */
export class LevelData {
  /** What a power cut leaves. */
  durable: Rows = new Map();
  /** Batches behind it that only the operating system holds, the oldest first. */
  unsynced: Batch[] = [];
  /** What takes back the batches that were synced last, the newest last: a damaged log loses its tail. */
  readonly tail: Batch[] = [];
  holder: Holder | undefined;

  sync(): void {
    for (const batch of this.unsynced) {
      this.tail.push(batch.map(({ key }) => ({ key, value: this.durable.get(key) })));
      if (this.tail.length > LONGEST_TAIL) this.tail.shift();
      apply(this.durable, batch);
    }
    this.unsynced = [];
  }

  /** What stands in the folder when it is opened next; `survived` of the batches that were not synced are there. */
  crash(survived: number): void {
    this.unsynced = this.unsynced.slice(0, survived);
    this.sync();
    this.holder = undefined;
  }

  /** The row changes by itself, for the process that has it open as well. */
  change(key: string, value: Uint8Array): void {
    this.durable.set(key, value);
    this.holder?.changed(key, value);
  }

  /** Takes back the newest synced batches, as LevelDB does with a log whose tail is damaged. */
  loseTail(batches: number): number {
    const lost = this.tail.splice(Math.max(0, this.tail.length - batches)).reverse();
    for (const undoing of lost) apply(this.durable, undoing);
    return lost.length;
  }
}

const LONGEST_TAIL = 6;

function apply(rows: Rows, batch: Batch): void {
  for (const { key, value } of batch) {
    if (value === undefined) rows.delete(key);
    else rows.set(key, value);
  }
}

interface Range {
  readonly gte?: Uint8Array;
  readonly gt?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

interface Operation {
  readonly type: 'put' | 'del';
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

interface Sync {
  readonly sync?: boolean;
}

interface Reading {
  readonly snapshot?: { readonly rows: Rows };
  readonly valueEncoding?: 'view' | 'utf8';
}

type Pair = [Uint8Array, Uint8Array];

/** A key as it stands in `Rows`. */
export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
const bytesOf = (text: string): Uint8Array => viewOf(Buffer.from(text, 'latin1'));
/** A copy, which nobody else writes to. */
const copyOf = (bytes: Uint8Array): Uint8Array => viewOf(Buffer.from(bytes));
/** The same bytes without the methods of a buffer, whose `slice` copies nothing. */
const viewOf = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

/** Opens the folder. Only what the stores ask of a `LevelFolder` is there. */
export function openVirtualLevel(data: LevelData, faults: Faults): LevelFolder {
  return new VirtualLevel(data, faults) as unknown as LevelFolder;
}

class VirtualLevel implements Holder {
  status = 'open';
  readonly #data: LevelData;
  readonly #faults: Faults;
  /** What readers see. */
  readonly #rows: Rows;
  #keys: readonly string[] | undefined;

  constructor(data: LevelData, faults: Faults) {
    this.#data = data;
    this.#faults = faults;
    this.#rows = new Map(data.durable);
    data.holder = this;
  }

  changed(key: string, value: Uint8Array): void {
    if (this.#rows.has(key)) this.#rows.set(key, value);
  }

  getSync(key: Uint8Array, options: Reading = {}): Uint8Array | string | undefined {
    this.#faults.read();
    const { rows } = options.snapshot ?? { rows: this.#rows };
    const value = rows.get(textOf(key));
    if (options.valueEncoding === 'utf8') return value && Buffer.from(value).toString();
    return value && copyOf(value);
  }

  async getMany(
    keys: readonly Uint8Array[],
    options?: Reading,
  ): Promise<(Uint8Array | string | undefined)[]> {
    return keys.map((key) => this.getSync(key, options));
  }

  async put(key: Uint8Array, value: Uint8Array, options: Sync = {}): Promise<void> {
    await this.#write([{ key: textOf(key), value: copyOf(value) }], options);
  }

  batch(): Gathering;
  batch(operations: readonly Operation[], options?: Sync): Promise<void>;
  batch(operations?: readonly Operation[], options: Sync = {}): Gathering | Promise<void> {
    if (operations === undefined) return new Gathering((batch, how) => this.#write(batch, how));
    const batch = operations.map(({ type, key, value }) => ({
      key: textOf(key),
      value: type === 'put' && value !== undefined ? copyOf(value) : undefined,
    }));
    return this.#write(batch, options);
  }

  async clear(): Promise<void> {
    await this.#write(
      [...this.#rows.keys()].map((key) => ({ key, value: undefined })),
      {},
    );
  }

  values(range: Range = {}): Pick<VirtualIterator<Uint8Array>, 'nextv' | 'close'> {
    const pairs = this.iterator(range);
    return {
      nextv: async (count) => (await pairs.nextv(count)).map(([, value]) => value),
      close: () => pairs.close(),
    };
  }

  iterator(range: Range = {}): VirtualIterator<Pair> {
    this.#faults.read();
    const pairs = this.#select(range).map(
      (key): Pair => [bytesOf(key), copyOf(this.#rows.get(key) as Uint8Array)],
    );
    return new VirtualIterator(pairs, ([key]) => key);
  }

  keys(range: Range = {}): VirtualIterator<Uint8Array> {
    this.#faults.read();
    return new VirtualIterator(this.#select(range).map(bytesOf), (key) => key);
  }

  snapshot(): { readonly rows: Rows; close(): Promise<void> } {
    return { rows: new Map(this.#rows), close: async () => {} };
  }

  async close(): Promise<void> {
    this.status = 'closed';
    if (this.#data.holder === this) this.#data.holder = undefined;
  }

  #select({ gte, gt, lt, lte, reverse = false, limit = -1 }: Range): string[] {
    this.#keys ??= [...this.#rows.keys()].sort();
    const [from, above, below, to] = [gte, gt, lt, lte].map((bound) => bound && textOf(bound));
    const keys = this.#keys.filter(
      (key) =>
        (from === undefined || key >= from) &&
        (above === undefined || key > above) &&
        (below === undefined || key < below) &&
        (to === undefined || key <= to),
    );
    const ordered = reverse ? keys.reverse() : keys;
    return limit < 0 ? ordered : ordered.slice(0, limit);
  }

  async #write(given: Batch, { sync = false }: Sync): Promise<void> {
    const isKept = await this.#faults.write();
    const batch = this.#faults.garble(given);
    if (isKept) this.#data.unsynced.push(batch);
    this.#faults.fail();
    if (sync) {
      await this.#faults.sync();
      this.#data.sync();
    }
    apply(this.#rows, batch);
    this.#keys = undefined;
  }
}

/** A batch to which rows are added one by one. */
class Gathering {
  readonly #batch: Change[] = [];
  readonly #write: (batch: Batch, options: Sync) => Promise<void>;

  constructor(write: (batch: Batch, options: Sync) => Promise<void>) {
    this.#write = write;
  }

  put(key: Uint8Array, value: Uint8Array): this {
    this.#batch.push({ key: textOf(key), value: copyOf(value) });
    return this;
  }

  async write(options: Sync = {}): Promise<void> {
    await this.#write(this.#batch, options);
  }
}

/** Rows as they stood when it was made. */
class VirtualIterator<T> {
  readonly #rows: readonly T[];
  readonly #keyOf: (row: T) => Uint8Array;
  #at = 0;

  constructor(rows: readonly T[], keyOf: (row: T) => Uint8Array) {
    this.#rows = rows;
    this.#keyOf = keyOf;
  }

  async all(): Promise<T[]> {
    return this.#rows.slice(this.#at);
  }

  async next(): Promise<T | undefined> {
    return this.#rows[this.#at++];
  }

  async nextv(count: number): Promise<T[]> {
    const rows = this.#rows.slice(this.#at, this.#at + count);
    this.#at += rows.length;
    return rows;
  }

  seek(target: Uint8Array): void {
    const at = this.#rows.findIndex((row) => textOf(this.#keyOf(row)) >= textOf(target));
    this.#at = at < 0 ? this.#rows.length : at;
  }

  async close(): Promise<void> {}

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    yield* this.#rows.slice(this.#at);
  }
}
