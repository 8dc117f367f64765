/** What every store checks before it writes, whatever database it has: the last line against a bug above it. */
import { decodeHex, encodeHex } from '../core/bytes/hex.ts';
import { LONGEST_ENTRY } from '../core/merkle/bundle.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { AttestryError } from '../errors.ts';
import type { Head, LogCommit, LogStore } from './log-store.ts';

/** The smallest model there can be: where a list of all models begins. */
export const FIRST_MODEL: string = '0'.repeat(2 * HASH_LENGTH);
/** Models in one answer of a store, unless told otherwise. */
export const MODELS_PER_PAGE = 1000;
/** Mentions in one answer of a store, unless told otherwise. */
export const MENTIONS_PER_PAGE = 1000;
const HIGHEST_LEVEL = 63;
/** What `decodeHex` takes as a hash; to read its bytes takes longer. */
const MODEL = /^[0-9a-f]{64}$/;

/** Refuses a commit that contradicts itself: a mistake of the caller, so RangeError. */
export function checkCommit(commit: LogCommit): void {
  const { from, entries, tiles, head, mentions, before } = commit;
  demand(Number.isSafeInteger(from) && from >= 0, `from to be an index, got ${from}`);
  demand(
    head.size === from + entries.length,
    `head.size to be ${from} + ${entries.length}, got ${head.size}`,
  );
  demand(head.root.length === HASH_LENGTH, 'head.root to be 32 bytes');
  for (const { size } of [...(before?.checkpoints ?? []), ...(before?.unkept ?? [])]) {
    demand(
      checkNumber(size) <= from,
      `checkpoints and heads of earlier commits, got one of ${size}`,
    );
  }
  for (const { entry, entryHash } of entries) {
    demand(
      entry.length <= LONGEST_ENTRY,
      `each entry to be at most ${LONGEST_ENTRY} bytes, got ${entry.length}`,
    );
    demand(entryHash.length === HASH_LENGTH, 'each entryHash to be 32 bytes');
  }
  for (const { level, index, hashes, middle } of tiles) {
    checkTilePlace(level, index);
    const hasMiddle = level === 0 && hashes.length === TILE_WIDTH * HASH_LENGTH;
    demand(middle === undefined || hasMiddle, `middle nodes of a full lowest tile alone`);
    const width = hashes.length / HASH_LENGTH;
    demand(
      Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH,
      `each tile to hold 1 to ${TILE_WIDTH} hashes, got ${hashes.length} bytes`,
    );
  }
  for (const { model, index } of mentions) {
    if (!MODEL.test(model)) decodeHex(model, HASH_LENGTH);
    demand(index >= from && index < head.size, `mentions of new entries, got one of ${index}`);
  }
}

/** Refuses a commit that does not continue the log as stored. @throws HEAD_CONFLICT, ENTRY_DUPLICATE */
export function checkContinuation(
  commit: LogCommit,
  store: Pick<LogStore, 'head' | 'indexOf'>,
): void {
  const size = store.head()?.size ?? 0;
  if (commit.from !== size) {
    throw new AttestryError(
      'HEAD_CONFLICT',
      `Expected a commit that continues at ${size}, got one from ${commit.from}: something else wrote this log.`,
      { details: { size, from: commit.from } },
    );
  }
  const seen = new Map<string, number>();
  commit.entries.forEach(({ entryHash }, i) => {
    const name = textOf(entryHash);
    const index = store.indexOf(entryHash) ?? seen.get(name);
    if (index !== undefined) throw duplicate(encodeHex(entryHash), index);
    seen.set(name, commit.from + i);
  });
}

/** Bytes as text of one letter a byte, to be found by: made many times as fast as hex. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Refuses a tile that c2sp.org/tlog-tiles has no name for: a mistake of the caller, so RangeError. */
export function checkTilePlace(level: number, index: number): void {
  demand(
    Number.isInteger(level) && level >= 0 && level <= HIGHEST_LEVEL,
    `a tile level from 0 to ${HIGHEST_LEVEL}, got ${level}`,
  );
  checkNumber(index);
}

/** Whether a log of this size has the tile (c2sp.org/tlog-tiles), if only in part. */
export function hasTile(head: Head | undefined, level: number, index: number): boolean {
  const hashes = Math.floor((head?.size ?? 0) / TILE_WIDTH ** level);
  return index * TILE_WIDTH < hashes;
}

/** Refuses a range of entries that the log does not have: a mistake of the caller, so RangeError. */
export function checkRange(head: Head | undefined, start: number, end: number): void {
  const size = head?.size ?? 0;
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  demand(
    whole && start >= 0 && start <= end && end <= size,
    `a range within 0 to ${size}, got ${start} to ${end}`,
  );
}

/** The value itself if it is a size or an index. */
export function checkNumber(value: number): number {
  demand(Number.isSafeInteger(value) && value >= 0, `a size or an index, got ${value}`);
  return value;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(`Expected ${what}.`);
}

function duplicate(hash: string, index: number): AttestryError {
  return new AttestryError(
    'ENTRY_DUPLICATE',
    `Expected new entries, got ${hash}, which is at index ${index} already.`,
    { details: { entryHash: hash, index } },
  );
}
