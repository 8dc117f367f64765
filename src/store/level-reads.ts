/** Reads of a LevelDB folder, each giving plain bytes. Whatever fails, fails with STORE_FAILED. */
import type { LevelFolder } from './level-folder.ts';
import { plain } from './rows.ts';
import { storeFailure } from './store-failure.ts';

export interface RowRange {
  readonly gte: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

// Rows that are read in number pass through: what the cache is for are rows that are looked up.
const PASSING = {
  keyEncoding: 'view',
  valueEncoding: 'view',
  fillCache: false,
  highWaterMarkBytes: 1024 * 1024,
} as const;

/** The row with this key, if there is one. */
export function getRow(db: LevelFolder, key: Uint8Array): Uint8Array | undefined {
  return orFailure(() => db.getSync(key));
}

/** The same, of one of many rows that are read once. */
export function getPassingRow(db: LevelFolder, key: Uint8Array): Uint8Array | undefined {
  return orFailure(() => db.getSync(key, PASSING));
}

/**
 * The values of a range of rows that are read once; `count` of them are expected. What an iterator gave last it holds until it
 * is collected as garbage, and V8, which does not know of that memory, may let hundreds of megabytes of it wait. So it is asked
 * for as many as are expected, which leaves the end to be found, and then for one more: it finds the end, and holds nothing.
 */
export async function passingValues(
  db: LevelFolder,
  range: RowRange,
  count: number,
): Promise<Uint8Array[]> {
  const values: Uint8Array[] = [];
  try {
    const iterator = db.values<Uint8Array, Uint8Array>({ ...range, ...PASSING });
    try {
      for (let isEnd = false; !isEnd; ) {
        const rows = await iterator.nextv(Math.max(count - values.length, 1));
        for (const row of rows) values.push(plain(row));
        isEnd = rows.length === 0;
      }
    } finally {
      await iterator.close();
    }
  } catch (error) {
    throw readFailure(error);
  }
  return values;
}

/** The rows of a range, all at once. */
export async function scanRows(
  db: LevelFolder,
  range: RowRange,
): Promise<[Uint8Array, Uint8Array][]> {
  try {
    const rows = await db.iterator(range).all();
    return rows.map(([key, value]) => [plain(key), plain(value)]);
  } catch (error) {
    throw readFailure(error);
  }
}

/** The rows of a range, however many. */
// What the consumer of the rows throws does not pass through here: only the database's errors do.
export async function* eachRow(
  db: LevelFolder,
  range: RowRange,
): AsyncGenerator<[Uint8Array, Uint8Array]> {
  try {
    for await (const [key, value] of db.iterator(range)) yield [plain(key), plain(value)];
  } catch (error) {
    throw readFailure(error);
  }
}

export function readFailure(error: unknown): Error {
  return storeFailure('read from the database', error);
}

function orFailure(read: () => Uint8Array | undefined): Uint8Array | undefined {
  try {
    const row = read();
    return row === undefined ? undefined : plain(row);
  } catch (error) {
    throw readFailure(error);
  }
}
