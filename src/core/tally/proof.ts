/**
 * Tally proofs: a pruned copy of the trie, opened exactly where a question needs it. For one question about one tally
 * there is one proof: what lies wholly outside the ranges, or wholly inside one that asks for totals, is pruned; all else
 * is opened. A proof with more or less is refused, so a hidden leaf has nowhere to be.
 */
import { AttestryError } from '../../errors.ts';
import { bytesEqual, compareBytes } from '../bytes/equal.ts';
import type { ReadInner } from './growth.ts';
import {
  childPrefix,
  EMPTY_PREFIX,
  KEY_BITS,
  type KeyRange,
  type Prefix,
  positionOf,
  startsWith,
} from './key.ts';
import {
  type Branch,
  EMPTY_TALLY,
  type Summary,
  summarizeInner,
  summarizeLeaf,
  type TallyLeaf,
} from './node.ts';
import { addSums, type Sums, ZERO_SUMS } from './sums.ts';

/** A range of keys, and what is asked of it: every leaf, or their count and sums. */
export interface Question extends KeyRange {
  readonly want: 'list' | 'totals';
}

export type ProofNode =
  | ({ readonly form: 'pruned' } & Summary)
  | ({ readonly form: 'leaf' } & TallyLeaf)
  | {
      readonly form: 'inner';
      readonly prefix: Prefix;
      readonly left: ProofNode;
      readonly right: ProofNode;
    };

/** Null for an empty tally. */
export type TallyProof = ProofNode | null;

export interface Answer {
  /** All leaves of a `list` range, ascending by key; empty for `totals`. */
  readonly leaves: readonly TallyLeaf[];
  readonly count: number;
  readonly sums: Sums;
}

export interface ProveInput {
  readonly root: Branch | undefined;
  /** Ascending, not overlapping. */
  readonly questions: readonly Question[];
  readonly readInner: ReadInner;
  readonly readLeaf: (key: Uint8Array) => TallyLeaf;
}

/** The one proof that answers the questions. */
export function proveTally(input: ProveInput): TallyProof {
  requireOrder(input.questions);
  const { root } = input;
  return root === undefined ? null : proveBranch(root, EMPTY_PREFIX, input);
}

/** The proof for narrower questions, out of one that answers wider ones about the same tally. */
export function narrowProof(proof: TallyProof, questions: readonly Question[]): TallyProof {
  requireOrder(questions);
  return proof === null ? null : narrowNode(proof, EMPTY_PREFIX, questions);
}

export interface TallyClaim {
  readonly root: Uint8Array;
  readonly questions: readonly Question[];
  readonly proof: TallyProof;
}

/** The answers, one for each question, if the proof is the one for them. @throws TALLY_PROOF_INVALID, TALLY_ROOT_MISMATCH, TALLY_OVERFLOW */
export function verifyTally({ root, questions, proof }: TallyClaim): readonly Answer[] {
  requireOrder(questions);
  const answers = questions.map((): MutableAnswer => ({ leaves: [], count: 0, sums: ZERO_SUMS }));
  const derived =
    proof === null ? EMPTY_TALLY : verifyNode(proof, EMPTY_PREFIX, { questions, answers }).hash;
  if (!bytesEqual(derived, root)) {
    throw new AttestryError(
      'TALLY_ROOT_MISMATCH',
      'The tally proof does not lead to the tally root.',
    );
  }
  return answers;
}

interface MutableAnswer {
  leaves: TallyLeaf[];
  count: number;
  sums: Sums;
}

interface Verification {
  readonly questions: readonly Question[];
  readonly answers: readonly MutableAnswer[];
}

function proveBranch(branch: Branch, bound: Prefix, input: ProveInput): ProofNode {
  if (!mustOpen(bound, input.questions)) {
    const { hash, count, sums } = branch;
    return { form: 'pruned', hash, count, sums };
  }
  if (branch.prefix.length === KEY_BITS)
    return { form: 'leaf', ...input.readLeaf(branch.prefix.bits) };
  const { prefix, left, right } = input.readInner(branch.prefix);
  return {
    form: 'inner',
    prefix,
    left: proveBranch(left, childPrefix(prefix, 0), input),
    right: proveBranch(right, childPrefix(prefix, 1), input),
  };
}

function narrowNode(node: ProofNode, bound: Prefix, questions: readonly Question[]): ProofNode {
  if (node.form === 'pruned') return node;
  if (!mustOpen(bound, questions)) {
    const { hash, count, sums } = summarize(node);
    return { form: 'pruned', hash, count, sums };
  }
  if (node.form === 'leaf') return node;
  const { prefix, left, right } = node;
  return {
    form: 'inner',
    prefix,
    left: narrowNode(left, childPrefix(prefix, 0), questions),
    right: narrowNode(right, childPrefix(prefix, 1), questions),
  };
}

function summarize(node: ProofNode): Summary {
  if (node.form === 'pruned') return node;
  if (node.form === 'leaf') return summarizeLeaf(node);
  return summarizeInner(node.prefix, summarize(node.left), summarize(node.right));
}

/**
 * Whether a subtree, of which only is known that its keys begin with `bound`, must be opened: a range cuts through it, or
 * every leaf in it is asked for. Prover and verifier decide by this same rule: it is what makes a proof the only one.
 */
function mustOpen(bound: Prefix, questions: readonly Question[]): boolean {
  return questions.some((question) => {
    const position = positionOf(bound, question);
    return position === 'straddles' || (position === 'inside' && question.want === 'list');
  });
}

function verifyNode(node: ProofNode, bound: Prefix, run: Verification): Summary {
  if ((node.form !== 'pruned') !== mustOpen(bound, run.questions)) {
    throw invalid(
      node.form === 'pruned'
        ? 'a subtree is hidden that must be open'
        : 'a subtree is open that must be pruned',
    );
  }
  switch (node.form) {
    case 'pruned':
      return takePruned(node, bound, run);
    case 'leaf':
      return takeLeaf(node, bound, run);
    case 'inner':
      return openInner(node, bound, run);
  }
}

function takePruned(node: Summary, bound: Prefix, { questions, answers }: Verification): Summary {
  if (node.count < 1) throw invalid('a pruned subtree has no leaves');
  const at = questions.findIndex((question) => positionOf(bound, question) === 'inside');
  if (at >= 0) add(answers[at] as MutableAnswer, node);
  return node;
}

function takeLeaf(leaf: TallyLeaf, bound: Prefix, { questions, answers }: Verification): Summary {
  if (!startsWith(leaf.key, bound)) throw invalid('a leaf stands outside its place');
  const summary = summarizeLeaf(leaf);
  const at = questions.findIndex((question) => positionOf(summary.prefix, question) === 'inside');
  if (at < 0) return summary;
  add(answers[at] as MutableAnswer, summary);
  if (questions[at]?.want === 'list') answers[at]?.leaves.push(leaf);
  return summary;
}

function openInner(
  node: Extract<ProofNode, { form: 'inner' }>,
  bound: Prefix,
  run: Verification,
): Summary {
  const { prefix, left, right } = node;
  if (
    prefix.length < bound.length ||
    prefix.length >= KEY_BITS ||
    !startsWith(prefix.bits, bound)
  ) {
    throw invalid('a node stands outside its place');
  }
  return summarizeInner(
    prefix,
    verifyNode(left, childPrefix(prefix, 0), run),
    verifyNode(right, childPrefix(prefix, 1), run),
  );
}

function add(answer: MutableAnswer, { count, sums }: Summary): void {
  answer.count += count;
  answer.sums = addSums(answer.sums, sums);
}

function requireOrder(questions: readonly Question[]): void {
  const wrong = questions.some(({ first, last }, i) => {
    const before = questions[i - 1];
    return (
      compareBytes(first, last) > 0 ||
      (before !== undefined && compareBytes(before.last, first) >= 0)
    );
  });
  if (wrong) throw new RangeError('Expected ranges of keys in ascending order, without overlap.');
}

function invalid(why: string): AttestryError {
  return new AttestryError(
    'TALLY_PROOF_INVALID',
    `Expected the one tally proof for this question; ${why}.`,
  );
}
