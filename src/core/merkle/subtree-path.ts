/** The way from a subtree up to the root of its tree: what a proof must hold, hash by hash. draft-ietf-plants-merkle-tree-certs section 4.4.3. */
import { type HashNode, nodeHash } from './hash.ts';
import type { Range } from './range.ts';

/**
 * Where the next hash of the proof stands: to the right of what is known; to the left of it and outside the subtree;
 * or to its left and inside the subtree, so that it goes into the subtree's hash as well.
 */
type Step = 'right' | 'left' | 'inside';

export interface SubtreePath {
  /** The subtree is not a node of the tree: the proof starts with the largest node at its right end. */
  readonly seeded: boolean;
  readonly steps: readonly Step[];
}

/** The path of a valid subtree of a tree of `size` leaves; sizes and positions alone decide it, never the proof. */
export function subtreePath({ start, end }: Range, size: number): SubtreePath {
  let [first, last, treeLast] = [start, end - 1, size - 1];
  const climb = (): void => {
    first = Math.floor(first / 2);
    last = Math.floor(last / 2);
    treeLast = Math.floor(treeLast / 2);
  };
  const atEdge = last === treeLast;
  while (first !== last && (atEdge || last % 2 === 1)) climb();
  const seeded = first !== last;
  const steps: Step[] = [];
  while (treeLast > 0) {
    if (last % 2 === 1 || last === treeLast) {
      steps.push(first < last ? 'inside' : 'left');
      while (last % 2 === 0) climb();
    } else steps.push('right');
    climb();
  }
  return { seeded, steps };
}

export function pathLength(path: SubtreePath): number {
  return path.steps.length + (path.seeded ? 1 : 0);
}

export interface Climb {
  /** The hash that the proof starts from, where it does not bring that itself. */
  readonly known: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The hashes of the subtree and of the whole tree that a proof leads to. The proof has `pathLength(path)` hashes. */
export function climbPath(
  path: SubtreePath,
  { known, proof }: Climb,
  hashNode: HashNode = nodeHash,
): { readonly subtree: Uint8Array; readonly tree: Uint8Array } {
  const seed = path.seeded ? proof[0] : known;
  const siblings = path.seeded ? proof.slice(1) : proof;
  if (seed === undefined || siblings.length !== path.steps.length) {
    throw new RangeError(`Expected a proof of ${pathLength(path)} hashes, got ${proof.length}.`);
  }
  let [subtree, tree] = [seed, seed];
  for (const [i, sibling] of siblings.entries()) {
    const step = path.steps[i];
    if (step === 'inside') subtree = hashNode(sibling, subtree);
    tree = step === 'right' ? hashNode(tree, sibling) : hashNode(sibling, tree);
  }
  return { subtree, tree };
}
