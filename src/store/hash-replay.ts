/** The look-up table made anew from the tiles, as it once grew, and each row compared with the one that is stored. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesEqual } from '../core/bytes/equal.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { AttestryError } from '../errors.ts';
import { HashIndex, type LookUpRow, type StoredHashes } from './hash-index.ts';
import type { Misplaced } from './log-store.ts';
import { lostFrom } from './run-hashes.ts';

export interface Replayed {
  /** Entries of the log. */
  readonly size: number;
  /** Looks at one hash in so many alone. */
  readonly oneIn: number;
  /** Entries of the first runs; FIRST_RUN unless told. */
  readonly firstRun?: number;
}

/** What `LogStore.misplaced` gives, of a log of this size. An entry whose tile is damaged has no hash to be looked up by. */
export async function* findMisplaced(
  stored: StoredHashes,
  { size, oneIn, firstRun }: Replayed,
): AsyncGenerator<Misplaced> {
  const index = new HashIndex(stored, 0, { firstRun });
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const row = orNothing(() => stored.tile(first / TILE_WIDTH)) ?? new Uint8Array();
    for (let i = 0; i < Math.min(TILE_WIDTH, size - first); i++) {
      const hash = hashIn(row, i * HASH_LENGTH, oneIn);
      const found = hash && orNothing(() => index.find(hash));
      if (found !== undefined) yield { index: first + i, found };
      const due = index.append(hash);
      if (due !== undefined) yield* lostEntries(stored, due);
    }
    await nextTurn();
  }
}

/** The hash in a tile's row, if it is there and is to be looked at. */
function hashIn(row: Uint8Array, at: number, oneIn: number): Uint8Array | undefined {
  const isWhole = at + HASH_LENGTH <= row.length;
  return isWhole && isChosen(row, at, oneIn) ? row.subarray(at, at + HASH_LENGTH) : undefined;
}

/** Whether the hash is one of those that are looked at, where it is one in so many: all of a look-up row, or none. */
export function isChosen(bytes: Uint8Array, at: number, oneIn: number): boolean {
  return (bytes[at] as number) % oneIn === 0;
}

function lostEntries(stored: StoredHashes, { run, comesWith, row }: LookUpRow): Misplaced[] {
  const kept = orNothing(() => stored.lookUpRow(comesWith));
  if (kept !== undefined && bytesEqual(kept, row)) return [];
  return lostFrom(run, kept, row).map((index) => ({ index, found: undefined }));
}

/** Undefined for what is damaged. @throws STORE_FAILED */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof AttestryError && error.code === 'STORE_CORRUPT') return undefined;
    throw error;
  }
}
