/** Hashes of ranges of leaves, put together from the complete subtrees that a log stores. Sizes go to 2^53-1, so no 32-bit shifts. */
import { EMPTY_ROOT, nodeHash } from './hash.ts';

/** The hash of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level). */
export type ReadNode = (level: number, index: number) => Uint8Array;

/** Leaves [start, end). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** RFC 6962 MTH(D[start:end]), where start is a multiple of the smallest power of two that is not below the width. */
export function rangeHash({ start, end }: Range, readNode: ReadNode): Uint8Array {
  if (start === end) return EMPTY_ROOT;
  const level = floorLog2(end - start);
  const complete = 2 ** level;
  const left = readNode(level, start / complete);
  const middle = start + complete;
  return middle === end ? left : nodeHash(left, rangeHash({ start: middle, end }, readNode));
}

/** The largest n with 2^n <= value, for 1 <= value < 2^53. Math.log2 rounds: it gives 53 for 2^53-1. */
export function floorLog2(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(value);
}

/** The largest power of two below `size`, where RFC 6962 splits a tree of two leaves or more. */
export function splitPoint(size: number): number {
  return 2 ** floorLog2(size - 1);
}

export function isTreeSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
