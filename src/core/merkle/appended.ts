/** The inclusion proofs of all leaves of one append at once: every node is hashed once, where one proof at a time would do it again and again. */
import { EMPTY_ROOT, type HashNode, nodeHash } from './hash.ts';
import { splitPoint } from './range.ts';

export interface Append {
  /** The number of leaves before. */
  readonly from: number;
  /** The `hashes` of a frontier of that size. */
  readonly before: readonly Uint8Array[];
  /** Of the new leaves, in order. */
  readonly leafHashes: readonly Uint8Array[];
}

export interface AppendedProofs {
  /** Of the tree with the new leaves, out of the very hashes that the proofs are made of. */
  readonly root: Uint8Array;
  /** One for each new leaf, as `proveInclusion` gives it. The same hash is the same array in each. */
  readonly proofs: readonly (readonly Uint8Array[])[];
}

interface Node {
  readonly start: number;
  readonly end: number;
  readonly hash: Uint8Array;
  /** Where leaves of the append are below. */
  readonly children?: readonly [Node, Node];
}

/** What the old tree's right edge and the new leaves give: no tile is read. */
export function proveAppended(append: Append, hashNode: HashNode = nodeHash): AppendedProofs {
  const { from, leafHashes } = append;
  if (leafHashes.length === 0) throw new RangeError('Expected one new leaf or more.');
  const edge = [...append.before];
  // From left to right, so that the subtrees of the old tree are met in the order of its right edge.
  const grow = (start: number, end: number): Node => {
    if (end <= from) return { start, end, hash: edge.shift() ?? EMPTY_ROOT };
    if (end - start === 1) return { start, end, hash: leafHashes[start - from] as Uint8Array };
    const middle = start + splitPoint(end - start);
    const left = grow(start, middle);
    const right = grow(middle, end);
    return { start, end, hash: hashNode(left.hash, right.hash), children: [left, right] };
  };
  const root = grow(0, from + leafHashes.length);
  const proofs: Uint8Array[][] = [];
  collectProofs(root, { from, path: [], proofs });
  return { root: root.hash, proofs };
}

interface Collection {
  readonly from: number;
  /** The siblings from the root's child down. */
  readonly path: Uint8Array[];
  readonly proofs: Uint8Array[][];
}

function collectProofs(node: Node, collection: Collection): void {
  const { from, path, proofs } = collection;
  if (node.end <= from) return;
  if (node.children === undefined) {
    proofs.push(path.toReversed());
    return;
  }
  const [left, right] = node.children;
  path.push(right.hash);
  collectProofs(left, collection);
  path[path.length - 1] = left.hash;
  collectProofs(right, collection);
  path.pop();
}
