import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  closeLevelFolder,
  type LevelFolder,
  openLevelFolder,
} from '../../src/store/level-folder.ts';
import { passingValues } from '../../src/store/level-reads.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const keyOf = (row: number): Uint8Array => Uint8Array.of(row);
const bytesOf = (row: number): Uint8Array => new Uint8Array(100_000).fill(row);

async function openRows(rows: readonly number[]): Promise<LevelFolder> {
  const db = await openLevelFolder(await temporaryFolder());
  onTestFinished(() => closeLevelFolder(db));
  for (const row of rows) await db.put(keyOf(row), bytesOf(row));
  return db;
}

/** How many rows each iterator of the database has given, time by time, from now on. */
function watchIterators(db: LevelFolder): number[][] {
  const given: number[][] = [];
  const values = db.values.bind(db);
  vi.spyOn(db, 'values').mockImplementation(((options: never) => {
    const iterator = values(options);
    const [nextv, times] = [iterator.nextv.bind(iterator), [] as number[]];
    vi.spyOn(iterator, 'nextv').mockImplementation(async (count: number) => {
      const rows = await nextv(count);
      times.push(rows.length);
      return rows;
    });
    given.push(times);
    return iterator;
  }) as never);
  return given;
}

describe('passingValues', () => {
  it.each([
    ['as many as expected', 6],
    ['more than expected', 2],
    ['fewer than expected', 9],
  ])('gives all values of a range, where they are %s', async (_, count) => {
    const db = await openRows([1, 2, 3, 4, 5, 6, 7]);
    const values = await passingValues(db, { gte: keyOf(1), lte: keyOf(6) }, count);
    expect(values.map(([first]) => first)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(values.every((value) => value.length === 100_000)).toBe(true);
  });

  it('leaves an iterator that holds none of them, though they were too many for once', async () => {
    const db = await openRows(Array.from({ length: 32 }, (_, i) => i));
    const given = watchIterators(db);
    const values = await passingValues(db, { gte: keyOf(0), lte: keyOf(31) }, 32);
    expect(values.length).toBe(32);
    expect(given.length).toBe(1);
    expect(given[0]?.length).toBeGreaterThan(2);
    expect(given[0]?.at(-1)).toBe(0);
  });
});
