/** The verifier's own copy of one log: what it hands out is recomputed from the copy, never taken on the log's word. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { proveConsistency } from '../core/merkle/consistency.ts';
import { type Frontier, frontierAt } from '../core/merkle/frontier.ts';
import { EMPTY_ROOT } from '../core/merkle/hash.ts';
import { proveInclusion, verifyInclusion } from '../core/merkle/inclusion.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import { type ReadTile, rootFromTiles, tileNodeReader } from '../core/merkle/tile.ts';
import type { Checkpoint } from '../core/note/checkpoint.ts';
import { AttestryError } from '../errors.ts';
import { leafHashBySystem, nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { Head, LogStore, ModelMention } from '../store/log-store.ts';
import { FreshLeaves } from '../tally/fresh-leaves.ts';

/** An entry with the proof that it stands in the tree of a checkpoint. */
export interface ProvenEntry {
  readonly index: number;
  readonly entry: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

export class Mirror {
  readonly store: LogStore;
  readonly readTile: ReadTile;
  /** Of entries that have been mirrored. */
  readonly freshLeaves = new FreshLeaves();
  readonly #readNode: ReadNode;

  /** The store stays the caller's to close. */
  constructor(store: LogStore) {
    this.store = store;
    this.readTile = (level, index) => {
      const row = store.tile(level, index);
      if (row === undefined) throw damaged(`tile ${level}/${index} is missing`);
      return row;
    };
    this.#readNode = tileNodeReader(this.readTile, nodeHashBySystem, (index) =>
      this.store.middle(index),
    );
  }

  /** How far the log is mirrored. While a growth is under way that is more than its last checkpoint covers. */
  get head(): Head {
    return this.store.head() ?? { size: 0, root: EMPTY_ROOT };
  }

  /** The root of the first `size` entries, at most the head's. */
  rootAt(size: number): Uint8Array {
    return this.frontierAt(size).root();
  }

  frontierAt(size: number): Frontier {
    return frontierAt(size, this.#readNode, nodeHashBySystem);
  }

  proofBetween(size1: number, size2: number): readonly Uint8Array[] {
    return proveConsistency(size1, size2, this.#readNode);
  }

  /** The entry and its proof under a checkpoint of this log, both recomputed. @throws STORE_CORRUPT, ENTRY_UNKNOWN */
  prove(index: number, { size, root }: Checkpoint): ProvenEntry {
    const entry = index < size ? this.store.entry(index) : undefined;
    if (entry === undefined) {
      throw new AttestryError(
        'ENTRY_UNKNOWN',
        `Expected an index below the mirrored size ${size}, got ${index}.`,
        { details: { index, size } },
      );
    }
    const proof = proveInclusion(index, size, this.#readNode);
    try {
      const claim = { leafHash: leafHashBySystem(entry), index, size, root, proof };
      verifyInclusion(claim, nodeHashBySystem);
    } catch (cause) {
      throw damaged(`entry ${index} does not lead to the root of size ${size}`, cause);
    }
    return { index, entry, proof };
  }

  /** What the copy holds about a model, in the order of the log: page by page, since it may be a million statements. */
  async *mentions(model: string): AsyncGenerator<readonly ModelMention[]> {
    for (let from = 0; ; ) {
      const page = await this.store.mentions(model, from);
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      from = last.index + 1;
    }
  }

  /** Whether the copy gives the root that it says it has. @throws STORE_CORRUPT */
  verify(): Head {
    const { head } = this;
    if (bytesEqual(rootFromTiles(head.size, this.readTile, nodeHashBySystem), head.root))
      return head;
    throw damaged(`its tiles do not give its root of size ${head.size}`);
  }
}

function damaged(problem: string, cause?: unknown): AttestryError {
  return new AttestryError(
    'STORE_CORRUPT',
    `The mirror on this machine is damaged: ${problem}. Delete its folder to fetch the log anew.`,
    { cause },
  );
}
