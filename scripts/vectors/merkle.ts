/** RFC 6962 proofs, in the fields of transparency-dev/merkle: every way to bend a proof. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { EMPTY_ROOT } from '../../src/core/merkle/hash.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { NaiveTree, naiveLeaves } from '../../test/helpers/naive-tree.ts';
import { makeVector, type VectorFile } from './vector.ts';

const TREE = new NaiveTree(naiveLeaves(13));
const ZERO = new Uint8Array(32);

interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

interface Consistency {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Uint8Array;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

type Case<T> = readonly [desc: string, claim: T, code: AttestryErrorCode | null];

export function merkleVectors(): VectorFile[] {
  return [...inclusionCases().map(inclusionVector), ...consistencyCases().map(consistencyVector)];
}

function inclusionCases(): Case<Inclusion>[] {
  const good = inclusion(9, 13);
  const { proof } = good;
  const [first = ZERO, ...rest] = proof;
  const duplicated = new NaiveTree([...TREE.leaves.slice(0, 3), TREE.leaves[2] as Uint8Array]);
  return [
    ['leaf of a tree of 13', good, null],
    ['only leaf', inclusion(0, 1), null],
    ['index is the size', { ...good, index: 13 }, 'INCLUSION_INDEX_OUT_OF_RANGE'],
    [
      'leaf in the empty tree',
      { ...good, index: 0, size: 0, root: EMPTY_ROOT, proof: [] },
      'INCLUSION_INDEX_OUT_OF_RANGE',
    ],
    ['one hash too long', { ...good, proof: [...proof, ZERO] }, 'INCLUSION_LENGTH_WRONG'],
    ['one hash too short', { ...good, proof: rest }, 'INCLUSION_LENGTH_WRONG'],
    ['empty hash', { ...good, proof: [new Uint8Array(0), ...rest] }, 'HASH_MALFORMED'],
    [
      'empty leaf and root',
      { ...good, leaf: new Uint8Array(0), root: new Uint8Array(0) },
      'HASH_MALFORMED',
    ],
    ['neighbouring index', { ...good, index: 8 }, 'INCLUSION_ROOT_MISMATCH'],
    ['another leaf', { ...good, leaf: TREE.leaves[8] as Uint8Array }, 'INCLUSION_ROOT_MISMATCH'],
    ['hashes swapped', { ...good, proof: [...proof].reverse() }, 'INCLUSION_ROOT_MISMATCH'],
    [
      'flipped bit',
      { ...good, proof: [first.map((byte, i) => (i === 31 ? byte ^ 1 : byte)), ...rest] },
      'INCLUSION_ROOT_MISMATCH',
    ],
    [
      'last leaf duplicated',
      {
        ...good,
        index: 3,
        size: 4,
        leaf: TREE.leaves[2] as Uint8Array,
        root: TREE.root(3),
        proof: duplicated.path(3),
      },
      'INCLUSION_ROOT_MISMATCH',
    ],
  ];
}

function consistencyCases(): Case<Consistency>[] {
  const good = consistency(6, 13);
  const { proof } = good;
  const power = consistency(8, 13);
  return [
    ['6 leaves to 13', good, null],
    ['same size and root', consistency(13, 13), null],
    ['both empty', consistency(0, 0), null],
    ['from the empty tree', { ...consistency(0, 13), proof: [] }, 'CONSISTENCY_SIZE_INVALID'],
    ['sizes the wrong way round', { ...good, size1: 13, size2: 6 }, 'CONSISTENCY_SIZE_INVALID'],
    ['one hash too long', { ...good, proof: [...proof, ZERO] }, 'CONSISTENCY_LENGTH_WRONG'],
    ['one hash too short', { ...good, proof: proof.slice(1) }, 'CONSISTENCY_LENGTH_WRONG'],
    [
      'first root before a power of two',
      { ...power, proof: [power.root1, ...power.proof] },
      'CONSISTENCY_LENGTH_WRONG',
    ],
    ['empty hash', { ...good, proof: [new Uint8Array(0), ...proof.slice(1)] }, 'HASH_MALFORMED'],
    [
      'same size and another root',
      { ...consistency(13, 13), root1: ZERO },
      'CONSISTENCY_ROOT_MISMATCH',
    ],
    ['another first root', { ...good, root1: TREE.root(5) }, 'CONSISTENCY_ROOT_MISMATCH'],
    ['hashes swapped', { ...good, proof: [...proof].reverse() }, 'CONSISTENCY_ROOT_MISMATCH'],
  ];
}

function inclusion(index: number, size: number): Inclusion {
  const leaf = TREE.leaves[index] as Uint8Array;
  return { index, size, root: TREE.root(size), leaf, proof: TREE.path(index, size) };
}

function consistency(size1: number, size2: number): Consistency {
  const proof = size1 === 0 ? [] : TREE.proof(size1, size2);
  return { size1, size2, root1: TREE.root(size1), root2: TREE.root(size2), proof };
}

function inclusionVector([
  desc,
  { index, size, root, leaf, proof },
  code,
]: Case<Inclusion>): VectorFile {
  return makeVector(
    'merkle/inclusion',
    { desc, wantCode: code },
    {
      leafIdx: index,
      treeSize: size,
      root: encodeBase64(root),
      leafHash: encodeBase64(leaf),
      proof: proof.map(encodeBase64),
      wantErr: code !== null,
    },
  );
}

function consistencyVector([
  desc,
  { size1, size2, root1, root2, proof },
  code,
]: Case<Consistency>): VectorFile {
  return makeVector(
    'merkle/consistency',
    { desc, wantCode: code },
    {
      size1,
      size2,
      root1: encodeBase64(root1),
      root2: encodeBase64(root2),
      proof: proof.map(encodeBase64),
      wantErr: code !== null,
    },
  );
}
