import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { KnownHashes } from '../../src/store/known-hashes.ts';

/** More tiles than are learned in one turn, and a begun one. */
const SIZE = 40 * 256 + 7;
const LAST = 40;

/** The rows of a log with one hash more than `SIZE`, each cut to what the log had. */
function rowsOfALog(): Uint8Array[] {
  const hashes = new Uint8Array(randomBytes(32 * (SIZE + 1)));
  return Array.from({ length: LAST + 1 }, (_, index) =>
    hashes.subarray(32 * 256 * index, 32 * Math.min(256 * (index + 1), SIZE)),
  );
}

const STRANGE = new Uint8Array(randomBytes(32));

async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await nextTurn();
}

describe('KnownHashes', () => {
  it('may have every hash of the tiles, and no other once all are learned', async () => {
    const rows = rowsOfALog();
    const known = new KnownHashes(SIZE, (index) => rows[index]);
    expect(known.mayHave(STRANGE)).toBe(true);
    await turns();
    expect(known.mayHave(STRANGE)).toBe(false);
    const hashes = rows.flatMap((row) =>
      Array.from({ length: row.length / 32 }, (_, i) => row.subarray(32 * i, 32 * i + 32)),
    );
    expect(hashes).toHaveLength(SIZE);
    expect(hashes.every((hash) => known.mayHave(hash))).toBe(true);
  });

  it('learns all of a log whose last tile grows meanwhile', async () => {
    const rows = rowsOfALog();
    const last = rows[LAST] as Uint8Array;
    const known = new KnownHashes(SIZE, (index) => rows[index]);
    rows[LAST] = new Uint8Array(last.buffer, last.byteOffset, last.length + 32);
    known.add(rows[LAST].subarray(last.length));
    await turns();
    expect(known.mayHave(STRANGE)).toBe(false);
    expect(known.mayHave(rows[LAST].subarray(last.length))).toBe(true);
  });

  it.each([
    ['cut short', (row: Uint8Array) => row.subarray(32)],
    ['gone', () => undefined],
  ])('rules nothing out where a tile is %s', async (_, damaged) => {
    const rows = rowsOfALog();
    rows[3] = damaged(rows[3] as Uint8Array) as Uint8Array;
    const known = new KnownHashes(SIZE, (index) => rows[index]);
    await turns();
    expect(known.mayHave(STRANGE)).toBe(true);
  });
});
