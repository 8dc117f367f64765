/** Reading a log: entries, tiles, bundles and receipts, each checked against the tree before it is handed out. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { encodeBundle } from '../core/merkle/bundle.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { proveInclusion, verifyInclusion } from '../core/merkle/inclusion.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import { hashesOnLevel, TILE_WIDTH } from '../core/merkle/tile.ts';
import type { BundleCoordinate, TileCoordinate } from '../core/merkle/tile-path.ts';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import type { Receipt } from '../core/receipt/receipt.ts';
import { parseEnvelope } from '../core/statement/envelope.ts';
import { AttestryError } from '../errors.ts';
import type { CheckpointState, LogStore } from '../store/log-store.ts';
import { leafHashBySystem } from './second-path.ts';

export class LogReader {
  readonly #store: LogStore;
  readonly #readNode: ReadNode;
  /** Entries from here on may be in the database, but are not committed yet: they are not served. */
  readonly #size: () => number;

  constructor(store: LogStore, readNode: ReadNode, size: () => number) {
    this.#store = store;
    this.#readNode = readNode;
    this.#size = size;
  }

  /** The entry's bytes. @throws ENTRY_UNKNOWN, ENTRY_HASH_MISMATCH when the disk gives other bytes than were logged */
  entry(index: number): Uint8Array {
    const entry = index < this.#size() ? this.#store.entry(index) : undefined;
    if (entry === undefined)
      throw new AttestryError('ENTRY_UNKNOWN', `The log holds no entry ${index}.`);
    this.#verifyLeaf(index, leafHashBySystem(entry));
    return entry;
  }

  /** The tile's hashes, cut to the asked-for width; undefined where the log is too short. */
  tile({ level, index, width }: TileCoordinate): Uint8Array | undefined {
    if (index * TILE_WIDTH + width > hashesOnLevel(level, this.#size())) return undefined;
    return this.#store.tile(level, index)?.subarray(0, width * HASH_LENGTH);
  }

  /** The entry bundle; undefined where the log is too short. @throws ENTRY_HASH_MISMATCH */
  async bundle({ index, width }: BundleCoordinate): Promise<Uint8Array | undefined> {
    const start = index * TILE_WIDTH;
    if (start + width > this.#size()) return undefined;
    const entries = await this.#store.entries(start, start + width);
    for (const [i, entry] of entries.entries())
      this.#verifyLeaf(start + i, leafHashBySystem(entry));
    return encodeBundle(entries);
  }

  /** The receipt under the first checkpoint of this state that covers the entry. @throws ENTRY_UNKNOWN, INCLUSION_ROOT_MISMATCH */
  async receipt(index: number, state: CheckpointState): Promise<Receipt> {
    const kept = await this.#store.checkpointCovering(state, index);
    if (kept === undefined) {
      throw new AttestryError(
        'ENTRY_UNKNOWN',
        `Entry ${index} is not ${state} yet; try again later.`,
      );
    }
    const entry = this.entry(index);
    const { root } = parseCheckpoint(kept.note).checkpoint;
    const proof = proveInclusion(index, kept.size, this.#readNode);
    verifyInclusion({ leafHash: leafHashBySystem(entry), index, size: kept.size, root, proof });
    return { envelope: parseEnvelope(entry), proof: { index, proof, checkpoint: kept.note } };
  }

  #verifyLeaf(index: number, hash: Uint8Array): void {
    if (bytesEqual(hash, this.#readNode(0, index))) return;
    throw new AttestryError(
      'ENTRY_HASH_MISMATCH',
      `Entry ${index} does not hash to its leaf in the tree: the database is damaged. Run attestry fsck.`,
      { details: { index } },
    );
  }
}
