/** The row of a log's heads: that of the last commit, then those of earlier ones whose checkpoint was not kept by then. */
import { concatBytes } from '../core/bytes/equal.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { decodeUint64, encodeUint64 } from './level-keys.ts';
import type { Head } from './log-store.ts';
import { storeCorrupt } from './store-failure.ts';

const SIZE_BYTES = 8;
const HEAD_BYTES = SIZE_BYTES + HASH_LENGTH;

export function encodeHeads(heads: readonly Head[]): Uint8Array {
  return concatBytes(...heads.flatMap(({ size, root }) => [encodeUint64(size), root]));
}

/** One head or more. @throws STORE_CORRUPT */
export function decodeHeads(row: Uint8Array): Head[] {
  const count = row.length / HEAD_BYTES;
  if (count === 0 || !Number.isInteger(count)) throw storeCorrupt('The head is damaged');
  return Array.from({ length: count }, (_, i) => {
    const bytes = row.slice(i * HEAD_BYTES, (i + 1) * HEAD_BYTES);
    const size = decodeUint64(bytes, 0);
    if (size === undefined) throw storeCorrupt('The head is damaged');
    return { size, root: bytes.subarray(SIZE_BYTES) };
  });
}
