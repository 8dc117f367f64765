/** The right edge of a growing tree: the roots of its complete subtrees, one for every 1 in the binary form of its size. */
import { EMPTY_ROOT, HASH_LENGTH, type HashNode, nodeHash } from './hash.ts';
import { floorLog2, isTreeSize, type ReadNode } from './range.ts';

/** A tree that only remembers what appending needs: 53 hashes at most. Appending hashes once on average. */
export class Frontier {
  #size: number;
  readonly #hashes: Uint8Array[] = [];
  readonly #hashNode: HashNode;

  /** Empty, or at `size` with the hashes that `hashes` of a frontier of that size gave. */
  constructor(size = 0, hashes: readonly Uint8Array[] = [], hashNode: HashNode = nodeHash) {
    if (!isTreeSize(size) || countOnes(size) !== hashes.length) {
      throw new RangeError(`Expected one hash for every 1 in the binary form of ${size}.`);
    }
    this.#size = size;
    this.#hashes.push(...hashes);
    this.#hashNode = hashNode;
  }

  /** The number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** The roots of the complete subtrees, from the largest, at the left, to the smallest. */
  get hashes(): readonly Uint8Array[] {
    return [...this.#hashes];
  }

  append(leafHash: Uint8Array): void {
    if (leafHash.length !== HASH_LENGTH) {
      throw new RangeError(`Expected a leaf hash of 32 bytes, got ${leafHash.length}.`);
    }
    let node = leafHash;
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = this.#hashNode(this.#hashes.pop() as Uint8Array, node);
    }
    this.#hashes.push(node);
    this.#size++;
  }

  root(): Uint8Array {
    if (this.#hashes.length === 0) return EMPTY_ROOT;
    return this.#hashes.reduceRight((right, left) => this.#hashNode(left, right));
  }
}

/** The frontier of a stored tree as it was at `size`. */
export function frontierAt(
  size: number,
  readNode: ReadNode,
  hashNode: HashNode = nodeHash,
): Frontier {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < size; ) {
    const level = floorLog2(size - start);
    hashes.push(readNode(level, start / 2 ** level));
    start += 2 ** level;
  }
  return new Frontier(size, hashes, hashNode);
}

function countOnes(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
