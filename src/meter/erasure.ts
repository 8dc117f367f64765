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
  if (secrets.length === 0) return undefined;
  const needles = byStart(secrets);
  for (const name of await readdir(folder)) {
    if (holdsAny(await readFile(join(folder, name)), needles)) return name;
  }
  return undefined;
}

/** The halves of the secrets by their first four bytes. LevelDB cuts rows at block ends: one half may stand alone. */
function byStart(secrets: readonly Uint8Array[]): ReadonlyMap<number, readonly Uint8Array[]> {
  const needles = new Map<number, Uint8Array[]>();
  for (const secret of secrets) {
    const middle = secret.length >> 1;
    for (const half of [secret.subarray(0, middle), secret.subarray(middle)]) {
      const start = new DataView(half.buffer, half.byteOffset).getUint32(0);
      const found = needles.get(start);
      if (found === undefined) needles.set(start, [half]);
      else found.push(half);
    }
  }
  return needles;
}

// One pass, however many secrets: a customer may have made a great many requests.
function holdsAny(bytes: Buffer, needles: ReadonlyMap<number, readonly Uint8Array[]>): boolean {
  let start = 0;
  for (let end = 0; end < bytes.length; end++) {
    start = ((start << 8) | (bytes[end] as number)) >>> 0;
    const from = end - 3;
    const candidates = from < 0 ? undefined : needles.get(start);
    if (candidates?.some((half) => bytes.subarray(from, from + half.length).equals(half))) {
      return true;
    }
  }
  return false;
}
