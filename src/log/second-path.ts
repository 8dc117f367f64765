/**
 * The second path: what stands in the database after a commit, read back and hashed anew, and in another way to the root;
 * one entry of each commit is led to it by another implementation of SHA-256 as well. A log signs only what all agree on,
 * since LevelDB does not notice a flipped bit, and a bit flipped in memory between hashing and storing is what killed whole
 * logs before.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import { canonicalText } from '../core/bytes/json.ts';
import type { AppendedProofs } from '../core/merkle/appended.ts';
import { type Frontier, frontierAt } from '../core/merkle/frontier.ts';
import { HASH_LENGTH, leafHash } from '../core/merkle/hash.ts';
import { rootFromInclusion } from '../core/merkle/inclusion.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import { middleOf, TILE_HEIGHT, TILE_WIDTH } from '../core/merkle/tile.ts';
import { AttestryError } from '../errors.ts';
import { leafHashBySystem, nodeHashBySystem, rowRootBySystem } from '../keys/openssl-hash.ts';
import { firstOfRow } from '../store/entry-rows.ts';
import type { LogCommit, LogStore } from '../store/log-store.ts';
import { tileReader } from '../store/tile-reader.ts';

export interface SecondPath {
  /** The tree before the commit, kept apart from the tiles. */
  readonly frontier: Frontier;
  /** Of the commit's entries, in the tree with them. */
  readonly proofs: AppendedProofs['proofs'];
  /** Out of the store's tiles, of which it remembers what it has hashed for the commits before. */
  readonly readNode: ReadNode;
}

/**
 * The commit, if the database holds exactly it and the frontier grows to the same root; the frontier has then grown.
 * @throws ENTRY_HASH_MISMATCH, TABLE_MISMATCH, TILE_HASH_MISMATCH, ROOT_MISMATCH, STORE_CORRUPT
 */
export function verifyCommit(
  store: LogStore,
  commit: LogCommit,
  { frontier, proofs, readNode }: SecondPath,
): LogCommit {
  const { from, entries, tiles } = commit;
  verifyHead(store, commit);
  const first = firstOfRow(from);
  // At once: to wait for them would take a turn of a busy event loop.
  const stored = store.entriesSync(first, from + entries.length);
  const older = stored.splice(0, from - first);
  verifySample(stored, commit, proofs);
  for (const [i, { entry, entryHash }] of entries.entries()) {
    const readBack = stored[i] ?? new Uint8Array();
    const hash = leafHashBySystem(readBack);
    if (!bytesEqual(hash, entryHash) || !isSame(readBack, entry)) throw changed(from + i);
    frontier.append(hash);
  }
  for (const { level, index, hashes, middle } of tiles) {
    const readBack = store.tile(level, index);
    if (readBack === undefined || !isSame(readBack, hashes)) {
      throw new AttestryError(
        'TILE_HASH_MISMATCH',
        `Tile ${level}/${index} reads back differently from what was written.`,
      );
    }
    if (middle !== undefined) verifyMiddle(store, index, middleOf(readBack, rowRootBySystem));
  }
  verifyTables(store, commit);
  verifyRoots(commit, { frontier, readNode });
  verifyOlder(store, first, older);
  return commit;
}

// First: where the size is another, there is no telling which entries to read.
function verifyHead(store: LogStore, { head }: LogCommit): void {
  const stored = store.head();
  if (stored?.size === head.size && bytesEqual(stored.root, head.root)) return;
  throw new AttestryError(
    'ROOT_MISMATCH',
    `Expected the head of size ${head.size} as it was written, got one of size ${stored?.size}; nothing was signed.`,
  );
}

// Older entries of the row in which the commit begins: they were written anew with it, and must still be what the tree has
// there. Asked last, when the tile is known to be right.
function verifyOlder(store: LogStore, first: number, older: readonly Uint8Array[]): void {
  if (older.length === 0) return;
  const tile = tileReader(store)(0, Math.floor(first / TILE_WIDTH));
  for (const [i, entry] of older.entries()) {
    const at = ((first + i) % TILE_WIDTH) * HASH_LENGTH;
    const leaf = tile.subarray(at, at + HASH_LENGTH);
    if (!bytesEqual(leafHashBySystem(entry), leaf)) throw changed(first + i);
  }
}

/** What a loop takes a microsecond for, byte by byte. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function changed(index: number): AttestryError {
  return new AttestryError(
    'ENTRY_HASH_MISMATCH',
    `Entry ${index} reads back differently from what was written.`,
  );
}

// All other hashes are OpenSSL's, which is several times as fast: a fault of OpenSSL itself shows at the newest entry of
// each commit, from its leaf up to the root.
function verifySample(
  stored: readonly (Uint8Array | undefined)[],
  { from, entries, head }: LogCommit,
  proofs: SecondPath['proofs'],
): void {
  const at = entries.length - 1;
  const [readBack, expected, proof] = [stored[at], entries[at]?.entryHash, proofs[at]];
  if (readBack === undefined || expected === undefined || proof === undefined) return;
  const sample = leafHash(readBack);
  if (!bytesEqual(sample, expected)) {
    throw new AttestryError(
      'ENTRY_HASH_MISMATCH',
      `Entry ${from + at} hashes differently in another implementation of SHA-256.`,
    );
  }
  const claim = { leafHash: sample, index: from + at, size: head.size, proof };
  if (bytesEqual(rootFromInclusion(claim), head.root)) return;
  throw new AttestryError(
    'ROOT_MISMATCH',
    `Another implementation of SHA-256 leads entry ${from + at} to another root; nothing was signed.`,
  );
}

// A wrong row here would let a statement in out of its order. Of new entries it is the tiles, read back already, that say
// where they are; one look-up shows that it is done as it should be.
function verifyTables(store: LogStore, { from, entries, streams }: LogCommit): void {
  const at = entries.length - 1;
  const newest = entries[at];
  if (newest !== undefined && store.indexOf(newest.entryHash) !== from + at) {
    throw new AttestryError('TABLE_MISMATCH', `Entry ${from + at} is not found by its hash.`);
  }
  for (const [key, state] of streams) {
    if (canonicalText(store.stream(key) ?? null) === canonicalText(state)) continue;
    throw new AttestryError('TABLE_MISMATCH', `Stream ${key} reads back differently.`);
  }
}

function verifyRoots(
  { head, tiles }: LogCommit,
  { frontier, readNode }: Pick<SecondPath, 'frontier' | 'readNode'>,
): void {
  // The last hash first: a row that has grown is read anew for it, and what it began with before is compared.
  for (const { level, index, hashes } of tiles)
    readNode(level * TILE_HEIGHT, index * TILE_WIDTH + hashes.length / HASH_LENGTH - 1);
  const roots = [frontier.root(), frontierAt(head.size, readNode, nodeHashBySystem).root()];
  if (roots.every((root) => bytesEqual(root, head.root))) return;
  throw new AttestryError(
    'ROOT_MISMATCH',
    `The two ways to the root of size ${head.size} disagree; nothing was signed.`,
  );
}

/** The middle nodes that are kept of a tile, if any are, must be those that it has. @throws TILE_HASH_MISMATCH */
export function verifyMiddle(store: LogStore, index: number, middle: Uint8Array): Uint8Array {
  const kept = store.middle(index);
  if (kept === undefined || bytesEqual(kept, middle)) return middle;
  throw new AttestryError(
    'TILE_HASH_MISMATCH',
    `The middle nodes that are kept of tile 0/${index} are not those of its hashes.`,
  );
}
