/** Reading a log: entries, tiles, bundles and receipts, each checked against the tree before it is handed out. */
import { LRUCache } from 'lru-cache';
import { bytesEqual, concatBytes } from '../core/bytes/equal.ts';
import { decodeBundle } from '../core/merkle/bundle.ts';
import { HASH_LENGTH, rowRoot } from '../core/merkle/hash.ts';
import { proveInclusion, verifyInclusion } from '../core/merkle/inclusion.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import { hashesOnLevel, type ReadTile, rootFromTiles, TILE_WIDTH } from '../core/merkle/tile.ts';
import type { BundleCoordinate, TileCoordinate } from '../core/merkle/tile-path.ts';
import { type Checkpoint, verifyCheckpoint } from '../core/note/checkpoint.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import type { VerifierKey } from '../core/note/vkey.ts';
import type { Receipt } from '../core/receipt/receipt.ts';
import { parseEnvelope } from '../core/statement/envelope.ts';
import { AttestryError } from '../errors.ts';
import { opensslEngine } from '../keys/openssl-engine.ts';
import { leafHashBySystem, nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { CheckpointState, Head, LogStore, StoredCheckpoint } from '../store/log-store.ts';
import { tileReader } from '../store/tile-reader.ts';

export interface LogReaderOptions {
  readonly store: LogStore;
  readonly readNode: ReadNode;
  /** The log's own key. */
  readonly vkey: VerifierKey;
  /** Entries from its size on may be in the database, but are not committed yet: they are not served. */
  readonly head: () => Head;
  /** The smallest checkpoint of each state that covers an entry, in the database or on its way there. */
  readonly covering: Readonly<
    Record<CheckpointState, (index: number) => Promise<StoredCheckpoint | undefined>>
  >;
  /** Told when the disk gives something else than was logged: such a log must not sign on. */
  readonly onDamage: (error: unknown) => void;
  /** Checks signatures on notes; OpenSSL unless told. */
  readonly engine?: SignatureEngine | undefined;
}

interface Leaf {
  readonly index: number;
  readonly entryHash: Uint8Array;
}

// The receipts of one batch stand under one checkpoint, and to verify it costs a fifth of what a receipt costs otherwise. Half
// a kilobyte each.
const KEPT_CHECKPOINTS = 2_048;

export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #readTile: ReadTile;
  /** Checkpoints whose signature has been verified, by their whole note. */
  readonly #checkpoints = new LRUCache<string, Checkpoint>({ max: KEPT_CHECKPOINTS });

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#readTile = tileReader(options.store);
  }

  /** The entry's bytes. @throws ENTRY_UNKNOWN, STORE_CORRUPT when the disk gives other bytes than were logged */
  async entry(index: number): Promise<Uint8Array> {
    const { size, root } = this.#options.head();
    if (index >= size) throw unknown(`The log holds no entry ${index}.`);
    return await this.#whole(`entry ${index}`, () => {
      const entry = this.#read(index);
      const proof = proveInclusion(index, size, this.#options.readNode);
      verifyInclusion(
        { leafHash: leafHashBySystem(entry), index, size, root, proof },
        nodeHashBySystem,
      );
      return entry;
    });
  }

  /** The tile's hashes, cut to the asked-for width; undefined where the log is too short. @throws STORE_CORRUPT */
  async tile({ level, index, width }: TileCoordinate): Promise<Uint8Array | undefined> {
    const head = this.#options.head();
    if (index * TILE_WIDTH + width > hashesOnLevel(level, head.size)) return undefined;
    return await this.#whole(`tile ${level}/${index}`, () =>
      this.#row(head, level, index).subarray(0, width * HASH_LENGTH),
    );
  }

  /** The entry bundle; undefined where the log is too short. @throws STORE_CORRUPT */
  async bundle({ index, width }: BundleCoordinate): Promise<Uint8Array | undefined> {
    const start = index * TILE_WIDTH;
    const head = this.#options.head();
    if (start + width > head.size) return undefined;
    return await this.#whole(`bundle ${index}`, async () => {
      const row = this.#row(head, 0, index);
      const pieces = await this.#options.store.bundlePieces(start, start + width);
      const bundle = concatBytes(...pieces);
      for (const [i, entry] of decodeBundle(bundle, width).entries()) {
        verifyLeaf(start + i, entry, row.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
      }
      return bundle;
    });
  }

  /** The entries of [start, end), for whoever derives something from them. @throws STORE_CORRUPT */
  async entries(start: number, end: number): Promise<readonly Uint8Array[]> {
    const { store, readNode } = this.#options;
    return await this.#whole(`entries ${start} to ${end}`, async () => {
      const entries = await store.entries(start, end);
      for (const [i, entry] of entries.entries())
        verifyLeaf(start + i, entry, readNode(0, start + i));
      return entries;
    });
  }

  /** The receipt under the first checkpoint of this state that covers the entry. @throws ENTRY_UNKNOWN, STORE_CORRUPT */
  async receipt({ index, entryHash }: Leaf, state: CheckpointState): Promise<Receipt> {
    // Of what is written but not locked yet there is no checkpoint either.
    const kept = await this.#options.covering[state](index);
    if (kept === undefined) throw unknown(`Entry ${index} is not ${state} yet; try again later.`);
    return await this.#whole(`the receipt of entry ${index}`, () => {
      const entry = this.#read(index);
      verifyLeaf(index, entry, entryHash);
      const { size, root } = this.#verifiedCheckpoint(kept);
      const proof = proveInclusion(index, size, this.#options.readNode);
      verifyInclusion({ leafHash: entryHash, index, size, root, proof }, nodeHashBySystem);
      return { envelope: parseEnvelope(entry), proof: { index, proof, checkpoint: kept.note } };
    });
  }

  #read(index: number): Uint8Array {
    const entry = this.#options.store.entry(index);
    if (entry !== undefined) return entry;
    throw new AttestryError('STORE_CORRUPT', `Entry ${index} is gone.`);
  }

  /** The row of a tile as the head commits to it, through every tile above. */
  #row(head: Head, level: number, index: number): Uint8Array {
    const width = Math.min(TILE_WIDTH, hashesOnLevel(level, head.size) - index * TILE_WIDTH);
    // A batch under way may have made it wider already.
    const row = this.#readTile(level, index).subarray(0, width * HASH_LENGTH);
    if (width < TILE_WIDTH) {
      const readTile: ReadTile = (l, i) =>
        l === level && i === index ? row : this.#readTile(l, i);
      if (bytesEqual(rootFromTiles(head.size, readTile, nodeHashBySystem), head.root)) return row;
      throw new AttestryError('ROOT_MISMATCH', `The tiles do not give the root of ${head.size}.`);
    }
    const at = (index % TILE_WIDTH) * HASH_LENGTH;
    const above = this.#row(head, level + 1, Math.floor(index / TILE_WIDTH));
    if (bytesEqual(rowRoot(row, nodeHashBySystem), above.subarray(at, at + HASH_LENGTH)))
      return row;
    throw new AttestryError('TILE_HASH_MISMATCH', `Tile ${level}/${index} does not fit above.`);
  }

  #verifiedCheckpoint({ size, note }: StoredCheckpoint): Checkpoint {
    const known = this.#checkpoints.get(note);
    if (known !== undefined) return known;
    const { vkey, engine = opensslEngine } = this.#options;
    const { checkpoint } = verifyCheckpoint(note, { vkeys: [vkey], engine });
    if (checkpoint.size !== size) {
      throw new AttestryError('TABLE_MISMATCH', `A checkpoint of ${size} is kept as another.`);
    }
    this.#checkpoints.set(note, checkpoint);
    return checkpoint;
  }

  // Whatever check fails here, the asker did nothing wrong: the database is damaged, and nobody gets what it gave.
  async #whole<T>(what: string, read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      if (!(cause instanceof AttestryError) || cause.code === 'STORE_FAILED') throw cause;
      const damage = new AttestryError(
        'STORE_CORRUPT',
        `The database does not give ${what} as it was logged (${cause.code}). Stop the log and run attestry fsck.`,
        { cause },
      );
      this.#options.onDamage(damage);
      throw damage;
    }
  }
}

function verifyLeaf(index: number, entry: Uint8Array, expected: Uint8Array): void {
  if (bytesEqual(leafHashBySystem(entry), expected)) return;
  throw new AttestryError(
    'ENTRY_HASH_MISMATCH',
    `Entry ${index} does not hash to its leaf in the tree.`,
    { details: { index } },
  );
}

function unknown(message: string): AttestryError {
  return new AttestryError('ENTRY_UNKNOWN', message);
}
