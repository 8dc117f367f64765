/**
 * The tree behind a checkpoint, read from the tiles that a log serves. It is taken in from the top: first the tiles at the
 * right edge, which must give the signed root, then every further tile only if it hashes to its place in the tile above.
 * So each hash is known to be the signed tree's before it is used, a few tiles at a time, however large the log says it is.
 */
import { LRUCache } from 'lru-cache';
import { bytesEqual } from '../core/bytes/equal.ts';
import { proveConsistency } from '../core/merkle/consistency.ts';
import { frontierAt } from '../core/merkle/frontier.ts';
import { EMPTY_ROOT, HASH_LENGTH } from '../core/merkle/hash.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import {
  hashesOnLevel,
  rootFromTiles,
  TILE_WIDTH,
  tileNodeAt,
  tileNodeReader,
} from '../core/merkle/tile.ts';
import { formatTilePath } from '../core/merkle/tile-path.ts';
import { tilesOfSize } from '../core/merkle/tile-set.ts';
import type { Checkpoint } from '../core/note/checkpoint.ts';
import { AttestryError } from '../errors.ts';
import { nodeHashBySystem, rowRootBySystem } from '../keys/openssl-hash.ts';
import type { LogSource } from './log-source.ts';
import { fetchRow } from './served-rows.ts';

type Rows = ReadonlyMap<string, Uint8Array>;

// 8 KiB each.
const KEPT_TILES = 64;

/** The tree of a checkpoint whose signatures have been verified. @throws ROOT_MISMATCH, TILE_*, and what the source throws */
export async function openServedTree(
  source: LogSource,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<ServedTree> {
  const { size, root } = checkpoint;
  const edge = new Map(
    await Promise.all(
      tilesOfSize(size).map(async (tile) => {
        const row = await fetchRow(source, tile, signal);
        return [keyOf(tile.level, tile.index), row] as const;
      }),
    ),
  );
  if (!bytesEqual(rootFromTiles(size, readFrom(edge), nodeHashBySystem), root)) {
    throw new AttestryError(
      'ROOT_MISMATCH',
      `The tiles that ${checkpoint.origin} serves do not give the root that it signed at size ${size}.`,
      { details: { size } },
    );
  }
  return new ServedTree({ source, signal, size, edge });
}

interface ServedTreeOptions {
  readonly source: LogSource;
  readonly signal: AbortSignal;
  readonly size: number;
  /** The partial tiles at the right edge, which give the signed root. */
  readonly edge: Rows;
}

/** Made by `openServedTree`. */
export class ServedTree {
  readonly #options: ServedTreeOptions;
  readonly #verified = new LRUCache<string, Promise<Uint8Array>>({ max: KEPT_TILES });

  constructor(options: ServedTreeOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#options.size;
  }

  /** The hashes of a tile, in its width at this size. @throws TILE_HASH_MISMATCH, TILE_MISSING, TILE_LENGTH_WRONG */
  async row(level: number, index: number): Promise<Uint8Array> {
    const key = keyOf(level, index);
    const known = this.#options.edge.get(key) ?? this.#verified.get(key);
    if (known !== undefined) return await known;
    const fetched = this.#fetchFull(level, index);
    this.#verified.set(key, fetched);
    try {
      return await fetched;
    } catch (error) {
      // The next one who asks may be luckier.
      this.#verified.delete(key);
      throw error;
    }
  }

  /** The root that the first `size` leaves of this tree have. */
  async rootAt(size: number): Promise<Uint8Array> {
    return await this.#compute((readNode) => frontierAt(size, readNode, nodeHashBySystem).root());
  }

  /** The consistency proof from `size` to this tree. */
  async proofFrom(size: number): Promise<readonly Uint8Array[]> {
    return await this.#compute((readNode) => proveConsistency(size, this.size, readNode));
  }

  async #fetchFull(level: number, index: number): Promise<Uint8Array> {
    if ((index + 1) * TILE_WIDTH > hashesOnLevel(level, this.size)) {
      throw new RangeError(`Expected a tile of a tree of ${this.size}, got ${level}/${index}.`);
    }
    const { source, signal } = this.#options;
    const tile = { level, index, width: TILE_WIDTH };
    const [row, above] = await Promise.all([
      fetchRow(source, tile, signal),
      this.row(level + 1, Math.floor(index / TILE_WIDTH)),
    ]);
    const at = (index % TILE_WIDTH) * HASH_LENGTH;
    if (bytesEqual(rowRootBySystem(row), above.subarray(at, at + HASH_LENGTH))) return row;
    throw new AttestryError(
      'TILE_HASH_MISMATCH',
      `Expected ${formatTilePath(tile)} to hash to its place in the tile above it; it does not.`,
      { details: { level, index } },
    );
  }

  // Runs twice: over placeholders, to learn which tiles it reads, and over those tiles.
  async #compute<T>(run: (readNode: ReadNode) => T): Promise<T> {
    const wanted = new Map<string, { readonly level: number; readonly index: number }>();
    run((nodeLevel, nodeIndex) => {
      const { level, index } = tileNodeAt(nodeLevel, nodeIndex);
      wanted.set(keyOf(level, index), { level, index });
      return EMPTY_ROOT;
    });
    const rows = new Map(
      await Promise.all(
        Array.from(
          wanted,
          async ([key, { level, index }]) => [key, await this.row(level, index)] as const,
        ),
      ),
    );
    return run(tileNodeReader(readFrom(rows), nodeHashBySystem));
  }
}

function readFrom(rows: Rows): (level: number, index: number) => Uint8Array {
  return (level, index) => rows.get(keyOf(level, index)) ?? new Uint8Array();
}

function keyOf(level: number, index: number): string {
  return `${level}/${index}`;
}
