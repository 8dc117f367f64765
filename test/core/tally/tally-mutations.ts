/** Ways to spoil a tally proof. None of them may be accepted in place of the good one. */
import { EMPTY_PREFIX, KEY_BITS, prefixOf } from '../../../src/core/tally/key.ts';
import { type Branch, summarizeLeaf } from '../../../src/core/tally/node.ts';
import type { ProofNode, TallyProof } from '../../../src/core/tally/proof.ts';
import type { Sums } from '../../../src/core/tally/sums.ts';
import { type MemoryTally, withBit } from '../../helpers/memory-tally.ts';

type Inner = Extract<ProofNode, { form: 'inner' }>;
type Leaf = Extract<ProofNode, { form: 'leaf' }>;
type Pruned = Extract<ProofNode, { form: 'pruned' }>;

/** A node of a proof, the branch of the tally that it stands for, and the proof with another node in its place. */
interface Spot {
  readonly node: ProofNode;
  readonly branch: Branch;
  readonly replace: (node: ProofNode) => ProofNode;
}

/** Every node of a proof of up to `most` nodes, about as many of a larger one, evenly spread. */
function spotsOf(proof: ProofNode, tally: MemoryTally, most: number): Spot[] {
  const spots = allSpots(proof, tally);
  const stride = Math.ceil(spots.length / most);
  return spots.filter((_, i) => i % stride === 0);
}

/** Every node, from the root down. */
function allSpots(proof: ProofNode, tally: MemoryTally): Spot[] {
  const visit = ({ node, branch, replace }: Spot): Spot[] => {
    if (node.form !== 'inner') return [{ node, branch, replace }];
    const { left, right } = tally.inner(branch);
    return [
      { node, branch, replace },
      ...visit({
        node: node.left,
        branch: left,
        replace: (other) => replace({ ...node, left: other }),
      }),
      ...visit({
        node: node.right,
        branch: right,
        replace: (other) => replace({ ...node, right: other }),
      }),
    ];
  };
  return visit({ node: proof, branch: tally.root as Branch, replace: (other) => other });
}

/** Each node dropped, doubled, swapped, pruned where it must be open, opened where it must be pruned. */
export function* structuralMutations(proof: ProofNode, tally: MemoryTally): Generator<TallyProof> {
  const spots = spotsOf(proof, tally, 40);
  yield null;
  for (const [i, { node, branch, replace }] of spots.entries()) {
    if (node.form === 'inner') yield* bentInners(node).map(replace);
    if (node.form === 'pruned') yield* opened(branch, tally).map(replace);
    else yield replace(prune(branch));
    yield replace(prune({ ...branch, hash: new Uint8Array(32) }));
    const other = spots[(i * 7 + 3) % spots.length] as Spot;
    yield replace(other.node);
    yield replace({ form: 'inner', prefix: EMPTY_PREFIX, left: node, right: other.node });
  }
}

function bentInners(node: Inner): ProofNode[] {
  const { left, right } = node;
  return [
    left,
    right,
    { ...node, left: right, right: left },
    { ...node, left, right: left },
    { ...node, left: right, right },
    ...(left.form === 'inner' ? [{ ...left, right: node }] : []),
  ];
}

/** What stands behind a pruned node: one level of it, and all of it. */
function opened(branch: Branch, tally: MemoryTally): ProofNode[] {
  if (branch.prefix.length === KEY_BITS) return [{ form: 'leaf', ...tally.leaf(branch) }];
  const { left, right } = tally.inner(branch);
  const { prefix } = branch;
  return [{ form: 'inner', prefix, left: prune(left), right: prune(right) }, wholly(branch, tally)];
}

function wholly(branch: Branch, tally: MemoryTally): ProofNode {
  if (branch.prefix.length === KEY_BITS) return { form: 'leaf', ...tally.leaf(branch) };
  const { left, right } = tally.inner(branch);
  const { prefix } = branch;
  return { form: 'inner', prefix, left: wholly(left, tally), right: wholly(right, tally) };
}

function prune({ hash, count, sums }: Branch): Pruned {
  return { form: 'pruned', hash, count, sums };
}

/** Each value of each node altered; where two children stand side by side, so that their parent still adds up. */
export function* valueMutations(proof: ProofNode, tally: MemoryTally): Generator<TallyProof> {
  for (const { node, branch, replace } of spotsOf(proof, tally, 12)) {
    if (node.form === 'pruned') yield* bentSummaries(node).map(replace);
    if (node.form === 'leaf') yield* bentLeaves(node).map(replace);
    if (node.form === 'inner') yield* bentPrefixes(node).map(replace);
    if (node.form === 'inner') yield* shiftedSums(node).map(replace);
    if (node.form === 'inner') yield replace(withLeafInvented(node, branch));
  }
}

function bentSummaries(node: Pruned): ProofNode[] {
  const { hash, count, sums } = node;
  return [
    { ...node, hash: withBit(hash, 255) },
    { ...node, count: count + 1 },
    { ...node, count: Math.max(0, count - 1) },
    { ...node, count: 0 },
    ...alteredSums(sums).map((altered) => ({ ...node, sums: altered })),
  ];
}

/** Another model, kind, hour and index, and other content. */
function bentLeaves(node: Leaf): ProofNode[] {
  const { key, entryHash, sums } = node;
  const bits = [0, 255, 256, 263, 264, 295, 296, 359];
  return [
    ...bits.map((bit) => ({ ...node, key: withBit(key, bit) })),
    { ...node, entryHash: withBit(entryHash, 0) },
    ...alteredSums(sums).map((altered) => ({ ...node, sums: altered })),
    prune(summarizeLeaf(node)),
  ];
}

function bentPrefixes(node: Inner): ProofNode[] {
  const { length, bits } = node.prefix;
  const flipped = [0, length >> 1, length - 1].filter((bit) => bit >= 0 && bit < length);
  const lengths = [0, length - 1, length + 1, KEY_BITS - 1].filter(
    (other) => other >= 0 && other !== length && other < KEY_BITS,
  );
  return [
    ...flipped.map((bit) => ({ ...node, prefix: { length, bits: withBit(bits, bit) } })),
    ...lengths.map((other) => ({ ...node, prefix: prefixOf(bits, other) })),
  ];
}

function shiftedSums(node: Inner): ProofNode[] {
  const { left, right } = node;
  if (left.form === 'inner' || right.form === 'inner') return [];
  const shifted = left.sums.flatMap((sum, i): ProofNode[] => {
    const rest = right.sums[i] as bigint;
    const [more, less] = sum > 0n ? [rest + 1n, sum - 1n] : [rest - 1n, sum + 1n];
    if (more < 0n) return [];
    return [
      {
        ...node,
        left: { ...left, sums: left.sums.with(i, less) },
        right: { ...right, sums: right.sums.with(i, more) },
      },
    ];
  });
  if (left.form === 'leaf' || right.form === 'leaf') return shifted;
  const moved = {
    ...node,
    left: { ...left, count: left.count + 1 },
    right: { ...right, count: right.count - 1 },
  };
  return [...shifted, moved];
}

function alteredSums(sums: Sums): Sums[] {
  return sums.flatMap((sum, i) =>
    [sum + 1n, sum - 1n, 0n, sum + 2n ** 64n]
      .filter((other) => other >= 0n && other !== sum && other < 2n ** 128n)
      .map((other) => sums.with(i, other)),
  );
}

/** A leaf that nobody logged, beside what is there, with every hash above it made anew by the verifier. */
function withLeafInvented(node: Inner, branch: Branch): ProofNode {
  const key = withBit(branch.prefix.bits, branch.prefix.length);
  const sums = node.left.form === 'inner' ? branch.sums : node.left.sums;
  return { ...node, right: { form: 'leaf', key, entryHash: branch.hash, sums } };
}

/** Bits flipped, bytes cut off and added. At most `most` bits, evenly spread. */
export function* byteMutations(bytes: Uint8Array, most: number): Generator<Uint8Array> {
  const bits = bytes.length * 8;
  const stride = Math.max(1, Math.floor(bits / most));
  for (let bit = 0; bit < bits; bit += stride) yield withBit(bytes, bit);
  const lengthStride = Math.max(1, Math.floor(bytes.length / most));
  for (let length = 0; length < bytes.length; length += lengthStride) {
    yield bytes.slice(0, length);
  }
  for (const more of [[0], [1], [2], bytes, bytes.subarray(-1)]) {
    yield Uint8Array.from([...bytes, ...more]);
    yield Uint8Array.from([...more, ...bytes]);
  }
}

/** Whether two proofs are one; quick where they share what did not change. */
export function sameProof(a: TallyProof, b: TallyProof): boolean {
  if (a === b) return true;
  if (a?.form === 'inner' && b?.form === 'inner') {
    const { prefix } = b;
    return (
      a.prefix.length === prefix.length &&
      sameBytes(a.prefix.bits, prefix.bits) &&
      sameProof(a.left, b.left) &&
      sameProof(a.right, b.right)
    );
  }
  if (a?.form === 'leaf' && b?.form === 'leaf') {
    return sameBytes(a.key, b.key) && sameBytes(a.entryHash, b.entryHash) && sameSums(a, b);
  }
  if (a?.form === 'pruned' && b?.form === 'pruned') {
    return sameBytes(a.hash, b.hash) && a.count === b.count && sameSums(a, b);
  }
  return false;
}

function sameSums(a: { readonly sums: Sums }, b: { readonly sums: Sums }): boolean {
  return a.sums.every((sum, i) => sum === b.sums[i]);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
