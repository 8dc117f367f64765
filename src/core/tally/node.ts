/**
 * Nodes of the tally and their hashes. An inner node commits to its own prefix and to EACH child's hash, count and sums:
 * one that committed to the total alone could hide a negative child (eprint 2018/1139).
 */
import { AttestryError } from '../../errors.ts';
import { sha256 } from '../merkle/hash.ts';
import { KEY_BITS, KEY_BYTES, type Prefix, prefixOf } from './key.ts';
import { addSums, encodeSums, SUMS_BYTES, type Sums } from './sums.ts';

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

/** All that a parent knows of a child: enough to count it without opening it. */
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
  readonly prefix: Prefix;
  /** Begins with the prefix and a 0. */
  readonly left: Branch;
  /** Begins with the prefix and a 1. */
  readonly right: Branch;
}

/** The hash of a tally without leaves: SHA-256(0x04). */
export const EMPTY_TALLY: Uint8Array = sha256(Uint8Array.of(EMPTY_TAG));

const SUMMARY_BYTES = 32 + 8 + SUMS_BYTES;

/** SHA-256(0x02 ‖ key ‖ entry hash ‖ sums). */
export function summarizeLeaf(leaf: TallyLeaf): Branch {
  const input = new Uint8Array(1 + KEY_BYTES + 32 + SUMS_BYTES);
  input[0] = LEAF_TAG;
  input.set(leaf.key, 1);
  input.set(leaf.entryHash, 1 + KEY_BYTES);
  input.set(encodeSums(leaf.sums), 1 + KEY_BYTES + 32);
  return { prefix: prefixOf(leaf.key, KEY_BITS), hash: sha256(input), count: 1, sums: leaf.sums };
}

/** SHA-256(0x03 ‖ length of the prefix (2) ‖ prefix (45, zero bits behind it) ‖ left summary ‖ right summary). */
export function summarizeInner(prefix: Prefix, left: Summary, right: Summary): Branch {
  const input = new Uint8Array(3 + KEY_BYTES + 2 * SUMMARY_BYTES);
  input[0] = INNER_TAG;
  new DataView(input.buffer).setUint16(1, prefix.length);
  input.set(prefix.bits, 3);
  input.set(encodeSummary(left), 3 + KEY_BYTES);
  input.set(encodeSummary(right), 3 + KEY_BYTES + SUMMARY_BYTES);
  const count = left.count + right.count;
  if (!Number.isSafeInteger(count)) {
    throw new AttestryError('TALLY_OVERFLOW', 'Expected fewer than 2^53 leaves.');
  }
  return { prefix, hash: sha256(input), count, sums: addSums(left.sums, right.sums) };
}

/** Hash (32) ‖ count (8) ‖ sums (7 times 16). */
export function encodeSummary({ hash, count, sums }: Summary): Uint8Array {
  const bytes = new Uint8Array(SUMMARY_BYTES);
  bytes.set(hash);
  new DataView(bytes.buffer).setBigUint64(32, BigInt(count));
  bytes.set(encodeSums(sums), 40);
  return bytes;
}
