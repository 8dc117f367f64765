import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttestryError } from '../../src/errors.ts';
import { HashIndex, type HashIndexOptions, type StoredHashes } from '../../src/store/hash-index.ts';
import { findMisplaced } from '../../src/store/hash-replay.ts';
import {
  formatTable,
  type KeptTable,
  type KeptTables,
  parseTable,
} from '../../src/store/kept-tables.ts';
import type { Misplaced } from '../../src/store/log-store.ts';

/** So that some thousand entries make many runs, in three generations. */
const FIRST_RUN = 16;
const SHORT = { firstRun: FIRST_RUN };

function hashOf(index: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`entry ${index}`).digest());
}

/** A database that holds what an index makes due, and the tiles of the hashes that were appended. */
class Bed implements StoredHashes {
  readonly hashes: Uint8Array[] = [];
  readonly rows = new Map<number, Uint8Array>();
  /** Tiles that are not as they were. */
  readonly damaged = new Map<number, Uint8Array | undefined>();
  index = new HashIndex(this, 0, SHORT);
  asked = 0;
  readTiles = 0;

  tile(index: number): Uint8Array | undefined {
    this.readTiles++;
    if (this.damaged.has(index)) return this.damaged.get(index);
    return new Uint8Array(Buffer.concat(this.hashes.slice(256 * index, 256 * (index + 1))));
  }

  rootAt(size: number): Uint8Array {
    if (size > this.hashes.length) throw new RangeError('a root that nobody has');
    return createHash('sha256')
      .update(Buffer.concat(this.hashes.slice(0, size)))
      .digest();
  }

  lookUpRow(index: number): Uint8Array | undefined {
    this.asked++;
    return this.rows.get(index);
  }

  append(hashes: readonly Uint8Array[]): void {
    this.hashes.push(...hashes);
    const due = this.index.appendAll(hashes.map((entryHash) => ({ entryHash })));
    for (const { comesWith, row } of due) {
      expect(this.rows.has(comesWith), 'a row that is written twice').toBe(false);
      this.rows.set(comesWith, row);
    }
  }

  grow(size: number): void {
    const from = this.hashes.length;
    this.append(Array.from({ length: size - from }, (_, i) => hashOf(from + i)));
  }

  async restart(): Promise<void> {
    await this.open(SHORT);
  }

  async open(options: HashIndexOptions): Promise<void> {
    this.index = new HashIndex(this, this.hashes.length, options);
    await this.index.learn(this.hashes.length);
  }

  async misplaced(oneIn = 1): Promise<Misplaced[]> {
    const found: Misplaced[] = [];
    const size = this.hashes.length;
    for await (const one of findMisplaced(this, { size, oneIn, firstRun: FIRST_RUN }))
      found.push(one);
    return found;
  }
}

/** Every entry is found where it is first, and nothing else is found. */
function expectAll({ index, hashes }: Bed): void {
  const first = new Map<string, number>();
  for (const [i, hash] of hashes.entries()) {
    const name = Buffer.from(hash).toString('hex');
    first.set(name, first.get(name) ?? i);
    expect(index.find(hash)).toBe(first.get(name));
  }
  for (let i = 0; i < 50; i++) expect(index.find(hashOf(-1 - i))).toBeUndefined();
}

describe('HashIndex', () => {
  it('finds every entry of a log that grows by one', () => {
    const bed = new Bed();
    for (let size = 1; size <= 150; size++) {
      bed.grow(size);
      expectAll(bed);
    }
  });

  it('finds every entry in runs of three generations, and asks for one row at most', () => {
    const bed = new Bed();
    bed.grow(5_000);
    expectAll(bed);
    bed.asked = 0;
    for (let i = 0; i < 5_000; i++) bed.index.find(hashOf(i));
    expect(bed.asked).toBeLessThan(5_400);
  });

  it('makes the same rows due with any commits and starts, of whatever sizes', async () => {
    const plain = new Bed();
    plain.grow(2_600);
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 700 }), fc.boolean()), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (grown) => {
        const bed = new Bed();
        for (const [count, restarts] of grown) {
          bed.grow(Math.min(bed.hashes.length + count, 2_600));
          if (restarts) await bed.restart();
        }
        bed.grow(2_600);
        expect(bed.rows).toEqual(plain.rows);
      }),
      { numRuns: 30 },
    );
  });

  it('finds every entry before it has learned what the tiles hold, and what is appended meanwhile', async () => {
    const bed = new Bed();
    bed.grow(70_000);
    bed.index = new HashIndex(bed, 70_000, SHORT);
    const learning = bed.index.learn(70_000);
    bed.grow(70_300);
    const some = [0, 15, 16, 1_023, 1_024, 2_048, 69_999, 70_000, 70_299];
    expect(some.map((at) => bed.index.find(hashOf(at)))).toEqual(some);
    bed.asked = 0;
    expect(bed.index.find(hashOf(-1))).toBeUndefined();
    expect(bed.asked).toBeGreaterThan(200);
    await learning;
    bed.asked = 0;
    for (let i = 0; i < 100; i++) expect(bed.index.find(hashOf(-1 - i))).toBeUndefined();
    expect(bed.asked).toBeLessThan(100);
    expect(some.map((at) => bed.index.find(hashOf(at)))).toEqual(some);
  });

  it('is ready once it has learned, and where it cannot', async () => {
    const bed = new Bed();
    await HashIndex.open(bed, 0, SHORT).ready;
    bed.grow(40_000);
    const askedFor = (index: HashIndex): number => {
      bed.asked = 0;
      for (let i = 0; i < 20; i++) index.find(hashOf(-1 - i));
      return bed.asked;
    };
    const index = HashIndex.open(bed, 40_000, SHORT);
    expect(askedFor(index)).toBeGreaterThan(2_000);
    await index.ready;
    expect(askedFor(index)).toBeLessThan(10);
    bed.damaged.set(1, undefined);
    const unable = HashIndex.open(bed, 40_000, SHORT);
    await unable.ready;
    expect(askedFor(unable)).toBeGreaterThan(2_000);
  });

  it('stops learning when it is told to, and finds all the same', async () => {
    const bed = new Bed();
    bed.grow(20_000);
    bed.index = new HashIndex(bed, 20_000, SHORT);
    const learning = bed.index.learn(20_000);
    bed.index.stop();
    await learning;
    bed.asked = 0;
    expect(bed.index.find(hashOf(-1))).toBeUndefined();
    expect(bed.asked).toBeGreaterThan(100);
    expect(bed.index.find(hashOf(7))).toBe(7);
  });

  it.each([
    ['in other runs', (i: number) => i % 300, 600],
    ['in the same run', (i: number) => i >> 1, 450],
  ])('gives the first of entries that have one hash, %s', async (_, which, repeated) => {
    const bed = new Bed();
    for (let i = 0; i < 900; i++) {
      bed.append([hashOf(which(i))]);
      expect(bed.index.find(hashOf(which(i)))).toBeLessThanOrEqual(i);
    }
    expectAll(bed);
    await bed.restart();
    expectAll(bed);
    expect(await bed.misplaced()).toHaveLength(repeated);
  });

  it('tells hashes apart that differ in their last byte alone', async () => {
    const bed = new Bed();
    const alike = Array.from({ length: 200 }, (_, i) => {
      const hash = hashOf(0);
      hash[31] = i;
      return hash;
    });
    bed.append(alike);
    expectAll(bed);
    await bed.restart();
    bed.grow(500);
    expectAll(bed);
    const other = hashOf(0);
    other[31] = 200;
    expect(bed.index.find(other)).toBeUndefined();
  });

  it.each([
    ['cut short', new Uint8Array(32)],
    ['gone', undefined],
  ])('does not open a log of which a tile of the last runs is %s', (_, tile) => {
    const bed = new Bed();
    bed.grow(5_000);
    bed.damaged.set(19, tile);
    expect(() => new HashIndex(bed, 5_000, SHORT)).toThrow(AttestryError);
  });

  it('rules nothing out where an older tile is cut short', async () => {
    const bed = new Bed();
    bed.grow(5_000);
    bed.damaged.set(3, new Uint8Array(32));
    bed.index = new HashIndex(bed, 5_000, SHORT);
    await expect(bed.index.learn(5_000)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(bed.index.find(hashOf(17))).toBe(17);
    expect(bed.index.find(hashOf(4_990))).toBe(4_990);
  });
});

/** Kept in memory, as the files would be. */
class MemoryTables implements KeptTables {
  readonly files = new Map<number, Uint8Array>();
  written = 0;

  read(generation: number): KeptTable | undefined {
    const file = this.files.get(generation);
    return file && parseTable(file);
  }

  async write(generation: number, table: KeptTable): Promise<void> {
    this.written++;
    this.files.set(generation, formatTable(table));
  }
}

describe('HashIndex with kept tables', () => {
  const keeping = (kept: KeptTables, worthKeeping = 1): HashIndexOptions => ({
    ...SHORT,
    kept,
    worthKeeping,
  });

  interface Closed {
    readonly bed: Bed;
    readonly kept: MemoryTables;
  }

  const fileOf = ({ kept }: Closed): Uint8Array => kept.files.get(1) as Uint8Array;

  /** A log of this size, closed with its tables kept. */
  async function closed(
    size: number,
    hash: (index: number) => Uint8Array = hashOf,
  ): Promise<Closed> {
    const [bed, kept] = [new Bed(), new MemoryTables()];
    bed.index = new HashIndex(bed, 0, keeping(kept));
    bed.append(Array.from({ length: size }, (_, i) => hash(i)));
    await bed.index.keep(size);
    return { bed, kept };
  }

  it('finds every entry with starts at any sizes, whether or not the log was closed before', async () => {
    const steps = fc.array(
      fc.record({ count: fc.integer({ min: 0, max: 1_500 }), keeps: fc.boolean() }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (grown) => {
        const [bed, kept] = [new Bed(), new MemoryTables()];
        bed.index = new HashIndex(bed, 0, keeping(kept));
        for (const { count, keeps } of grown) {
          bed.grow(bed.hashes.length + count);
          if (keeps) await bed.index.keep(bed.hashes.length);
          await bed.open(keeping(kept));
        }
        expectAll(bed);
        bed.asked = 0;
        for (let i = 0; i < 100; i++) bed.index.find(hashOf(-1 - i));
        expect(bed.asked).toBeLessThan(50);
      }),
      { numRuns: 15 },
    );
  });

  it('reads the tiles of the last two runs alone, and writes again what has grown alone', async () => {
    const { bed, kept } = await closed(6_000);
    expect([...kept.files.keys()]).toEqual([0, 1, 2, 3]);
    bed.readTiles = 0;
    await bed.open(keeping(kept));
    expect(bed.readTiles).toBeLessThan(4);
    kept.written = 0;
    await bed.index.keep(6_000);
    expect(kept.written).toBe(0);
    bed.grow(6_100);
    await bed.index.keep(6_100);
    expect(kept.written).toBe(1);
    bed.grow(9_000);
    await bed.open(keeping(kept));
    expectAll(bed);
  });

  it('keeps nothing that is learned as fast, nor what it has not learned, nor what was not committed', async () => {
    const kept = new MemoryTables();
    const bed = new Bed();
    bed.index = new HashIndex(bed, 0, keeping(kept, 3_001));
    bed.grow(3_000);
    await bed.index.keep(3_000);
    expect(kept.written).toBe(0);
    bed.grow(3_001);
    await bed.index.keep(3_002);
    expect(kept.written).toBe(0);
    const unlearned = new HashIndex(bed, 3_001, keeping(kept));
    unlearned.append(hashOf(3_001));
    await unlearned.keep(3_002);
    expect(kept.written).toBe(0);
    await bed.index.keep(3_001);
    expect(kept.written).toBeGreaterThan(0);
  });

  it.each<
    [
      string,
      (
        kept: MemoryTables,
        others: { readonly other: Uint8Array; readonly older: Uint8Array },
      ) => void,
    ]
  >([
    ['is gone', ({ files }) => void files.delete(1)],
    ['has a byte flipped', ({ files }) => flip(files.get(1) as Uint8Array)],
    [
      'is cut short',
      ({ files }) => void files.set(1, (files.get(1) as Uint8Array).subarray(0, -2)),
    ],
    ['is empty', ({ files }) => void files.set(1, new Uint8Array())],
    ['is of another generation', ({ files }) => void files.set(1, files.get(0) as Uint8Array)],
    ['is of another log', ({ files }, { other }) => void files.set(1, other)],
    ['is older than the next one', ({ files }, { older }) => void files.set(1, older)],
    ['is of a larger log', (kept) => void rewrite(kept, 2, { size: 3_001 })],
    ['has another length', (kept) => void rewrite(kept, 1, { table: new Uint8Array(9) })],
  ])('learns from the tiles what a table that %s would have told', async (_, damage) => {
    const { bed, kept } = await closed(3_000);
    const others = await closed(3_000, (index) => hashOf(-1 - index));
    const older = await closed(1_500);
    damage(kept, { other: fileOf(others), older: fileOf(older) });
    await bed.open(keeping(kept));
    expectAll(bed);
    await bed.index.keep(3_000);
    const again = new MemoryTables();
    for (const [generation, file] of kept.files) again.files.set(generation, file);
    bed.readTiles = 0;
    await bed.open(keeping(again));
    expect(bed.readTiles).toBeLessThan(4);
    expectAll(bed);
  });

  function flip(file: Uint8Array): void {
    file[500] = (file[500] as number) ^ 1;
  }

  function rewrite(kept: MemoryTables, generation: number, change: Partial<KeptTable>): void {
    const table = kept.read(generation) as KeptTable;
    kept.files.set(generation, formatTable({ ...table, ...change }));
  }
});

describe('findMisplaced', () => {
  it('finds nothing wrong with what an index has made', async () => {
    for (const size of [0, 1, 16, 33, 3_000]) {
      const bed = new Bed();
      bed.grow(size);
      expect(await bed.misplaced()).toEqual([]);
      expect(await bed.misplaced(8)).toEqual([]);
    }
  });

  it('names each entry of a row that is gone or leads elsewhere, and no other', async () => {
    const bed = new Bed();
    bed.grow(3_000);
    for (const [comesWith, row] of bed.rows) {
      bed.rows.delete(comesWith);
      const gone = await bed.misplaced();
      expect(gone).toHaveLength(row.length / 8);
      for (const { index, found } of gone) {
        expect(found).toBeUndefined();
        expect(bed.index.find(hashOf(index))).toBeUndefined();
      }
      const elsewhere = Uint8Array.from(row);
      elsewhere[7] = ((elsewhere[7] as number) + 1) % 16;
      bed.rows.set(comesWith, elsewhere);
      expect(await bed.misplaced()).toHaveLength(1);
      bed.rows.set(comesWith, row);
      if (comesWith > 600) break;
    }
    expect(await bed.misplaced()).toEqual([]);
  });

  it('looks at one hash in eight where it is told to', async () => {
    const bed = new Bed();
    bed.grow(3_000);
    bed.rows.clear();
    const all = await bed.misplaced();
    const chosen = all.filter(({ index }) => (hashOf(index)[0] as number) % 8 === 0);
    expect(await bed.misplaced(8)).toEqual(chosen);
    expect(chosen.length).toBeGreaterThan(200);
    expect(chosen.length).toBeLessThan(500);
  });

  it('leaves out an entry whose tile is damaged, and still judges the others', async () => {
    const bed = new Bed();
    bed.grow(3_000);
    bed.damaged.set(2, undefined);
    bed.damaged.set(4, bed.hashes.slice(1_024, 1_025)[0]);
    expect(await bed.misplaced()).toEqual([]);
    const [first] = bed.rows.keys();
    bed.rows.delete(first ?? 0);
    expect((await bed.misplaced()).length).toBeGreaterThan(0);
  });
});
