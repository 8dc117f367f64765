/** RFC 6962 section 2.1 and the subtree draft, written down recursively as they stand there, over node:crypto. The oracle for core/merkle. */
import { createHash } from 'node:crypto';

export type NaiveNode = (level: number, index: number) => Uint8Array;

export function naiveLeafHash(entry: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0), entry);
}

/** Leaf hashes of n different small entries. */
export function naiveLeaves(count: number, seed = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    naiveLeafHash(new TextEncoder().encode(`entry ${seed}/${i}`)),
  );
}

export class NaiveTree {
  readonly leaves: readonly Uint8Array[];
  readonly #known = new Map<number, Uint8Array>();

  constructor(leaves: readonly Uint8Array[]) {
    this.leaves = leaves;
  }

  /** MTH(D[start:end]). */
  hash(start: number, end: number): Uint8Array {
    if (start === end) return sha256();
    if (end - start === 1) return this.leaves[start] as Uint8Array;
    const key = start * 2 ** 24 + end;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const middle = start + split(end - start);
    const hash = sha256(Uint8Array.of(1), this.hash(start, middle), this.hash(middle, end));
    this.#known.set(key, hash);
    return hash;
  }

  root(size: number = this.leaves.length): Uint8Array {
    return this.hash(0, size);
  }

  /** PATH(m, D[start:end]) of section 2.1.1, with m counted from the first leaf of the whole tree. */
  path(index: number, end: number = this.leaves.length, start = 0): Uint8Array[] {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return index < middle
      ? [...this.path(index, middle, start), this.hash(middle, end)]
      : [...this.path(index, end, middle), this.hash(start, middle)];
  }

  /** PROOF(m, D[n]) of section 2.1.2. */
  proof(size1: number, size2: number = this.leaves.length): Uint8Array[] {
    return this.subproof(size1, [0, size2], true);
  }

  /** SUBPROOF(m, D[start:end], b) of section 2.1.2, with m counted from the first leaf of the whole tree. */
  private subproof(m: number, [start, end]: [number, number], known: boolean): Uint8Array[] {
    if (m === end) return known ? [] : [this.hash(start, end)];
    const middle = start + split(end - start);
    return m <= middle
      ? [...this.subproof(m, [start, middle], known), this.hash(middle, end)]
      : [...this.subproof(m, [middle, end], false), this.hash(start, middle)];
  }

  /** The complete subtree over 2^level leaves, as logs store it. */
  readonly node: NaiveNode = (level, index) => {
    const end = (index + 1) * 2 ** level;
    if (end > this.leaves.length) throw new Error(`No node ${index} on level ${level}.`);
    return this.hash(index * 2 ** level, end);
  };

  /** The row of a tile of the tree at `size`, c2sp.org/tlog-tiles. */
  tile(level: number, index: number, size: number = this.leaves.length): Uint8Array {
    const span = 256 ** level;
    const width = Math.min(256, Math.floor(size / span) - index * 256);
    if (width <= 0) throw new Error(`No tile ${index} on level ${level} at size ${size}.`);
    const hashes = Array.from({ length: width }, (_, i) => {
      const start = (index * 256 + i) * span;
      return this.hash(start, start + span);
    });
    return new Uint8Array(Buffer.concat(hashes));
  }
}

function split(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Hashes as one text: comparing many proofs with `toEqual` takes a hundred times as long. */
export function hexOf(...hashes: readonly Uint8Array[]): string {
  return Buffer.concat(hashes).toString('hex');
}
