/** Which kind of database a folder holds, and in which version: the first row that is written into it. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { AttestryError } from '../errors.ts';
import type { LevelFolder } from './level-folder.ts';

export interface StoreFormat {
  /** Of the row that names the format. */
  readonly key: Uint8Array;
  /** Name and version. */
  readonly format: Uint8Array;
  /** What it is, for people: `a log`. */
  readonly what: string;
}

/** Writes the format into an empty database, synced. @throws CONFIG_INVALID for a database of another kind or version */
export async function claimFormat(
  db: LevelFolder,
  folder: string,
  { key, format, what }: StoreFormat,
): Promise<void> {
  const found = db.getSync(key);
  if (found !== undefined && bytesEqual(found, format)) return;
  const rows = await db.keys({ limit: 1 }).all();
  if (rows.length > 0) {
    throw new AttestryError(
      'CONFIG_INVALID',
      `Expected ${folder} to be empty or to hold ${what} of this version; it holds another database. Name another folder.`,
    );
  }
  await db.put(key, format, { sync: true });
}
