/**
 * The rows of a tally's database. What a row holds is checked against the hash by which its parent names it, so a damaged
 * row is never grown on or proven from.
 *
 *   h                           state: size ‖ prefix and summary of the root, if there is one ‖ SHA-256 of all before
 *   l ‖ key from its index on (8) ‖ key up to its index (37)
 *                               leaf: entry hash (32) ‖ sums
 *   l ‖ bits from the index on (8) ‖ bits up to the index (37) ‖ length (2)
 *                               inner node over leaves whose indexes have all but the last 16 bits in common: prefix and
 *                               summary of the left child, then of the right
 *   n ‖ bits (45) ‖ length (2)  any other inner node
 *   p                           checkpoint and tally note that were published last, canonical JSON
 */
import { bytesEqual, concatBytes } from '../core/bytes/equal.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { CompactReader, CompactWriter } from '../core/tally/compact.ts';
import { childPrefix, EMPTY_PREFIX, INDEX_AT, KEY_BYTES, type Prefix } from '../core/tally/key.ts';
import {
  type Branch,
  summarizeInner,
  summarizeLeaf,
  type TallyInner,
  type TallyLeaf,
} from '../core/tally/node.ts';
import type { AttestryError } from '../errors.ts';
import { sha256BySystem } from '../keys/openssl-hash.ts';
import { storeCorrupt } from '../store/store-failure.ts';
import type { TallyState } from './tally-store.ts';

export const STATE_KEY: Uint8Array = Uint8Array.of(0x68);
export const PAIR_KEY: Uint8Array = Uint8Array.of(0x70);
const INNER = 0x6e;
const LEAF = 0x6c;
// As in level-keys.ts: bytes out of Node's pool are handed to the database as they are.
const copyToPool = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes);
// One for all rows, as nothing here is asynchronous.
const writer = new CompactWriter();
const name = Buffer.alloc(KEY_BYTES + 2);

/** Bits that the indexes below a node may differ in, where it stands with its leaves. */
const YOUNG_BITS = 16;

/**
 * Nodes over few entries stand with their leaves, in the order of the log: each changes for as long as the log grows within its
 * range and never again, so LevelDB moves no old ones for them. The others are few; bits come before length there, so that the
 * nodes of one path, which are read and written together, stand together.
 */
export function innerKey({ length, bits }: Prefix): Uint8Array {
  const isYoung = length >= 8 * KEY_BYTES - YOUNG_BITS;
  const key = Buffer.allocUnsafe(1 + KEY_BYTES + 2);
  if (isYoung) putInOrder(key, bits);
  else {
    key[0] = INNER;
    key.set(bits, 1);
  }
  key[1 + KEY_BYTES] = length >> 8;
  key[2 + KEY_BYTES] = length & 0xff;
  return key;
}

/** In the order of the log, so that new rows come behind all others. */
export function leafKey(key: Uint8Array): Uint8Array {
  const row = Buffer.allocUnsafe(1 + KEY_BYTES);
  putInOrder(row, key);
  return row;
}

function putInOrder(row: Uint8Array, key: Uint8Array): void {
  row[0] = LEAF;
  row.set(key.subarray(INDEX_AT), 1);
  row.set(key.subarray(0, INDEX_AT), 1 + KEY_BYTES - INDEX_AT);
}

/** A name for the inner node with a prefix, to keep it under in memory. */
export function nameOf({ length, bits }: Prefix): string {
  name.set(bits);
  name.writeUInt16BE(length, KEY_BYTES);
  return name.toString('latin1');
}

export function encodeState({ size, root }: TallyState): Uint8Array {
  writer.number(BigInt(size));
  if (root !== undefined) writeBranch(root, EMPTY_PREFIX.length);
  const row = writer.end();
  return concatBytes(row, sha256BySystem(row));
}

/** @throws STORE_CORRUPT */
export function decodeState(row: Uint8Array): TallyState {
  const content = row.subarray(0, -HASH_LENGTH);
  if (!bytesEqual(sha256BySystem(content), row.subarray(content.length)))
    throw damaged('The state');
  const reader = new CompactReader(content, () => damaged('The state'));
  const size = Number(reader.number());
  const root = reader.atEnd ? undefined : readBranch(reader, EMPTY_PREFIX);
  reader.end();
  return { size, root };
}

export function encodeInner({ branch, left, right }: TallyInner): Uint8Array {
  writeBranch(left, branch.prefix.length + 1);
  writeBranch(right, branch.prefix.length + 1);
  return writer.end(copyToPool);
}

/** The inner node of a branch. @throws STORE_CORRUPT */
export function decodeInner(branch: Branch, row: Uint8Array): TallyInner {
  const reader = new CompactReader(row, () => damaged('A node'));
  const left = readBranch(reader, childPrefix(branch.prefix, 0));
  const right = readBranch(reader, childPrefix(branch.prefix, 1));
  reader.end();
  requireHash('A node', branch, () => summarizeInner(branch.prefix, [left, right], sha256BySystem));
  return { branch, left, right };
}

export function encodeLeaf({ entryHash, sums }: TallyLeaf): Uint8Array {
  writer.bytes(entryHash);
  writer.sums(sums);
  return writer.end(copyToPool);
}

/** The leaf of a branch. @throws STORE_CORRUPT */
export function decodeLeaf(branch: Branch, row: Uint8Array): TallyLeaf {
  const reader = new CompactReader(row, () => damaged('A leaf'));
  const leaf = { key: branch.prefix.bits, entryHash: reader.hash(), sums: reader.sums() };
  reader.end();
  requireHash('A leaf', branch, () => summarizeLeaf(leaf, sha256BySystem));
  return leaf;
}

function writeBranch(branch: Branch, boundBits: number): void {
  writer.prefix(branch.prefix, boundBits);
  writer.summary(branch);
}

function readBranch(reader: CompactReader, bound: Prefix): Branch {
  return { prefix: reader.prefix(bound), ...reader.summary() };
}

function requireHash(what: string, { hash }: Branch, summarize: () => Branch): void {
  let summary: Branch;
  try {
    summary = summarize();
  } catch (cause) {
    throw damaged(what, cause);
  }
  if (!bytesEqual(summary.hash, hash)) throw damaged(what);
}

function damaged(what: string, cause?: unknown): AttestryError {
  return storeCorrupt(`${what} of the tally is damaged`, cause);
}
