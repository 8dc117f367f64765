/**
 * The sum tree over a window's requests: the shape of RFC 6962, and every inner node commits to EACH child's hash, count
 * and sums, so that no request can be hidden behind a negative one (eprint 2018/1139).
 */
import { AttestryError } from '../../errors.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { HASH_LENGTH, requireHashes, sha256 } from '../merkle/hash.ts';
import { isTreeSize, splitPoint } from '../merkle/range.ts';
import { encodeSummary, type Summary } from '../tally/node.ts';
import { addSums, encodeSums, SUMS_BYTES } from '../tally/sums.ts';
import {
  addBuckets,
  bucketsOfSums,
  checkBuckets,
  sumsOfRequests,
  TOKEN_BUCKETS,
  type TokenBuckets,
} from './buckets.ts';

// The tally's nodes have the tags 2 to 4, RFC 6962's 0 and 1: no node of one tree passes for one of another.
const LEAF_TAG = 0x05;
const INNER_TAG = 0x06;
const SUMMARY_BYTES = HASH_LENGTH + 8 + SUMS_BYTES;

export interface RequestLeaf {
  /** SHA-256 of the usage receipt's bytes. */
  readonly receiptDigest: Uint8Array;
  readonly buckets: TokenBuckets;
}

/** A neighbour on the way to the root. How many requests stand below it follows from its place. */
export interface SumSibling {
  readonly hash: Uint8Array;
  readonly buckets: TokenBuckets;
}

export interface SumTree {
  /** The leaves first, the root alone last; a node without a neighbour stands in the next row as it is. */
  readonly rows: readonly (readonly Summary[])[];
  readonly root: Summary;
}

/** SHA-256(0x05 ‖ receipt digest ‖ sums), with 1 request. */
export function summarizeRequest({ receiptDigest, buckets }: RequestLeaf): Summary {
  requireHashes('the request tree', receiptDigest);
  const sums = sumsOfRequests(1, buckets);
  const input = new Uint8Array(1 + HASH_LENGTH + SUMS_BYTES);
  input[0] = LEAF_TAG;
  input.set(receiptDigest, 1);
  input.set(encodeSums(sums), 1 + HASH_LENGTH);
  return { hash: sha256(input), count: 1, sums };
}

/** The tree over summaries of requests, at least one, in their order. @throws TALLY_OVERFLOW */
export function buildSumTree(leaves: readonly Summary[]): SumTree {
  if (leaves.length === 0) throw new RangeError('Expected a window with a request.');
  const rows: (readonly Summary[])[] = [];
  let row = leaves;
  for (rows.push(row); row.length > 1; rows.push(row)) row = nextRow(row);
  return { rows, root: row[0] as Summary };
}

/** The neighbours of a request, its own first, the root's child last. */
export function proveRequest({ rows }: SumTree, index: number): readonly SumSibling[] {
  const leaves = rows[0]?.length ?? 0;
  if (!isTreeSize(index) || index >= leaves) {
    throw new RangeError(`Expected an index below ${leaves}, got ${index}.`);
  }
  const path: SumSibling[] = [];
  let at = index;
  for (const row of rows.slice(0, -1)) {
    const sibling = row[at % 2 === 0 ? at + 1 : at - 1];
    if (sibling !== undefined) {
      path.push({ hash: sibling.hash, buckets: bucketsOfSums(sibling.sums) });
    }
    at = Math.floor(at / 2);
  }
  return path;
}

export interface SumClaim {
  readonly leaf: RequestLeaf;
  /** From 0. */
  readonly index: number;
  /** Requests of the window. */
  readonly count: number;
  readonly path: readonly SumSibling[];
  readonly root: Uint8Array;
  /** Of all requests of the window. */
  readonly buckets: TokenBuckets;
}

/**
 * The claim, if the path leads from the request to the root and adds up to the window's sums.
 * @throws HASH_MALFORMED, REQUEST_PROOF_INVALID, REQUEST_TREE_MISMATCH
 */
export function verifySum(claim: SumClaim): SumClaim {
  const { leaf, index, count, path, root, buckets } = claim;
  if (!isTreeSize(index) || !isTreeSize(count) || index >= count) {
    throw invalid(`an index below the ${count} requests of the window, got ${index}`);
  }
  requireHashes('the request proof', root, ...path.map(({ hash }) => hash));
  const steps = stepsOf(index, count);
  if (path.length !== steps.length) {
    throw invalid(
      `${steps.length} neighbours for request ${index} of ${count}, got ${path.length}`,
    );
  }
  for (const sums of [leaf.buckets, ...path.map((sibling) => sibling.buckets)]) requireSums(sums);
  let summary = summarizeRequest(leaf);
  for (const [i, { side, width }] of steps.entries()) {
    const { hash, buckets: below } = path[i] as SumSibling;
    const sibling: Summary = { hash, count: width, sums: sumsOfRequests(width, below) };
    summary = side === 'left' ? join(sibling, summary) : join(summary, sibling);
  }
  const total = path.reduce((sum, sibling) => addBuckets(sum, sibling.buckets), leaf.buckets);
  const other = TOKEN_BUCKETS.find((name) => total[name] !== buckets[name]);
  if (other !== undefined) {
    throw mismatch(`${other} of ${buckets[other]}, as the window states, got ${total[other]}`);
  }
  if (!bytesEqual(summary.hash, root)) throw mismatch('a path to the root that the window states');
  return claim;
}

function nextRow(row: readonly Summary[]): readonly Summary[] {
  const next: Summary[] = [];
  for (let i = 0; i < row.length; i += 2) {
    const left = row[i] as Summary;
    const right = row[i + 1];
    next.push(right === undefined ? left : join(left, right));
  }
  return next;
}

/** SHA-256(0x06 ‖ left summary ‖ right summary); a summary is hash (32) ‖ count (8) ‖ sums (7 times 16). */
function join(left: Summary, right: Summary): Summary {
  const input = new Uint8Array(1 + 2 * SUMMARY_BYTES);
  input[0] = INNER_TAG;
  input.set(encodeSummary(left), 1);
  input.set(encodeSummary(right), 1 + SUMMARY_BYTES);
  const count = left.count + right.count;
  return { hash: sha256(input), count, sums: addSums(left.sums, right.sums) };
}

interface Step {
  readonly side: 'left' | 'right';
  /** Requests below the neighbour. */
  readonly width: number;
}

/** Where the neighbours of a request stand, its own first: index and count alone decide it, never the proof. */
function stepsOf(index: number, count: number): readonly Step[] {
  const steps: Step[] = [];
  let at = index;
  for (let size = count; size > 1; ) {
    const split = splitPoint(size);
    const isRight = at >= split;
    steps.push(isRight ? { side: 'left', width: split } : { side: 'right', width: size - split });
    size = isRight ? size - split : split;
    if (isRight) at -= split;
  }
  return steps.reverse();
}

// A negative sum would be written as a huge one, and the two could not be told apart in the hash.
function requireSums(buckets: TokenBuckets): void {
  try {
    checkBuckets(buckets);
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
    throw invalid('sums from 0 to 2^64-1', cause);
  }
}

function invalid(expected: string, cause?: unknown): AttestryError {
  return new AttestryError('REQUEST_PROOF_INVALID', `Expected a request proof with ${expected}.`, {
    cause,
  });
}

function mismatch(expected: string): AttestryError {
  return new AttestryError('REQUEST_TREE_MISMATCH', `Expected ${expected}.`);
}
