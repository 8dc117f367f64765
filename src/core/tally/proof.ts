/**
 * Tally proofs: a pruned copy of the trie, opened exactly where a question needs it. For one question about one tally
 * there is one proof: what lies wholly outside the ranges, or wholly inside one that asks for totals, is pruned; all else
 * is opened. A proof with more or less is refused, so a hidden leaf has nowhere to be.
 */
import { AttestryError } from '../../errors.ts';
import { bytesEqual, compareBytes } from '../bytes/equal.ts';
import {
  childPrefix,
  EMPTY_PREFIX,
  KEY_BITS,
  type KeyRange,
  type Prefix,
  positionOf,
  spanOf,
  startsWith,
} from './key.ts';
import {
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

export interface TallyClaim {
  readonly root: Uint8Array;
  readonly questions: readonly Question[];
  /** As `decodeTallyProof` gives it. */
  readonly proof: TallyProof;
}

/** The answers, one for each question, if the proof is the one for them. @throws TALLY_PROOF_INVALID, TALLY_ROOT_MISMATCH, TALLY_OVERFLOW */
export function verifyTally({ root, questions, proof }: TallyClaim): readonly Answer[] {
  requireOrder(questions);
  const asked = questions.map(
    (question): Asked => ({ ...question, answer: { leaves: [], count: 0, sums: ZERO_SUMS } }),
  );
  const derived =
    proof === null ? EMPTY_TALLY : verifyNode(proof, placeAt(EMPTY_PREFIX, asked)).hash;
  if (!bytesEqual(derived, root)) {
    throw new AttestryError(
      'TALLY_ROOT_MISMATCH',
      'The tally proof does not lead to the tally root.',
    );
  }
  return asked.map(({ answer }) => answer);
}

interface MutableAnswer {
  readonly leaves: TallyLeaf[];
  count: number;
  sums: Sums;
}

interface Asked extends Question {
  readonly answer: MutableAnswer;
}

/** Where a subtree hangs: all that is known of it there is that its keys begin with `bound`. */
export interface Place<Q extends Question> {
  readonly bound: Prefix;
  /** The questions whose ranges share keys with the place, in order. */
  readonly asked: readonly Q[];
  readonly mustOpen: boolean;
}

/**
 * A subtree must be open where a range cuts through its place, or where every leaf in it is asked for. Prover and verifier
 * decide by this same rule: it is what makes a proof the only one. The root is always open: a parent vouches for the count
 * and sums of every other node, for those of the root only what lies below it.
 */
export function placeAt<Q extends Question>(bound: Prefix, questions: readonly Q[]): Place<Q> {
  const span = spanOf(bound);
  const asked = questions.filter((question) => positionOf(span, question) !== 'outside');
  const cut = asked.some(
    (question) => question.want === 'list' || positionOf(span, question) === 'straddles',
  );
  return { bound, asked, mustOpen: cut || bound.length === 0 };
}

function verifyNode(node: ProofNode, place: Place<Asked>): Summary {
  if ((node.form !== 'pruned') !== place.mustOpen) {
    throw invalid(
      node.form === 'pruned'
        ? 'a subtree is hidden that must be open'
        : 'a subtree is open that must be pruned',
    );
  }
  switch (node.form) {
    case 'pruned':
      return takePruned(node, place);
    case 'leaf':
      return takeLeaf(node, place);
    case 'inner':
      return openInner(node, place);
  }
}

function takePruned(node: Summary, { asked }: Place<Asked>): Summary {
  if (node.count < 1) throw invalid('a pruned subtree has no leaves');
  // A place that must not be open lies wholly inside each range that it touches; ranges do not overlap, so that is one at most.
  const [within] = asked;
  if (within !== undefined) add(within.answer, node);
  return node;
}

function takeLeaf({ key, entryHash, sums }: TallyLeaf, { bound, asked }: Place<Asked>): Summary {
  if (!startsWith(key, bound)) throw invalid('a leaf stands outside its place');
  const leaf = { key, entryHash, sums };
  const summary = summarizeLeaf(leaf);
  const span = { first: key, last: key };
  const within = asked.find((question) => positionOf(span, question) === 'inside');
  if (within === undefined) return summary;
  add(within.answer, summary);
  if (within.want === 'list') within.answer.leaves.push(leaf);
  return summary;
}

function openInner(
  { prefix, left, right }: Extract<ProofNode, { form: 'inner' }>,
  { bound, asked }: Place<Asked>,
): Summary {
  const below = prefix.length >= bound.length && prefix.length < KEY_BITS;
  if (!below || !startsWith(prefix.bits, bound)) {
    throw invalid('a node stands outside its place');
  }
  return summarizeInner(prefix, [
    verifyNode(left, placeAt(childPrefix(prefix, 0), asked)),
    verifyNode(right, placeAt(childPrefix(prefix, 1), asked)),
  ]);
}

function add(answer: MutableAnswer, { count, sums }: Summary): void {
  answer.count += count;
  answer.sums = addSums(answer.sums, sums);
}

/** @throws RangeError */
export function requireOrder(questions: readonly Question[]): void {
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
