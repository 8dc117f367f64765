/** Opening a LevelDB folder with byte strings for keys and values. */
import { Level } from 'level';
import { makeFolder } from './durable-file.ts';
import { storeFailure } from './store-failure.ts';

// Rows are gathered in memory before they are sorted into files: twice the default, and fewer rows are moved again.
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;
// LevelDB maps each file that it has open into memory, where what was read of it counts as the process's. With so few files open,
// and so small, those are some 64 MiB for each database, however large it grows and whatever is read of it. A look-up that
// has to open its file takes some thirty microseconds more. LevelDB takes no smaller number; ten of them are no files of rows.
const MOST_OPEN_FILES = 74;
const LARGEST_FILE_BYTES = 1024 * 1024;

export type LevelFolder = Level<Uint8Array, Uint8Array>;

export interface LevelOptions {
  /** Other threads of this process may open it too, shared as well. Default: no. */
  readonly isShared?: boolean;
}

/** The open database of a folder, made if it is not there. @throws STORE_LOCKED, STORE_CORRUPT, STORE_FAILED */
export async function openLevelFolder(
  folder: string,
  { isShared = false }: LevelOptions = {},
): Promise<LevelFolder> {
  try {
    // First, because level makes the folder too, but does not sync its name into the folder above.
    await makeFolder(folder);
    const db = new Level<Uint8Array, Uint8Array>(folder, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      multithreading: isShared,
      writeBufferSize: WRITE_BUFFER_BYTES,
      maxFileSize: LARGEST_FILE_BYTES,
      maxOpenFiles: MOST_OPEN_FILES,
    });
    await db.open();
    return db;
  } catch (cause) {
    throw storeFailure(`open the database in ${folder}`, cause);
  }
}

/** Closes the database. @throws STORE_FAILED */
export async function closeLevelFolder(db: LevelFolder): Promise<void> {
  try {
    await db.close();
  } catch (error) {
    throw storeFailure('close the database', error);
  }
}
