/**
 * Nodes of the tally and their hashes. An inner node commits to its own prefix and to EACH child's hash, count and sums:
 * one that committed to the total alone could hide a negative child (eprint 2018/1139).
 */
import { AttestryError } from '../../errors.ts';
import { HASH_LENGTH, sha256 } from '../merkle/hash.ts';
import { KEY_BITS, KEY_BYTES, type Prefix } from './key.ts';
import { addSums, SUMS_BYTES, type Sums, writeSums } from './sums.ts';

const LEAF_TAG = 0x02;
const INNER_TAG = 0x03;
const EMPTY_TAG = 0x04;

export interface TallyLeaf {
  /** 45 bytes. */
  readonly key: Uint8Array;
  /** RFC 6962 leaf hash of the entry. */
  readonly entryHash: Uint8Array;
  readonly sums: Sums;
}

/** All that a parent commits to of a child: enough to count it without opening it. */
export interface Summary {
  readonly hash: Uint8Array;
  /** Leaves below, at most 2^53-1. */
  readonly count: number;
  readonly sums: Sums;
}

/** A summary and where its subtree begins: its own prefix, a whole key for a leaf. */
export interface Branch extends Summary {
  readonly prefix: Prefix;
}

export interface TallyInner {
  readonly branch: Branch;
  /** Begins with the node's prefix and a 0. */
  readonly left: Branch;
  /** Begins with the node's prefix and a 1. */
  readonly right: Branch;
}

/** The hash of a tally without leaves: SHA-256(0x04). */
export const EMPTY_TALLY: Uint8Array = sha256(Uint8Array.of(EMPTY_TAG));

const SUMMARY_BYTES = HASH_LENGTH + 8 + SUMS_BYTES;
const LEAF_INPUT_BYTES = 1 + KEY_BYTES + HASH_LENGTH + SUMS_BYTES;
const INNER_INPUT_BYTES = 1 + 2 + KEY_BYTES + 2 * SUMMARY_BYTES;

// A tally hashes millions of nodes: one input buffer serves them all, as nothing here is asynchronous and SHA-256 keeps no reference to it.
const input = new Uint8Array(INNER_INPUT_BYTES);
const inputView = new DataView(input.buffer);

/** SHA-256, by whichever implementation; it keeps no reference to the bytes, which may change afterwards. */
export type HashBytes = (bytes: Uint8Array) => Uint8Array;

/** SHA-256(0x02 ‖ key ‖ entry hash ‖ sums). */
export function summarizeLeaf(
  { key, entryHash, sums }: TallyLeaf,
  hashBytes: HashBytes = sha256,
): Branch {
  input[0] = LEAF_TAG;
  input.set(key, 1);
  input.set(entryHash, 1 + KEY_BYTES);
  writeSums(inputView, 1 + KEY_BYTES + HASH_LENGTH, sums);
  const hash = hashBytes(input.subarray(0, LEAF_INPUT_BYTES));
  return { prefix: { length: KEY_BITS, bits: key }, hash, count: 1, sums };
}

/**
 * SHA-256(0x03 ‖ length of the prefix (2) ‖ prefix (45, zero bits behind it) ‖ left summary ‖ right summary).
 * @throws TALLY_OVERFLOW
 */
export function summarizeInner(
  prefix: Prefix,
  [left, right]: readonly [left: Summary, right: Summary],
  hashBytes: HashBytes = sha256,
): Branch {
  const count = left.count + right.count;
  if (!Number.isSafeInteger(count)) {
    throw new AttestryError('TALLY_OVERFLOW', 'Expected fewer than 2^53 leaves.');
  }
  const sums = addSums(left.sums, right.sums);
  input[0] = INNER_TAG;
  inputView.setUint16(1, prefix.length);
  input.set(prefix.bits, 3);
  writeSummary(3 + KEY_BYTES, left);
  writeSummary(3 + KEY_BYTES + SUMMARY_BYTES, right);
  return { prefix, hash: hashBytes(input), count, sums };
}

/** Hash (32) ‖ count (8) ‖ sums (7 times 16), as a parent hashes it. */
export function encodeSummary(summary: Summary): Uint8Array {
  writeSummary(0, summary);
  return input.slice(0, SUMMARY_BYTES);
}

function writeSummary(at: number, { hash, count, sums }: Summary): void {
  input.set(hash, at);
  inputView.setBigUint64(at + HASH_LENGTH, BigInt(count));
  writeSums(inputView, at + HASH_LENGTH + 8, sums);
}
