/** The hashes of the tree by OpenSSL: the same bytes as the pure implementation, in a third of the time or less. */
import { hash } from 'node:crypto';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { LARGEST_ENTRY_BYTES } from '../core/statement/envelope.ts';

// As nothing here is asynchronous and OpenSSL keeps no reference to it, one input buffer serves all hashes of a kind.
const leafInput = new Uint8Array(1 + LARGEST_ENTRY_BYTES);
const nodeInput = new Uint8Array(1 + 2 * HASH_LENGTH);
nodeInput[0] = 1;

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

/** SHA-256. */
// As text of one character a byte: a Buffer of the result would be a block of memory of its own outside the heap, and
// making and freeing that takes longer than hashing a node.
export function sha256BySystem(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(HASH_LENGTH);
  for (let i = 0; i < HASH_LENGTH; i++) digest[i] = text.charCodeAt(i);
  return digest;
}
