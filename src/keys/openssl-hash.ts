/** The hashes of the tree by OpenSSL: the same bytes as the pure implementation, in a third of the time or less. */
import { hash } from 'node:crypto';
import { HASH_LENGTH, type TreeHashes } from '../core/merkle/hash.ts';
import { LARGEST_ENTRY_BYTES } from '../core/statement/envelope.ts';

// As nothing here is asynchronous and OpenSSL keeps no reference to it, one input buffer serves all hashes of a kind.
const leafInput = new Uint8Array(1 + LARGEST_ENTRY_BYTES);
const nodeInput = new Uint8Array(1 + 2 * HASH_LENGTH);
nodeInput[0] = 1;
// The bytes of a pair begin where 32-bit words do, after the prefix.
const pairMemory = new ArrayBuffer(4 + 2 * HASH_LENGTH);
const pairWords = new Uint32Array(pairMemory, 4);
const pairInput = new Uint8Array(pairMemory, 3);
pairInput[0] = 1;

/** RFC 6962 leaf hash: SHA-256(0x00 || entry). */
export function leafHashBySystem(entry: Uint8Array): Uint8Array {
  const input = entry.length < leafInput.length ? leafInput : new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return sha256BySystem(input.subarray(0, 1 + entry.length));
}

/** RFC 6962 node hash: SHA-256(0x01 || left || right), of two hashes of 32 bytes. */
export function nodeHashBySystem(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== HASH_LENGTH || right.length !== HASH_LENGTH) {
    throw new RangeError(`Expected two 32-byte hashes, got ${left.length} and ${right.length}.`);
  }
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_LENGTH);
  return sha256BySystem(nodeInput);
}

/** Both, for whoever verifies on Node. */
export const systemHashes: TreeHashes = { leaf: leafHashBySystem, node: nodeHashBySystem };

/** The root over the hashes that stand side by side in a row, at least one: `rowRoot` of core. */
export function rowRootBySystem(row: Uint8Array): Uint8Array {
  if (row.length === 0 || row.length % HASH_LENGTH !== 0) {
    throw new RangeError(`Expected one or more 32-byte hashes, got ${row.length} bytes.`);
  }
  const work = new Uint8Array(row);
  for (let width = work.length / HASH_LENGTH; width > 1; width = Math.ceil(width / 2)) {
    halveRow(work, width);
  }
  return work.slice(0, HASH_LENGTH);
}

// Each pair goes from the row into the input and back with nothing made in between but OpenSSL's text; as words, because
// to copy 64 bytes one by one takes as long as half of hashing them. `work` has its memory to itself.
function halveRow(work: Uint8Array, width: number): void {
  const words = new Uint32Array(work.buffer);
  for (let i = 0; i + 1 < width; i += 2) {
    const pair = i * HASH_LENGTH;
    for (let j = 0; j < pairWords.length; j++) pairWords[j] = words[pair / 4 + j] as number;
    const text = hash('sha256', pairInput, 'binary');
    for (let j = 0; j < HASH_LENGTH; j++) work[pair / 2 + j] = text.charCodeAt(j);
  }
  if (width % 2 === 0) return;
  const last = (width - 1) * HASH_LENGTH;
  work.copyWithin(last / 2, last, last + HASH_LENGTH);
}

/**
 * The leaf hashes of a bundle's entries side by side, as text of one character a byte; none where the bytes are no
 * bundle, however many entries it may hold. The bundle is of no use afterwards: the byte before each entry becomes the
 * prefix of its hash, so that no entry is copied.
 */
export function leafHashesInPlace(bundle: Uint8Array): string {
  let hashes = '';
  let at = 0;
  while (at + 2 <= bundle.length) {
    const end = at + 2 + (bundle[at] as number) * 256 + (bundle[at + 1] as number);
    bundle[at + 1] = 0;
    hashes += hash('sha256', bundle.subarray(at + 1, end), 'binary');
    at = end;
  }
  return at === bundle.length ? hashes : '';
}

/** SHA-256. */
// As text of one character a byte: a Buffer of the result would be a block of memory of its own outside the heap, and
// making and freeing that takes longer than hashing a node.
export function sha256BySystem(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(HASH_LENGTH);
  for (let i = 0; i < HASH_LENGTH; i++) digest[i] = text.charCodeAt(i);
  return digest;
}
