/** Making tally proofs: the trie, opened by the rule that the verifier goes by as well. */
import type { ReadInner } from './growth.ts';
import { childPrefix, EMPTY_PREFIX, KEY_BITS } from './key.ts';
import {
  type Branch,
  type Summary,
  summarizeInner,
  summarizeLeaf,
  type TallyLeaf,
} from './node.ts';
import {
  type Place,
  type ProofNode,
  placeAt,
  type Question,
  requireOrder,
  type TallyProof,
} from './proof.ts';

export interface ProveInput {
  readonly root: Branch | undefined;
  /** Ascending, not overlapping. */
  readonly questions: readonly Question[];
  readonly readInner: ReadInner;
  /** The leaf of a branch whose prefix is a whole key. */
  readonly readLeaf: (branch: Branch) => TallyLeaf;
}

/** Nodes opened between two steps: a few milliseconds where each is read from a disk. */
export const OPENED_IN_A_STEP = 128;

/** The one proof that answers the questions. */
export function proveTally(input: ProveInput): TallyProof {
  const steps = proveInSteps(input);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** The same proof, made in steps, between which whoever drives it may let others have a turn. */
export function* proveInSteps(input: ProveInput): Generator<undefined, TallyProof, undefined> {
  const { root, questions } = input;
  requireOrder(questions);
  if (root === undefined) return null;
  return yield* proveBranch(root, placeAt(EMPTY_PREFIX, questions), { ...input, opened: 0 });
}

/** The proof for narrower questions, out of one that answers wider ones about the same tally. */
export function narrowProof(proof: TallyProof, questions: readonly Question[]): TallyProof {
  requireOrder(questions);
  return proof === null ? null : narrowNode(proof, placeAt(EMPTY_PREFIX, questions));
}

interface Run extends ProveInput {
  opened: number;
}

function* proveBranch(
  branch: Branch,
  { asked, mustOpen }: Place<Question>,
  run: Run,
): Generator<undefined, ProofNode, undefined> {
  if (!mustOpen) {
    const { hash, count, sums } = branch;
    return { form: 'pruned', hash, count, sums };
  }
  run.opened++;
  if (run.opened % OPENED_IN_A_STEP === 0) yield;
  if (branch.prefix.length === KEY_BITS) return { form: 'leaf', ...run.readLeaf(branch) };
  const { prefix } = branch;
  const { left, right } = run.readInner(branch);
  return {
    form: 'inner',
    prefix,
    left: yield* proveBranch(left, placeAt(childPrefix(prefix, 0), asked), run),
    right: yield* proveBranch(right, placeAt(childPrefix(prefix, 1), asked), run),
  };
}

function narrowNode(node: ProofNode, { asked, mustOpen }: Place<Question>): ProofNode {
  if (node.form === 'pruned') return node;
  if (!mustOpen) {
    const { hash, count, sums } = summarize(node);
    return { form: 'pruned', hash, count, sums };
  }
  if (node.form === 'leaf') return node;
  const { prefix, left, right } = node;
  return {
    form: 'inner',
    prefix,
    left: narrowNode(left, placeAt(childPrefix(prefix, 0), asked)),
    right: narrowNode(right, placeAt(childPrefix(prefix, 1), asked)),
  };
}

function summarize(node: ProofNode): Summary {
  if (node.form === 'pruned') return node;
  if (node.form === 'leaf') return summarizeLeaf(node);
  return summarizeInner(node.prefix, [summarize(node.left), summarize(node.right)]);
}
