/** The bytes of a tally's rows. */
import { concatBytes } from '../core/bytes/equal.ts';
import { KEY_BYTES, type Prefix } from '../core/tally/key.ts';
import { type Branch, encodeSummary, type TallyInner, type TallyLeaf } from '../core/tally/node.ts';
import { decodeSums, encodeSums, SUMS_BYTES } from '../core/tally/sums.ts';
import { storeCorrupt } from '../store/store-failure.ts';

const PREFIX_BYTES = 2 + KEY_BYTES;
const BRANCH_BYTES = PREFIX_BYTES + 32 + 8 + SUMS_BYTES;
const LEAF_BYTES = 32 + SUMS_BYTES;

/** Length (2) ‖ bits (45). */
export function encodePrefix({ length, bits }: Prefix): Uint8Array {
  return concatBytes(Uint8Array.of(length >> 8, length & 0xff), bits);
}

/** Prefix ‖ summary. */
export function encodeBranch(branch: Branch): Uint8Array {
  return concatBytes(encodePrefix(branch.prefix), encodeSummary(branch));
}

/** @throws STORE_CORRUPT */
export function decodeBranch(row: Uint8Array): Branch {
  if (row.length !== BRANCH_BYTES) throw storeCorrupt('A node of the tally is damaged');
  const view = new DataView(row.buffer, row.byteOffset, row.length);
  return {
    prefix: { length: view.getUint16(0), bits: row.slice(2, PREFIX_BYTES) },
    hash: row.slice(PREFIX_BYTES, PREFIX_BYTES + 32),
    count: Number(view.getBigUint64(PREFIX_BYTES + 32)),
    sums: decodeSums(row.subarray(PREFIX_BYTES + 40)),
  };
}

/** Left branch ‖ right branch; the prefix is the row's key. */
export function encodeInner({ left, right }: TallyInner): Uint8Array {
  return concatBytes(encodeBranch(left), encodeBranch(right));
}

/** @throws STORE_CORRUPT */
export function decodeInner(prefix: Prefix, row: Uint8Array): TallyInner {
  return {
    prefix,
    left: decodeBranch(row.subarray(0, BRANCH_BYTES)),
    right: decodeBranch(row.subarray(BRANCH_BYTES)),
  };
}

/** Entry hash ‖ sums; the key is the row's key. */
export function encodeLeaf({ entryHash, sums }: TallyLeaf): Uint8Array {
  return concatBytes(entryHash, encodeSums(sums));
}

/** @throws STORE_CORRUPT */
export function decodeLeaf(key: Uint8Array, row: Uint8Array): TallyLeaf {
  if (row.length !== LEAF_BYTES) throw storeCorrupt('A leaf of the tally is damaged');
  return { key, entryHash: row.slice(0, 32), sums: decodeSums(row.subarray(32)) };
}
