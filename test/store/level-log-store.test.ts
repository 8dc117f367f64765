import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { growTiles } from '../../src/core/merkle/growth.ts';
import { leafHash, sha256 } from '../../src/core/merkle/hash.ts';
import type { ReadTile } from '../../src/core/merkle/tile.ts';
import { type Disk, SYSTEM_DISK } from '../../src/store/disk.ts';
import { FIRST_RUN } from '../../src/store/hash-runs.ts';
import { lookUpKey } from '../../src/store/level-keys.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import type { LogCommit, LogStore, Misplaced } from '../../src/store/log-store.ts';
import { type Child, runFixture } from '../helpers/child-process.ts';
import { eventually } from '../helpers/eventually.ts';
import { openWithDatabase } from '../helpers/open-database.ts';
import { codeOf, commitOf, describeLogStore, entryOf, MODEL_A } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { flipBit } from '../helpers/wrapped-store.ts';

const COMMIT_FOREVER = new URL('./fixtures/commit-forever.mjs', import.meta.url);

describeLogStore('openLevelLogStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'attestry-'));
  return {
    open: () => openLevelLogStore(join(folder, 'made', 'on the way')),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});

async function reopen(folder: string): Promise<LogStore> {
  const store = await openLevelLogStore(folder);
  onTestFinished(() => store.close());
  return store;
}

/** Changes rows behind the store's back: keys in the layout of level-keys.ts; `undefined` deletes. */
async function tamper(
  folder: string,
  rows: readonly [string, string | undefined][],
): Promise<void> {
  const db = new Level(folder, { keyEncoding: 'hex', valueEncoding: 'hex' });
  for (const [key, value] of rows) {
    if (value === undefined) await db.del(key);
    else await db.put(key, value);
  }
  await db.close();
}

const u64 = (value: number): string => value.toString(16).padStart(16, '0');
const hex2 = (value: number): string => value.toString(16).padStart(2, '0');
const letter = (text: string): string => encodeHex(encodeUtf8(text));

/** A commit whose tiles hold the entries' hashes, as those of a log do. */
function grownBy(from: number, count: number, readTile: ReadTile): LogCommit {
  const commit = commitOf(from, count);
  const leafHashes = commit.entries.map(({ entryHash }) => entryHash);
  const { tiles, size, root } = growTiles({ size: from, leafHashes, readTile });
  return { ...commit, tiles, head: { size, root } };
}

/** Entries of which the first run's look-up rows are all there, and some of the second's. */
async function committedMany(folder: string): Promise<number> {
  const many = 2 * FIRST_RUN + 4_096;
  const store = await openLevelLogStore(folder);
  await store.commit(grownBy(0, many, (level, index) => store.tile(level, index) as Uint8Array));
  await store.close();
  return many;
}

async function countReads(ready: () => Promise<void>): Promise<number> {
  const gets = vi.spyOn(Level.prototype, 'getSync');
  await ready();
  const count = gets.mock.calls.length;
  gets.mockRestore();
  return count;
}

/** Keys in hex of the look-up rows that come with the entries [start, end). */
function lookUpKeys(start: number, end: number): string[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
    .filter((index) => index % 16 === 15)
    .map((index) => encodeHex(lookUpKey(index)));
}

async function misplacedIn(store: LogStore, oneIn?: number): Promise<Misplaced[]> {
  const found: Misplaced[] = [];
  for await (const entry of store.misplaced(oneIn)) found.push(entry);
  return found;
}

describe('openLevelLogStore on the disk', () => {
  test('keeps of a large log which hashes it has, beside the database, and reads few tiles at the next start', async () => {
    const folder = await temporaryFolder();
    const size = 8 * FIRST_RUN;
    // Whose disk never ends writing a file: it must close all the same.
    const stuck: Disk = { ...SYSTEM_DISK, replaceFile: () => new Promise(() => undefined) };
    const first = await openLevelLogStore(folder, stuck);
    const readTile: ReadTile = (level, index) => first.tile(level, index) as Uint8Array;
    for (let from = 0; from < size; from += FIRST_RUN)
      await first.commit(grownBy(from, FIRST_RUN, readTile));
    await first.close();
    expect(await readdir(folder)).not.toContain('hashes-0');
    const closing = await openLevelLogStore(folder);
    await closing.ready();
    await closing.close();
    expect(await readdir(folder)).toContain('hashes-0');
    const second = await openLevelLogStore(folder);
    // Of the last two runs, and of the root.
    const tiles = (2 * FIRST_RUN) / 256;
    expect(await countReads(() => second.ready())).toBeLessThan(tiles + 20);
    const asked = [0, FIRST_RUN, size - 1, size];
    const found = asked.map((index) => second.indexOf(leafHash(entryOf(index))));
    expect(found).toEqual([0, FIRST_RUN, size - 1, undefined]);
    await second.close();
    // LevelDB has let the file be; without it all is learned as before.
    await rm(join(folder, 'hashes-0'));
    const third = await reopen(folder);
    expect(await countReads(() => third.ready())).toBeGreaterThan(size / 256);
    expect(third.indexOf(leafHash(entryOf(FIRST_RUN)))).toBe(FIRST_RUN);
  });

  test('knows what it holds, and what it does not, also after a start and while it learns', async () => {
    const folder = await temporaryFolder();
    const many = await committedMany(folder);
    const store = await reopen(folder);
    const readTile: ReadTile = (level, index) => store.tile(level, index) as Uint8Array;
    // In the database, in memory alone, not there yet, and nowhere.
    const asked = [0, 255, 256, FIRST_RUN - 1, FIRST_RUN, many - 1, many, many + 1, many + 2];
    const indexesOf = (): (number | undefined)[] =>
      asked.map((index) => store.indexOf(leafHash(entryOf(index))));
    const held = asked.slice(0, 6);
    expect(indexesOf()).toEqual([...held, undefined, undefined, undefined]);
    await store.commit(grownBy(many, 1, readTile));
    expect(indexesOf()).toEqual([...held, many, undefined, undefined]);
    const gets = vi.spyOn(Level.prototype, 'getSync');
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    await eventually(() => {
      gets.mockClear();
      expect(store.indexOf(leafHash(entryOf(many + 1)))).toBeUndefined();
      expect(gets).not.toHaveBeenCalled();
    });
    await store.commit(grownBy(many + 1, 1, readTile));
    expect(indexesOf()).toEqual([...held, many, many + 1, undefined]);
    const repeated = { ...grownBy(many + 2, 1, readTile), entries: commitOf(3, 1).entries };
    expect(await codeOf(() => store.commit(repeated))).toBe('ENTRY_DUPLICATE');
    expect(await misplacedIn(store)).toEqual([]);
  });

  test('lets no commit pass whose look-up rows read back differently', async () => {
    const folder = await temporaryFolder();
    const many = await committedMany(folder);
    const { store, db } = await openWithDatabase(folder);
    const readTile: ReadTile = (level, index) => store.tile(level, index) as Uint8Array;
    const rows = lookUpKeys(many, many + 64);
    expect(rows).toHaveLength(4);
    const getSync = db.getSync.bind(db);
    const flipped = vi.spyOn(db, 'getSync').mockImplementation((...asked) => {
      const row = getSync(...asked) as Uint8Array;
      return encodeHex(asked[0] as Uint8Array) === rows[2] ? flipBit(row, 70) : row;
    });
    expect(await codeOf(() => store.commit(grownBy(many, 64, readTile)))).toBe('TABLE_MISMATCH');
    flipped.mockRestore();
    expect(store.head()?.size).toBe(many + 64);
  });

  test('asks LevelDB to sync every write before it answers', async () => {
    const some = new Level(await temporaryFolder());
    await some.open();
    const gathering = some.batch();
    // Where `write` is: not in level's own class, but in the one behind it.
    const shared: typeof gathering = Object.getPrototypeOf(Object.getPrototypeOf(gathering));
    const write = vi.spyOn(shared, 'write');
    await some.close();
    const put = vi.spyOn(Level.prototype, 'put');
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const store = await reopen(await temporaryFolder());
    await store.commit(commitOf(0, 3));
    await store.putCheckpoint('committed', 3, 'note\n');
    expect(write.mock.calls).toEqual([[{ sync: true }]]);
    expect(put.mock.calls.map((call) => call.at(-1))).toEqual([{ sync: true }, { sync: true }]);
  });
});

describe('openLevelLogStore on a damaged folder', () => {
  async function committed(): Promise<string> {
    const folder = await temporaryFolder();
    const store = await openLevelLogStore(folder);
    const state = { sequence: 0, digest: MODEL_A, windowEnd: 0, model: MODEL_A };
    await store.commit(commitOf(0, 3, { streams: new Map([['s', state]]) }));
    await store.putCheckpoint('committed', 3, 'note\n');
    await store.close();
    return folder;
  }

  /** Rows of eight entries, of eight and of six. */
  async function committedRows(): Promise<string> {
    const folder = await temporaryFolder();
    const store = await openLevelLogStore(folder);
    await store.commit(commitOf(0, 22));
    await store.close();
    return folder;
  }

  const rowOf = (from: number, to: number): string =>
    encodeHex(encodeBundle(Array.from({ length: to - from }, (_, i) => entryOf(from + i))));

  test.each<[string, number, string | undefined]>([
    ['a row of entries that is gone', 1, undefined],
    ['a row without bytes', 1, ''],
    ['a row that is cut short', 1, rowOf(8, 16).slice(0, -2)],
    ['a row that ends within a length', 1, `${rowOf(8, 15)}00`],
    ['a row that ends behind a length', 1, `${rowOf(8, 15)}0001`],
    ['a row with bytes left over', 1, `${rowOf(8, 16)}00`],
    ['a row with an entry too few', 1, rowOf(8, 15)],
    ['a row with an entry too many', 1, rowOf(8, 17)],
    ['a last row that is gone', 2, undefined],
    ['a last row without bytes', 2, ''],
    ['a last row that is cut short', 2, rowOf(16, 22).slice(0, -2)],
    ['a last row with an entry too few', 2, rowOf(16, 21)],
    ['a last row with an entry too many', 2, rowOf(16, 23)],
  ])('reports %s, and does not call its entries absent', async (_, row, value) => {
    const folder = await committedRows();
    await tamper(folder, [[letter('e') + u64(0) + letter('e') + hex2(row), value]]);
    const store = await reopen(folder);
    for (const index of [8 * row, 8 * row + 5]) {
      expect(await codeOf(() => store.entry(index))).toBe('STORE_CORRUPT');
      const reads = [
        () => store.entries(index, index + 1),
        () => store.entriesSync(index, index + 1),
        () => store.bundlePieces(index, index + 1),
        () => store.bundlePiecesSync(index, index + 1),
        () => store.entries(0, 22),
        () => store.entriesSync(0, 22),
        () => store.bundlePieces(0, 22),
        () => store.bundlePiecesSync(0, 22),
      ];
      for (const read of reads) expect(await codeOf(read)).toBe('STORE_CORRUPT');
    }
    // The rows beside it are as they were.
    const [whole, last] = row === 1 ? [16, 21] : [8, 15];
    expect(store.entry(last)).toEqual(entryOf(last));
    expect(await store.entries(whole, whole + 2)).toEqual([whole, whole + 1].map(entryOf));
    expect(store.entry(22)).toBeUndefined();
    // What is damaged is not written anew, as if it were whole.
    const next = codeOf(() => store.commit(commitOf(22, 1)));
    expect(await next).toBe(row === 2 ? 'STORE_CORRUPT' : 'nothing thrown');
    expect(store.head()?.size).toBe(row === 2 ? 22 : 23);
  });

  test('keeps in memory no more than the one entry that it gave', async () => {
    const store = await reopen(await committedRows());
    expect(store.entry(21)?.buffer.byteLength).toBe(entryOf(21).length);
  });

  test('reads a row that grows meanwhile', async () => {
    const { store, db } = await openWithDatabase(await committedRows());
    const values = db.values.bind(db);
    let grown: Promise<ReturnType<typeof values>> | undefined;
    vi.spyOn(db, 'values').mockImplementationOnce((range: Parameters<typeof values>[0]) =>
      Object.assign(values(range), {
        nextv: async (count: number) => {
          grown ??= store.commit(commitOf(22, 3)).then(() => values(range));
          return await (await grown).nextv(count);
        },
      }),
    );
    expect(await store.entries(12, 22)).toEqual(
      Array.from({ length: 10 }, (_, i) => entryOf(12 + i)),
    );
    expect(store.head()?.size).toBe(25);
  });

  test('refuses a log of another format, and leaves it as it is', async () => {
    const folder = await committedRows();
    const older: [string, string] = [letter('f'), letter('attestry log 3')];
    await tamper(folder, [older]);
    for (let again = 0; again < 2; again++) {
      await expect(openLevelLogStore(folder)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('a log of this version'),
      });
    }
    await tamper(folder, [[letter('f'), letter('attestry log 4')]]);
    expect(await (await reopen(folder)).entries(0, 22)).toHaveLength(22);
  });

  test('reports a tile that is gone', async () => {
    const folder = await committed();
    await tamper(folder, [[`${letter('e')}${u64(0)}${letter('t')}`, undefined]]);
    expect(await codeOf(async () => (await reopen(folder)).tile(0, 0))).toBe('STORE_CORRUPT');
  });

  test.each<[string, string, string, (store: LogStore) => unknown]>([
    ['a head too short', letter('h'), u64(3), (s) => s.head()],
    ['a head beyond 2^53', letter('h'), 'ff'.repeat(40), (s) => s.head()],
    ['a stream that is no JSON', letter('ss'), '7b', (s) => s.stream('s')],
    ['a stream without its fields', letter('ss'), letter('{}'), (s) => s.stream('s')],
    ['a note that is no text', letter('k') + u64(3), 'ff', (s) => s.latestCheckpoint('committed')],
    ['a key cut short', `${letter('k')}ff`, '', (s) => s.latestCheckpoint('committed')],
  ])('reports %s', async (_, key, value, read) => {
    const folder = await committed();
    await tamper(folder, [[key, value]]);
    const store = await reopen(folder);
    expect(await codeOf(() => read(store))).toBe('STORE_CORRUPT');
  });

  test('names the entries of a look-up row that is damaged, and never finds them elsewhere', async () => {
    const folder = await temporaryFolder();
    const many = await committedMany(folder);
    const [key = ''] = lookUpKeys(FIRST_RUN, many);
    const whole = await reopenRow(folder, key);
    const items = whole.length / 16;
    const lead = (index: number): number | undefined => leafHash(entryOf(index))[0];
    for (const [row, lost, answer] of [
      [undefined, items, 'nothing thrown'],
      ['', items, 'nothing thrown'],
      [whole.slice(0, -2), items, 'STORE_CORRUPT'],
      [`${whole}00`, items, 'STORE_CORRUPT'],
      [encodeHex(flipBit(Buffer.from(whole, 'hex'), 3)), 1, 'nothing thrown'],
      [encodeHex(flipBit(Buffer.from(whole, 'hex'), 63)), 1, 'nothing thrown'],
      [`${whole.slice(0, 8)}ffffffff${whole.slice(16)}`, items, 'STORE_CORRUPT'],
    ] as const) {
      await tamper(folder, [[key, row]]);
      const store = await openLevelLogStore(folder);
      const found = await misplacedIn(store);
      expect(found, row).toHaveLength(lost);
      expect(found.every((entry) => entry.found === undefined && lead(entry.index) === 0)).toBe(
        true,
      );
      const asked = leafHash(entryOf(found[0]?.index ?? 0));
      expect(await codeOf(() => expect(store.indexOf(asked)).toBeUndefined())).toBe(answer);
      // A row of the first eighth of all hashes.
      expect(await misplacedIn(store, 8)).toEqual(found);
      await store.close();
    }
    await tamper(folder, [[key, whole]]);
    expect(await misplacedIn(await reopen(folder))).toEqual([]);
  });

  async function reopenRow(folder: string, key: string): Promise<string> {
    const db = new Level(folder, { keyEncoding: 'hex', valueEncoding: 'hex' });
    const row = await db.get(key);
    await db.close();
    return row ?? '';
  }

  test('reports a damaged manifest, and lets go of the folder', async () => {
    const folder = await committed();
    const manifest = (await readdir(folder)).find((name) => name.startsWith('MANIFEST')) ?? '';
    await writeFile(join(folder, manifest), new Uint8Array(187));
    expect(await codeOf(() => openLevelLogStore(folder))).toBe('STORE_CORRUPT');
    expect(await codeOf(() => openLevelLogStore(folder))).toBe('STORE_CORRUPT');
  });

  test('refuses the database of something else', async () => {
    const folder = await temporaryFolder();
    await tamper(folder, [['00', '00']]);
    expect(await codeOf(() => openLevelLogStore(folder))).toBe('CONFIG_INVALID');
    await tamper(folder, [['00', undefined]]);
    await (await openLevelLogStore(folder)).close();
  });

  test('fails where the folder cannot be made', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    expect(await codeOf(() => openLevelLogStore(join(file, 'below')))).toBe('STORE_FAILED');
  });
});

describe('openLevelLogStore across processes', () => {
  function start(folder: string, options: { fileLimitKiB?: number } = {}): Child {
    const child = runFixture(COMMIT_FOREVER, [folder, '7'], options);
    onTestFinished(() => child.kill());
    return child;
  }

  function acknowledged(child: Child): number {
    const sizes = child.lines.filter((line) => line.startsWith('size '));
    return Number((sizes.at(-1) ?? 'size 0').slice(5));
  }

  async function checkWhole(folder: string, atLeast: number): Promise<number> {
    const store = await openLevelLogStore(folder);
    try {
      const head = store.head();
      const size = head?.size ?? 0;
      expect(size).toBeGreaterThanOrEqual(atLeast);
      expect(head?.root).toEqual(sha256(encodeUtf8(`root ${size}`)));
      expect(store.tile(0, Math.floor((size - 1) / 256))).toHaveLength(
        32 * (((size - 1) % 256) + 1),
      );
      expect(store.stream('meter')?.sequence).toBe(size);
      const entries = await store.entries(0, size);
      entries.forEach((entry, index) => {
        expect(entry).toEqual(encodeUtf8(`entry ${index} ${'.'.repeat(400)}`));
        expect(store.indexOf(leafHash(entry))).toBe(index);
      });
      expect(store.entry(size)).toBeUndefined();
      const model = encodeHex(sha256(encodeUtf8('model')));
      const firsts = (await store.mentions(model)).map(({ index }) => index);
      expect(firsts).toEqual(Array.from({ length: size / 7 }, (_, i) => 7 * i));
      return size;
    } finally {
      await store.close();
    }
  }

  test('loses no acknowledged commit and keeps none in part when killed at any moment', {
    timeout: 180_000,
  }, async () => {
    const folder = await temporaryFolder();
    let size = 0;
    for (const lines of [2, 3, 9, 31, 77, 130]) {
      const child = start(folder);
      await child.said(lines);
      await child.kill();
      expect(child.lines[0]).toBe(`open ${size}`);
      const said = acknowledged(child);
      size = await checkWhole(folder, said);
      // Beyond what was acknowledged, at most the one batch under way: whole, or not there.
      expect([said, said + 7]).toContain(size);
    }
    expect(size).toBeGreaterThan(7 * 200);
  });

  test('refuses a second process while the first lives, and not a moment longer', async () => {
    const folder = await temporaryFolder();
    const child = start(folder);
    await child.said(1);
    expect(await codeOf(() => openLevelLogStore(folder))).toBe('STORE_LOCKED');
    await child.kill();
    await (await openLevelLogStore(folder)).close();
  });

  test('takes no more writes after one failed, still reads, and loses nothing acknowledged', async () => {
    const folder = await temporaryFolder();
    const child = start(folder, { fileLimitKiB: 64 });
    await child.ended();
    expect(acknowledged(child)).toBeGreaterThan(0);
    expect(child.lines.slice(-3)).toEqual([
      'failed STORE_FAILED',
      'failed STORE_FAILED',
      `readable ${'entry 0 '.length + 400}`,
    ]);
    await checkWhole(folder, acknowledged(child));
  });
});
