import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  closeLevelFolder,
  type LevelFolder,
  openLevelFolder,
} from '../../src/store/level-folder.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const ROW_BYTES = 64 * 1024;
const ROWS = 2_400;
/** With one row more than it should have. */
const LARGEST_FILE_BYTES = 1024 * 1024 + 2 * ROW_BYTES;
/** LevelDB takes no more rows before it has sorted some of so many: as it wrote them, each as large as what it gathers. */
const UNSORTED_FILES = 12;

// Not in order, as a log's are not: what is in order LevelDB does not sort into files of this size.
function keyOf(row: number): Uint8Array {
  return Buffer.from(String((row * 7_919) % ROWS).padStart(8, '0'));
}

async function fill(db: LevelFolder): Promise<void> {
  for (let row = 0; row < ROWS; row++) await db.put(keyOf(row), randomBytes(ROW_BYTES));
}

async function readAll(db: LevelFolder): Promise<void> {
  for (let row = 0; row < ROWS; row++) expect((await db.get(keyOf(row)))?.length).toBe(ROW_BYTES);
}

/** Bytes of each of the folder's files of rows that this process has mapped. */
function mappedFiles(folder: string): number[] {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${folder}/`) && line.endsWith('.ldb'))
    .map((line) => {
      const [from, to] = (line.split(' ')[0] as string).split('-') as [string, string];
      return Number.parseInt(to, 16) - Number.parseInt(from, 16);
    });
}

describe('a LevelDB folder', () => {
  it.skipIf(!existsSync('/proc/self/maps'))(
    'is mapped into memory by 64 small files at most, however many it has and whatever is read',
    async () => {
      const folder = await temporaryFolder();
      const db = await openLevelFolder(folder);
      await fill(db);
      await readAll(db);
      const files = (await readdir(folder)).filter((name) => name.endsWith('.ldb'));
      const mapped = mappedFiles(folder);
      await closeLevelFolder(db);
      expect(files.length).toBeGreaterThan(80);
      expect(mapped.length).toBeGreaterThan(16);
      expect(mapped.length).toBeLessThanOrEqual(64);
      const large = mapped.filter((bytes) => bytes > LARGEST_FILE_BYTES);
      expect(large.length).toBeLessThanOrEqual(UNSORTED_FILES);
    },
  );
});
