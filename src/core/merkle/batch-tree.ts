/**
 * Trees over finished sets (the shards of a model, the rows of a data set), built by merkletreejs with the hashes of
 * RFC 6962. It only builds: `verifyInclusion` judges its proofs, because its own verify takes neither index nor size.
 */
import { MerkleTree } from 'merkletreejs';
import { leafHash, nodeHash } from './hash.ts';

export interface BatchTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** The inclusion proof of leaf `index`, for `verifyInclusion`. */
  prove(index: number): Uint8Array[];
}

/** The tree over one leaf or more, in the order given; equal leaves may repeat. */
export function buildBatchTree(leafData: readonly Uint8Array[]): BatchTree {
  // merkletreejs gives an empty tree an empty root, not the RFC 6962 one.
  if (leafData.length === 0) throw new RangeError('Expected at least one leaf, got none.');
  // Buffers only, and our own: it reads texts and numbers as hex, and keeps hold of what it is given.
  const leaves = leafData.map((data) => Buffer.from(leafHash(data)));
  const tree = new MerkleTree(leaves, hashPair);
  return {
    size: leaves.length,
    root: Uint8Array.from(tree.getRoot()),
    prove(index) {
      const leaf = Number.isInteger(index) ? leaves[index] : undefined;
      if (leaf === undefined) {
        throw new RangeError(`Expected an index below ${leaves.length}, got ${index}.`);
      }
      // Without the index it proves the last of equal leaves; out of range it makes a bogus proof.
      return tree.getProof(leaf, index).map(({ data }) => Uint8Array.from(data));
    },
  };
}

/** merkletreejs hands over the two children's 32-byte hashes as one buffer. */
function hashPair(children: Buffer): Buffer {
  return Buffer.from(nodeHash(children.subarray(0, 32), children.subarray(32)));
}
