/**
 * Taking in what a log has grown by. The tree behind the checkpoint is known before the first entry is mirrored
 * (ServedTree), so entries are verified and committed in pieces: memory stays bounded, and a kill between two pieces
 * leaves a mirror of entries that the log has signed for.
 */
import { bytesEqual, hasBytesAt } from '../core/bytes/equal.ts';
import { growTiles } from '../core/merkle/growth.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import type { Range } from '../core/merkle/range.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { AttestryError } from '../errors.ts';
import { nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { LogCommit } from '../store/log-store.ts';
import type { LogSource } from './log-source.ts';
import type { Mirror } from './mirror.ts';
import { type JudgedEntry, type RefusedEntry, readmit } from './readmission.ts';
import { fetchEntries } from './served-rows.ts';
import type { ServedTree } from './served-tree.ts';

export interface GrowthOptions {
  readonly mirror: Mirror;
  readonly source: LogSource;
  readonly signal: AbortSignal;
  /** The tree behind the checkpoint. The first entries are fetched and judged meanwhile. */
  readonly tree: Promise<ServedTree>;
  /** Whether the tree begins with what is mirrored; no entry is mirrored before. */
  readonly continues: (tree: ServedTree) => Promise<boolean>;
  /** Judges entries by themselves, the first of which stands at `from`. */
  readonly judge: (entries: readonly Uint8Array[], from: number) => Promise<readonly JudgedEntry[]>;
  /** Keeps what admission refuses, before the entries themselves are committed: none may get lost between the two. */
  readonly keepRefused: (refused: readonly RefusedEntry[]) => Promise<void>;
  readonly onCommitted: (commit: LogCommit) => void;
}

/** Bundles that are fetched and judged at once: 17 MB each where every entry is as long as it may be. */
const BUNDLES_AHEAD = 8;
/** Bundles that are committed together, with one sync, while so many others are fetched and judged. */
const BUNDLES_IN_PIECE = 4;

/**
 * Mirrors the log up to `size`, that of the tree, if it continues what is mirrored; whether it does. A busy log, the threads
 * that judge and the disk all keep one waiting, so each works while the others do.
 * @throws ENTRY_HASH_MISMATCH, BUNDLE_MALFORMED, TILE_*, STORE_*, and what `tree`, `continues` and the source throw
 */
export async function growMirror(size: number, options: GrowthOptions): Promise<boolean> {
  const { mirror, signal, continues } = options;
  const ahead = new BundlesAhead(size, options);
  ahead.fill();
  const tree = await options.tree;
  if (!(await continues(tree))) return false;
  while (mirror.head.size < size) {
    signal.throwIfAborted();
    const piece = await ahead.take();
    ahead.fill();
    await commitPiece(piece, tree, options);
  }
  return true;
}

/** The bundles behind what is mirrored, in order. */
class BundlesAhead {
  readonly #size: number;
  readonly #options: GrowthOptions;
  readonly #bundles: Promise<readonly JudgedEntry[]>[] = [];
  /** Index of the first entry that has not been asked for. */
  #next: number;

  constructor(size: number, options: GrowthOptions) {
    this.#size = size;
    this.#options = options;
    this.#next = options.mirror.head.size;
  }

  /** Asks for as many as may be under way. */
  fill(): void {
    while (this.#bundles.length < BUNDLES_AHEAD && this.#next < this.#size) {
      const next = Math.min(this.#size, this.#next - (this.#next % TILE_WIDTH) + TILE_WIDTH);
      const bundle = judgeBundle({ start: this.#next, end: next }, this.#options);
      // Whoever awaits it is told; where an earlier one fails, nobody does.
      bundle.catch(() => undefined);
      this.#bundles.push(bundle);
      this.#next = next;
    }
  }

  /** The next entries, as many as are committed together. */
  async take(): Promise<readonly JudgedEntry[]> {
    return (await Promise.all(this.#bundles.splice(0, BUNDLES_IN_PIECE))).flat();
  }
}

async function commitPiece(
  judged: readonly JudgedEntry[],
  tree: ServedTree,
  { mirror, keepRefused, onCommitted }: GrowthOptions,
): Promise<void> {
  const from = mirror.head.size;
  const { tiles, size, root } = growTiles({
    size: from,
    leafHashes: judged.map(({ entryHash }) => entryHash),
    readTile: mirror.readTile,
    hashNode: nodeHashBySystem,
  });
  if (!bytesEqual(root, await tree.rootAt(size))) throw mirrorDamaged(size);
  await mirror.store.ready();
  const { refused, ...readmitted } = readmit(judged, { from, store: mirror.store });
  await keepRefused(refused);
  const { entries, streams, mentions } = readmitted;
  const commit = { from, entries, tiles, head: { size, root }, streams, mentions };
  await mirror.store.commit(commit);
  mirror.freshLeaves.add(from, judged);
  onCommitted(commit);
}

/** The entries of a range within one bundle. Reads nothing of the mirror, to which those before may still be written. */
async function judgeBundle(
  { start, end }: Range,
  { tree, source, signal, judge }: GrowthOptions,
): Promise<readonly JudgedEntry[]> {
  const index = Math.floor(start / TILE_WIDTH);
  const first = index * TILE_WIDTH;
  const judging = async (): Promise<readonly JudgedEntry[]> => {
    const entries = await fetchEntries(source, { index, width: end - first }, signal);
    return await judge(entries.slice(start - first), start);
  };
  const reading = async (): Promise<Uint8Array> => await (await tree).row(0, index);
  const [row, judged] = await Promise.all([reading(), judging()]);
  for (const [i, { entryHash }] of judged.entries()) {
    const at = (start - first + i) * HASH_LENGTH;
    if (!hasBytesAt(row, at, entryHash)) throw entryMismatch(start + i);
  }
  return judged;
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
