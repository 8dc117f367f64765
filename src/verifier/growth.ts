/**
 * Taking in what a log has grown by. The tree behind the checkpoint is known before the first entry is fetched
 * (ServedTree), so entries are verified and committed in pieces: memory stays bounded, and a kill between two pieces
 * leaves a mirror of entries that the log has signed for.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import { growTiles } from '../core/merkle/growth.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { AttestryError } from '../errors.ts';
import { leafHashBySystem, nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { LogCommit } from '../store/log-store.ts';
import type { LogSource } from './log-source.ts';
import type { Mirror } from './mirror.ts';
import { type ReadmissionRules, type RefusedEntry, readmit } from './readmission.ts';
import { fetchEntries } from './served-rows.ts';
import type { ServedTree } from './served-tree.ts';

export interface GrowthOptions {
  readonly mirror: Mirror;
  readonly source: LogSource;
  readonly signal: AbortSignal;
  readonly rules: Omit<ReadmissionRules, 'store'>;
  /** Keeps what admission refuses, before the entries themselves are committed: none may get lost between the two. */
  readonly keepRefused: (refused: readonly RefusedEntry[]) => Promise<void>;
  readonly onCommitted: (commit: LogCommit) => void;
}

/** Bundles fetched at once, and committed together: 17 MB each where every entry is as long as it may be. */
const BUNDLES_IN_PIECE = 4;

/**
 * Mirrors the log up to the size of `tree`, whose beginning is known to be what is mirrored already.
 * @throws ENTRY_HASH_MISMATCH, BUNDLE_MALFORMED, TILE_*, STORE_*, and what the source throws
 */
export async function growMirror(tree: ServedTree, options: GrowthOptions): Promise<void> {
  const { mirror } = options;
  while (mirror.head.size < tree.size) {
    options.signal.throwIfAborted();
    await growByPiece(tree, options);
  }
}

async function growByPiece(tree: ServedTree, options: GrowthOptions): Promise<void> {
  const { mirror, rules, keepRefused, onCommitted } = options;
  const from = mirror.head.size;
  const firstBundle = Math.floor(from / TILE_WIDTH);
  const end = Math.min(tree.size, (firstBundle + BUNDLES_IN_PIECE) * TILE_WIDTH);
  const leaves = await fetchLeaves(tree, { ...options, from, end });
  const leafHashes = leaves.map(({ entryHash }) => entryHash);
  const { tiles, size, root } = growTiles({
    size: from,
    leafHashes,
    readTile: mirror.readTile,
    hashNode: nodeHashBySystem,
  });
  if (!bytesEqual(root, await tree.rootAt(end))) throw mirrorDamaged(end);
  const { refused, ...readmitted } = await readmit(leaves, from, { ...rules, store: mirror.store });
  await keepRefused(refused);
  const { entries, streams, mentions } = readmitted;
  const commit = { from, entries, tiles, head: { size, root }, streams, mentions };
  await mirror.store.commit(commit);
  onCommitted(commit);
}

interface Piece extends GrowthOptions {
  readonly from: number;
  readonly end: number;
}

type Leaf = LogCommit['entries'][number];

async function fetchLeaves(tree: ServedTree, piece: Piece): Promise<readonly Leaf[]> {
  const bundles: Promise<readonly Leaf[]>[] = [];
  for (let start = alignDown(piece.from); start < piece.end; start += TILE_WIDTH) {
    bundles.push(fetchBundle(tree, start, piece));
  }
  return (await Promise.all(bundles)).flat();
}

/** The entries of one bundle that are not mirrored yet, each with the hash that the tree has for it. */
async function fetchBundle(
  tree: ServedTree,
  start: number,
  { source, signal, from }: Piece,
): Promise<readonly Leaf[]> {
  const index = start / TILE_WIDTH;
  const width = Math.min(TILE_WIDTH, tree.size - start);
  const [row, entries] = await Promise.all([
    tree.row(0, index),
    fetchEntries(source, { index, width }, signal),
  ]);
  return entries.slice(Math.max(0, from - start)).map((entry, i) => {
    const at = Math.max(start, from) + i;
    const expected = row.subarray((at - start) * HASH_LENGTH, (at - start + 1) * HASH_LENGTH);
    const entryHash = leafHashBySystem(entry);
    if (!bytesEqual(entryHash, expected)) throw entryMismatch(at);
    return { entry, entryHash };
  });
}

function alignDown(index: number): number {
  return index - (index % TILE_WIDTH);
}

function entryMismatch(index: number): AttestryError {
  return new AttestryError(
    'ENTRY_HASH_MISMATCH',
    `The log serves an entry ${index} that does not hash to the leaf in its signed tree: it was changed after it was logged.`,
    { details: { index } },
  );
}

// The served hashes have been proved by the signed root, so the copy that they were appended to is at fault.
function mirrorDamaged(size: number): AttestryError {
  return new AttestryError(
    'STORE_CORRUPT',
    `The mirror on this machine is damaged: with proven entries appended it does not give the root of size ${size}. Delete its folder to fetch the log anew.`,
  );
}
