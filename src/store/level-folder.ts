/** Opening a LevelDB folder with byte strings for keys and values. */
import { Level } from 'level';
import { makeFolder } from './durable-file.ts';
import { storeFailure } from './store-failure.ts';

export type LevelFolder = Level<Uint8Array, Uint8Array>;

/** The open database of a folder, made if it is not there. @throws STORE_LOCKED, STORE_CORRUPT, STORE_FAILED */
export async function openLevelFolder(folder: string): Promise<LevelFolder> {
  try {
    // First, because level makes the folder too, but does not sync its name into the folder above.
    await makeFolder(folder);
    const db = new Level<Uint8Array, Uint8Array>(folder, {
      keyEncoding: 'view',
      valueEncoding: 'view',
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
