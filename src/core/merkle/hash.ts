/** The hashes of RFC 6962 section 2.1 over SHA-256. Leaves and nodes have different prefixes, so neither passes for the other. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { AttestryError } from '../../errors.ts';

export const HASH_LENGTH = 32;

/** The hash of a leaf, by whichever implementation of SHA-256. */
export type HashLeaf = (entry: Uint8Array) => Uint8Array;
/** The hash of a node, by whichever implementation of SHA-256; it keeps neither argument, whose bytes may change afterwards. */
export type HashNode = (left: Uint8Array, right: Uint8Array) => Uint8Array;

/** Both hashes of a tree. */
export interface TreeHashes {
  readonly leaf: HashLeaf;
  readonly node: HashNode;
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

/** The root of a tree without leaves: the hash of nothing. Shared, so never to be written to. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

/** SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return sha256(input);
}

// Trees hash millions of nodes: one input buffer serves them all, as nothing here is asynchronous and SHA-256 keeps no reference to it.
const nodeInput = new Uint8Array(1 + 2 * HASH_LENGTH);
nodeInput[0] = 1;

/** SHA-256(0x01 || left || right), of two hashes of 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== HASH_LENGTH || right.length !== HASH_LENGTH) {
    throw new RangeError(`Expected two 32-byte hashes, got ${left.length} and ${right.length}.`);
  }
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_LENGTH);
  return sha256(nodeInput);
}

/** The root over hashes that stand side by side in `row`, at least one. A row of a tile gives the hash that stands for it one tile level up. */
export function rowRoot(row: Uint8Array, hashNode: HashNode = nodeHash): Uint8Array {
  if (row.length === 0 || row.length % HASH_LENGTH !== 0) {
    throw new RangeError(`Expected one or more 32-byte hashes, got ${row.length} bytes.`);
  }
  const work = row.slice();
  for (let width = work.length / HASH_LENGTH; width > 1; width = Math.ceil(width / 2)) {
    halveRow(work, width, hashNode);
  }
  return work.slice(0, HASH_LENGTH);
}

// Rows have hundreds of nodes, and views of them would cost more than to copy their bytes here.
const leftOfPair = new Uint8Array(HASH_LENGTH);
const rightOfPair = new Uint8Array(HASH_LENGTH);

// A lone last hash moves up unhashed, which gives the shape of RFC 6962: split at the largest power of two.
function halveRow(work: Uint8Array, width: number, hashNode: HashNode): void {
  for (let i = 0; i < width; i += 2) {
    const start = i * HASH_LENGTH;
    const at = (i / 2) * HASH_LENGTH;
    if (i + 1 === width) {
      work.copyWithin(at, start, start + HASH_LENGTH);
      continue;
    }
    for (let j = 0; j < HASH_LENGTH; j++) {
      leftOfPair[j] = work[start + j] as number;
      rightOfPair[j] = work[start + HASH_LENGTH + j] as number;
    }
    work.set(hashNode(leftOfPair, rightOfPair), at);
  }
}

/** Refuses what is not a hash, before anything is computed from it: an empty "hash" can otherwise stand for a missing one. @throws HASH_MALFORMED */
export function requireHashes(what: string, ...hashes: readonly Uint8Array[]): void {
  const wrong = hashes.find((hash) => hash.length !== HASH_LENGTH);
  if (wrong !== undefined) {
    throw new AttestryError(
      'HASH_MALFORMED',
      `Expected every hash of ${what} to be 32 bytes, got one of ${wrong.length}.`,
      { details: { expected: HASH_LENGTH, length: wrong.length } },
    );
  }
}
