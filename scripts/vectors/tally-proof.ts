/** Tally proofs: good ones, and every way to bend one. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { concatBytes } from '../../src/core/bytes/equal.ts';
import {
  KEY_BITS,
  positionOf,
  rangeOfHours,
  rangeOfKinds,
  spanOf,
} from '../../src/core/tally/key.ts';
import { type Branch, EMPTY_TALLY, type TallyLeaf } from '../../src/core/tally/node.ts';
import { type ProofNode, type Question, verifyTally } from '../../src/core/tally/proof.ts';
import { decodeTallyProof, encodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import type { Sums } from '../../src/core/tally/sums.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { MemoryTally, WHOLE, withBit } from '../../test/helpers/memory-tally.ts';
import {
  FIRST_HOUR,
  leafFields,
  MODEL,
  NEIGHBOUR,
  STRANGER,
  tallyLeaves,
} from './tally-material.ts';
import { makeVector, type VectorFile } from './vector.ts';

interface Claim {
  readonly root: Uint8Array;
  readonly questions: readonly Question[];
  readonly proof: Uint8Array;
}

type Case = readonly [desc: string, claim: Claim, code: AttestryErrorCode | null];
type Form<F extends ProofNode['form']> = Extract<ProofNode, { form: F }>;

const LEAVES = tallyLeaves();
const TALLY = new MemoryTally(LEAVES);

const ALL_KINDS = { first: 0, last: 255 };
const EVERYTHING: Question[] = [{ ...rangeOfKinds(MODEL, ALL_KINDS), want: 'list' }];
const usageOf = (first: number, last: number): Question => ({
  ...rangeOfHours(
    { model: MODEL, kind: 'usage' },
    { first: FIRST_HOUR + first, last: FIRST_HOUR + last },
  ),
  want: 'totals',
});
const TOTAL: Question[] = [usageOf(1, 3)];
const HOURLY: Question[] = [
  { ...rangeOfKinds(MODEL, { first: 0, last: 3 }), want: 'list' },
  ...[0, 1, 2, 3].map((hour) => usageOf(hour, hour)),
  { ...rangeOfKinds(MODEL, { first: 5, last: 255 }), want: 'list' },
];
const WHOLE_TOTAL: Question[] = [{ ...WHOLE, want: 'totals' }];

export function tallyProofVectors(): VectorFile[] {
  return [
    ...goodCases(),
    ...byteCases(),
    ...ruleCases(),
    ...valueCases(),
    ...otherTallyCases(),
  ].map(proofVector);
}

function goodCases(): Case[] {
  const one = new MemoryTally(LEAVES.slice(0, 1));
  const good = (desc: string, questions: readonly Question[], tally = TALLY): Case => [
    desc,
    claim(questions, tally),
    null,
  ];
  return [
    good('everything about a model', EVERYTHING),
    good('one total over hours', TOTAL),
    good('totals by the hour between lists', HOURLY),
    good('list of the whole tally', [{ ...WHOLE, want: 'list' }]),
    good('one total of the whole tally', WHOLE_TOTAL),
    good('no question', []),
    good('nothing about a model', [{ ...rangeOfKinds(STRANGER, ALL_KINDS), want: 'list' }]),
    good('no revocation of a model', [
      { ...rangeOfKinds(MODEL, { first: 5, last: 5 }), want: 'list' },
    ]),
    good('revocation of a model', [
      { ...rangeOfKinds(NEIGHBOUR, { first: 5, last: 5 }), want: 'list' },
    ]),
    good('one leaf asked for', EVERYTHING, one),
    good('one leaf not asked for', [{ ...rangeOfKinds(STRANGER, ALL_KINDS), want: 'totals' }], one),
    good('empty tally', EVERYTHING, new MemoryTally()),
  ];
}

/** Bytes that are no proof at all. */
function byteCases(): Case[] {
  const { proof } = claim(EVERYTHING);
  const bad = (desc: string, bytes: Uint8Array): Case => [
    desc,
    { ...claim(EVERYTHING), proof: bytes },
    'TALLY_PROOF_MALFORMED',
  ];
  const hash = new Uint8Array(32);
  const pruned = (count: readonly number[], first: readonly number[] = [0]): Uint8Array =>
    Uint8Array.from([0, ...hash, ...count, ...first, 0, 0, 0, 0, 0, 0]);
  const some = pruned([1, 1]);
  const inner = (length: number, bytes: readonly number[], left = some, right = some): Uint8Array =>
    Uint8Array.from([2, length >> 8, length & 255, ...bytes, ...left, ...right]);
  const leaf = Uint8Array.from([1, ...new Uint8Array(45), ...hash, 0, 0, 0, 0, 0, 0, 0]);
  return [
    bad('last byte cut off', proof.slice(0, -1)),
    bad('byte behind the end', concatBytes(proof, Uint8Array.of(0))),
    bad('proof twice', concatBytes(proof, proof)),
    bad('unknown form', Uint8Array.from([3, ...proof.subarray(1)])),
    bad('count with a leading zero', pruned([2, 0, 1])),
    bad('sum with a leading zero', pruned([1, 1], [2, 0, 1])),
    bad('sum of 17 bytes', pruned([1, 1], [17, ...new Uint8Array(17).fill(1)])),
    bad('count of 2^53', pruned([7, 0x20, 0, 0, 0, 0, 0, 0])),
    bad('prefix as long as a key', inner(KEY_BITS, [...new Uint8Array(45)])),
    bad('set bits behind a prefix', inner(9, [0xff, 0xc0])),
    bad('child with the prefix of its parent', inner(8, [0xff], inner(8, []))),
    bad('child with a shorter prefix', inner(9, [0xff, 0x80], inner(3, []))),
    bad('leaf outside its place', inner(4, [0x10], leaf)),
    bad('node outside its place', inner(4, [0x10], some, inner(8, [0x17]))),
  ];
}

/** Every hash is right; what is open and what is pruned is not. */
function ruleCases(): Case[] {
  const bad = (desc: string, questions: readonly Question[], change: Change): Case => [
    desc,
    changed(questions, change),
    'TALLY_PROOF_INVALID',
  ];
  const other = (desc: string, asked: readonly Question[], shown: readonly Question[]): Case => [
    desc,
    { ...claim(asked), proof: claim(shown).proof },
    'TALLY_PROOF_INVALID',
  ];
  const hideNode: Change = ({ node, branch, depth }) =>
    node.form === 'inner' && depth > 0 ? pruned(branch) : undefined;
  const hideLeaf: Change = ({ node, branch }) =>
    node.form === 'leaf' ? pruned(branch) : undefined;
  const openWhere =
    (position: 'inside' | 'outside'): Change =>
    ({ node, branch }) => {
      const lies = positionOf(spanOf(branch.prefix), TOTAL[0] as Question);
      return node.form === 'pruned' && lies === position ? opened(branch) : undefined;
    };
  const invent: Change = ({ branch }) => ({ ...pruned(branch), count: 1_000_000 });
  const empty: Change = ({ node }) => (node.form === 'pruned' ? { ...node, count: 0 } : undefined);
  const neighbour: Question = { ...rangeOfKinds(NEIGHBOUR, ALL_KINDS), want: 'list' };
  return [
    bad('leaf hidden in a list', EVERYTHING, hideLeaf),
    bad('subtree hidden in a list', EVERYTHING, hideNode),
    bad('subtree hidden that straddles the range', TOTAL, hideNode),
    bad('subtree opened outside the range', TOTAL, openWhere('outside')),
    bad('subtree opened inside a total', TOTAL, openWhere('inside')),
    bad('root pruned with an invented count', WHOLE_TOTAL, invent),
    bad('root pruned where nothing is asked', [], invent),
    bad('pruned subtree without leaves', EVERYTHING, empty),
    other('total where a list is asked', EVERYTHING, TOTAL),
    other('list where a total is asked', TOTAL, EVERYTHING),
    other('total of fewer hours', TOTAL, [usageOf(1, 2)]),
    other('total of more hours', TOTAL, [usageOf(1, 4)]),
    other('everything about the neighbour', EVERYTHING, [neighbour]),
  ];
}

/** The right nodes are open, with wrong content. */
function valueCases(): Case[] {
  const bad = (
    desc: string,
    change: Change,
    questions: readonly Question[] = EVERYTHING,
    code: AttestryErrorCode = 'TALLY_ROOT_MISMATCH',
  ): Case => [desc, changed(questions, change), code];
  const inPruned =
    (alter: (node: Form<'pruned'>) => ProofNode): Change =>
    ({ node }) =>
      node.form === 'pruned' ? alter(node) : undefined;
  const inLeaf =
    (alter: (node: Form<'leaf'>) => ProofNode): Change =>
    ({ node }) =>
      node.form === 'leaf' ? alter(node) : undefined;
  const sideBySide =
    (alter: (left: Form<'pruned'>, right: Form<'pruned'>) => [ProofNode, ProofNode]): Change =>
    ({ node }) => {
      if (node.form !== 'inner' || node.left.form !== 'pruned' || node.right.form !== 'pruned')
        return undefined;
      const [left, right] = alter(node.left, node.right);
      return { ...node, left, right };
    };
  const withSum = <N extends { readonly sums: Sums }>(node: N, by: bigint): N => ({
    ...node,
    sums: node.sums.with(1, (node.sums[1] as bigint) + by),
  });
  const dropSibling: Change = ({ node, depth }) =>
    node.form === 'inner' && depth > 0 && node.left.form !== 'pruned' ? node.left : undefined;
  return [
    bad(
      'hash of a pruned subtree altered',
      inPruned((node) => ({ ...node, hash: withBit(node.hash, 255) })),
    ),
    bad(
      'count of a pruned subtree altered',
      inPruned((node) => ({ ...node, count: node.count + 1 })),
    ),
    bad(
      'sum of a pruned subtree altered',
      inPruned((node) => withSum(node, 1n)),
    ),
    bad(
      'sum of a leaf altered',
      inLeaf((leaf) => withSum(leaf, 1n)),
    ),
    bad(
      'entry hash of a leaf altered',
      inLeaf((leaf) => ({ ...leaf, entryHash: withBit(leaf.entryHash, 0) })),
    ),
    bad(
      'leaf moved to another kind',
      inLeaf((leaf) => ({ ...leaf, key: withBit(leaf.key, 263) })),
    ),
    bad(
      'leaf moved to another hour',
      inLeaf((leaf) => ({ ...leaf, key: withBit(leaf.key, 295) })),
    ),
    bad(
      'leaf moved to another index',
      inLeaf((leaf) => ({ ...leaf, key: withBit(leaf.key, 359) })),
    ),
    bad('half of a subtree dropped', dropSibling),
    bad(
      'siblings swapped',
      sideBySide((left, right) => [right, left]),
      TOTAL,
    ),
    bad(
      'sums that still add up',
      sideBySide((left, right) => [withSum(left, 1n), withSum(right, -1n)]),
      TOTAL,
    ),
    bad(
      'counts that still add up',
      sideBySide((left, right) => [
        { ...left, count: left.count + 1 },
        { ...right, count: right.count - 1 },
      ]),
      TOTAL,
    ),
    bad(
      'sum beyond 2^128',
      inPruned((node) => withSum(node, 2n ** 128n - 1n - (node.sums[1] as bigint))),
      TOTAL,
      'TALLY_OVERFLOW',
    ),
    bad(
      'count beyond 2^53',
      inPruned((node) => ({ ...node, count: Number.MAX_SAFE_INTEGER })),
      TOTAL,
      'TALLY_OVERFLOW',
    ),
  ];
}

/** Honest proofs of what is not the tally. */
function otherTallyCases(): Case[] {
  const [first, second] = LEAVES as [TallyLeaf, TallyLeaf];
  const rest = LEAVES.slice(1);
  const bad = (desc: string, leaves: readonly TallyLeaf[], root = TALLY.hash): Case => [
    desc,
    { ...claim(EVERYTHING, new MemoryTally(leaves)), root },
    'TALLY_ROOT_MISMATCH',
  ];
  const moved = (bit: number): TallyLeaf[] => [{ ...first, key: withBit(first.key, bit) }, ...rest];
  return [
    bad('tally without a leaf', rest),
    bad('tally with a leaf too many', [...LEAVES, { ...second, key: withBit(second.key, 350) }]),
    bad('tally with a leaf under another model', moved(255)),
    bad('tally with a leaf of another kind', moved(262)),
    bad('tally with a leaf in another hour', moved(295)),
    bad('tally with a leaf at another index', moved(350)),
    bad('empty proof for a tally with leaves', []),
    bad('proof of leaves for the empty tally', LEAVES, EMPTY_TALLY),
  ];
}

function claim(questions: readonly Question[], tally: MemoryTally = TALLY): Claim {
  return { root: tally.hash, questions, proof: encodeTallyProof(tally.prove(questions)) };
}

interface Spot {
  readonly node: ProofNode;
  readonly branch: Branch;
  readonly depth: number;
}

/** What to put in a node's place; undefined to leave it. */
type Change = (spot: Spot) => ProofNode | undefined;

/** The claim with the first node changed that the change takes, from the root down. */
function changed(questions: readonly Question[], change: Change): Claim {
  const good = TALLY.prove(questions) as ProofNode;
  const bent = bend({ node: good, branch: TALLY.root as Branch, depth: 0 }, change);
  if (bent === undefined) throw new RangeError('Expected a node that can be changed like this.');
  return { ...claim(questions), proof: encodeTallyProof(bent) };
}

function bend(spot: Spot, change: Change): ProofNode | undefined {
  const { node, branch, depth } = spot;
  const bent = change(spot);
  if (bent !== undefined || node.form !== 'inner') return bent;
  const inner = TALLY.inner(branch);
  const left = bend({ node: node.left, branch: inner.left, depth: depth + 1 }, change);
  if (left !== undefined) return { ...node, left };
  const right = bend({ node: node.right, branch: inner.right, depth: depth + 1 }, change);
  return right && { ...node, right };
}

function pruned({ hash, count, sums }: Branch): Form<'pruned'> {
  return { form: 'pruned', hash, count, sums };
}

function opened(branch: Branch): ProofNode {
  if (branch.prefix.length === KEY_BITS) return { form: 'leaf', ...TALLY.leaf(branch) };
  const { left, right } = TALLY.inner(branch);
  return { form: 'inner', prefix: branch.prefix, left: pruned(left), right: pruned(right) };
}

function proofVector([desc, { root, questions, proof }, code]: Case): VectorFile {
  return makeVector(
    'tally/proof',
    { desc, wantCode: code },
    {
      root: encodeBase64(root),
      questions: questions.map(({ first, last, want }) => ({
        first: encodeBase64(first),
        last: encodeBase64(last),
        want,
      })),
      proof: encodeBase64(proof),
      wantErr: code !== null,
      ...(code === null ? { answers: answersOf({ root, questions, proof }) } : {}),
    },
  );
}

function answersOf({ root, questions, proof }: Claim): object[] {
  return verifyTally({ root, questions, proof: decodeTallyProof(proof) }).map(
    ({ leaves, count, sums }) => ({
      leaves: leaves.map(leafFields),
      count,
      sums: sums.map(String),
    }),
  );
}
