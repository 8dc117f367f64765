import { onTestFinished } from 'vitest';
import { SYSTEM_DISK } from '../../src/store/disk.ts';
import type { LevelFolder } from '../../src/store/level-folder.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import type { LogStore } from '../../src/store/log-store.ts';

/** The store of a folder with the database that it has open, to be changed behind its back. Closed when the test ends. */
export async function openWithDatabase(
  folder: string,
): Promise<{ store: LogStore; db: LevelFolder }> {
  const opened: LevelFolder[] = [];
  const store = await openLevelLogStore(folder, {
    ...SYSTEM_DISK,
    openLevel: async (...asked) => {
      const db = await SYSTEM_DISK.openLevel(...asked);
      opened.push(db);
      return db;
    },
  });
  onTestFinished(() => store.close());
  return { store, db: opened[0] as LevelFolder };
}
