/**
 * Taking bytes off the disk. A deletion in LevelDB only writes that a row is gone; and where the row and its deletion are
 * still in memory together, compaction keeps the row's bytes for good. So: write out, delete, compact, and look.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AttestryError } from '../errors.ts';
import type { LevelFolder } from '../store/level-folder.ts';
import type { KeyRange } from '../store/level-keys.ts';

interface Compactable {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
}

export interface Erasure {
  /** In which all keys lie. */
  readonly range: KeyRange;
  readonly keys: readonly Uint8Array[];
  /** The values' bytes that must not be found afterwards. */
  readonly secrets: readonly Uint8Array[];
}

// An iterator that is open meanwhile keeps old rows alive; by the next attempt it has most likely been closed.
const ATTEMPTS = 3;

/** Deletes the rows and makes sure that no file of the folder holds their bytes. @throws METER_ERASURE_INCOMPLETE */
export async function eraseRows(db: LevelFolder, { range, keys, secrets }: Erasure): Promise<void> {
  await compact(db, range);
  const deletions = keys.map((key) => ({ type: 'del' as const, key }));
  await db.batch(deletions, { sync: true });
  for (let attempt = 1; ; attempt++) {
    await compact(db, range);
    const file = await findBytes(db.location, secrets);
    if (file === undefined) return;
    if (attempt === ATTEMPTS) {
      throw new AttestryError(
        'METER_ERASURE_INCOMPLETE',
        `Expected the erased bytes to be gone, found some in ${file}. Try again when nothing reads from the meter.`,
      );
    }
  }
}

/** Writes out what is in memory and rewrites the files in which keys of the range lie. */
export async function compact(db: LevelFolder, { gte, lt }: KeyRange): Promise<void> {
  if (!isCompactable(db)) throw new TypeError('Expected a database that can be compacted.');
  await db.compactRange(gte, lt);
}

function isCompactable(db: LevelFolder): db is LevelFolder & Compactable {
  return 'compactRange' in db && typeof db.compactRange === 'function';
}

/** The first file of the folder that holds one of these; undefined if none does. */
async function findBytes(
  folder: string,
  secrets: readonly Uint8Array[],
): Promise<string | undefined> {
  // LevelDB cuts rows of its write-ahead log at block ends, so that one half may stand alone.
  const halves = secrets.flatMap((secret) => {
    const middle = secret.length >> 1;
    return [secret.subarray(0, middle), secret.subarray(middle)];
  });
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    if (halves.some((half) => bytes.includes(half))) return name;
  }
  return undefined;
}
