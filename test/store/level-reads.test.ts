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

interface Step {
  readonly asked: number;
  readonly given: number;
}

/** What the iterators of the database are asked for from now on, and give. */
function watchIterators(db: LevelFolder): Step[] {
  const steps: Step[] = [];
  const values = db.values.bind(db);
  vi.spyOn(db, 'values').mockImplementation(((options: never) => {
    const iterator = values(options);
    const nextv = iterator.nextv.bind(iterator);
    vi.spyOn(iterator, 'nextv').mockImplementation(async (asked: number) => {
      const rows = await nextv(asked);
      steps.push({ asked, given: rows.length });
      return rows;
    });
    return iterator;
  }) as never);
  return steps;
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

  // An iterator that came to the end of its range is not asked again, and holds what it gave with that.
  it.each([
    ['at once', 6],
    ['in several steps', 32],
  ])('leaves an iterator that holds none of them, where it gave them %s', async (how, count) => {
    const db = await openRows(Array.from({ length: count }, (_, i) => i));
    const steps = watchIterators(db);
    const values = await passingValues(db, { gte: keyOf(0), lte: keyOf(count - 1) }, count);
    expect(values.length).toBe(count);
    expect(steps.length > 2).toBe(how === 'in several steps');
    const [before, last] = steps.slice(-2);
    expect(before?.given).toBe(before?.asked);
    expect(last?.given).toBe(0);
  });
});
