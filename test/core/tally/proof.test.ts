import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { type Prefix, prefixOf, rangeOfHours, rangeOfKinds } from '../../../src/core/tally/key.ts';
import {
  EMPTY_TALLY,
  type Summary,
  summarizeInner,
  summarizeLeaf,
  type TallyLeaf,
} from '../../../src/core/tally/node.ts';
import { type ProofNode, type Question, verifyTally } from '../../../src/core/tally/proof.ts';
import { decodeTallyProof, encodeTallyProof } from '../../../src/core/tally/proof-bytes.ts';
import { narrowProof } from '../../../src/core/tally/prove.ts';
import { ZERO_SUMS } from '../../../src/core/tally/sums.ts';
import { codeOf } from '../../helpers/code-of.ts';
import {
  anyLeaves,
  anyQuestions,
  MemoryTally,
  step,
  usageLeaves,
  WHOLE,
  withBit,
} from '../../helpers/memory-tally.ts';
import { naiveAnswers, naiveVerify } from '../../helpers/naive-tally.ts';

const MODEL = '11'.repeat(32);
const NEIGHBOUR = `${'11'.repeat(31)}10`;

const anyAsked = anyLeaves(30).chain((leaves) =>
  fc.record({ leaves: fc.constant(leaves), questions: anyQuestions(leaves) }),
);

/** Leaves as text: comparing byte arrays with `toEqual` takes a hundred times as long. */
function plain(
  answers: readonly { leaves: readonly TallyLeaf[]; count: number; sums: readonly bigint[] }[],
): unknown {
  return answers.map(({ leaves, count, sums }) => ({
    leaves: leaves.map(
      (leaf) => `${encodeHex(leaf.key)} ${encodeHex(leaf.entryHash)} ${leaf.sums}`,
    ),
    count,
    sums: sums.join(),
  }));
}

function answersOf(leaves: readonly TallyLeaf[], ...questions: Question[]) {
  const tally = new MemoryTally(leaves);
  const bytes = encodeTallyProof(tally.prove(questions));
  return verifyTally({ root: tally.hash, questions, proof: decodeTallyProof(bytes) });
}

describe('verifyTally', () => {
  it('gives the exact lists and totals of any ranges, as an independent verifier does', () => {
    fc.assert(
      fc.property(anyAsked, ({ leaves, questions }) => {
        const tally = new MemoryTally(leaves);
        const bytes = encodeTallyProof(tally.prove(questions));
        const proof = decodeTallyProof(bytes);
        const wanted = plain(naiveAnswers(leaves, questions));
        expect(plain(verifyTally({ root: tally.hash, questions, proof }))).toEqual(wanted);
        expect(plain(naiveVerify(tally.hash, questions, bytes))).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  it('takes a proof for other questions only where it is the very proof for them', () => {
    const anyTwo = anyLeaves(12).chain((leaves) =>
      fc.record({
        leaves: fc.constant(leaves),
        a: anyQuestions(leaves, 2),
        b: anyQuestions(leaves, 2),
      }),
    );
    let equal = 0;
    fc.assert(
      fc.property(anyTwo, ({ leaves, a, b }) => {
        const tally = new MemoryTally(leaves);
        const [one, other] = [a, b].map((questions) => encodeTallyProof(tally.prove(questions)));
        const same = Buffer.compare(one as Uint8Array, other as Uint8Array) === 0;
        equal += same ? 1 : 0;
        const proof = decodeTallyProof(one as Uint8Array);
        const code = codeOf(() => verifyTally({ root: tally.hash, questions: b, proof }));
        expect(code).toBe(same ? 'none' : 'TALLY_PROOF_INVALID');
      }),
      { numRuns: 300 },
    );
    expect(equal).toBeGreaterThan(0);
  });

  it('proves that there is nothing, in the empty tally and between two neighbours', () => {
    const nothing = { leaves: [], count: 0, sums: ZERO_SUMS };
    const questions: Question[] = [
      { ...rangeOfKinds(MODEL, { first: 0, last: 255 }), want: 'list' },
    ];
    expect(answersOf([], ...questions)).toEqual([nothing]);
    expect(answersOf(usageLeaves(NEIGHBOUR, 1), ...questions)).toEqual([nothing]);
    expect(answersOf(usageLeaves(NEIGHBOUR, 50), ...questions)).toEqual([nothing]);
    const revoked: Question = { ...rangeOfKinds(MODEL, { first: 5, last: 5 }), want: 'list' };
    expect(answersOf(usageLeaves(MODEL, 50), revoked)).toEqual([nothing]);
  });

  it('gives totals of hours from a proof that grows with the logarithm of what it sums', () => {
    const hours = { first: 497_010, last: 497_110 };
    const questions: Question[] = [
      { ...rangeOfHours({ model: MODEL, kind: 'usage' }, hours), want: 'totals' },
    ];
    const leaves = [...usageLeaves(MODEL, 900), ...usageLeaves(NEIGHBOUR, 900, 900)];
    const tally = new MemoryTally(leaves);
    const proof = tally.prove(questions);
    const [answer] = verifyTally({ root: tally.hash, questions, proof });
    expect(answer).toEqual({ ...naiveAnswers(leaves, questions)[0], leaves: [] });
    expect(answer?.count).toBe(303);
    expect(encodeTallyProof(proof).length).toBeLessThan(2000);
  });

  it('opens the root even where no question cuts through it, as nothing vouches for its sums', () => {
    const leaves = usageLeaves(MODEL, 9);
    const tally = new MemoryTally(leaves);
    const questions: Question[] = [{ ...WHOLE, want: 'totals' }];
    const proof = tally.prove(questions);
    expect(proof?.form).toBe('inner');
    expect(plain(verifyTally({ root: tally.hash, questions, proof }))).toEqual(
      plain(naiveAnswers(leaves, questions)),
    );
    const { root } = tally;
    if (root === undefined) return expect.unreachable();
    const invented = { ...root, form: 'pruned' as const, count: 1_000_000 };
    for (const asked of [questions, []]) {
      expect(
        codeOf(() => verifyTally({ root: tally.hash, questions: asked, proof: invented })),
      ).toBe('TALLY_PROOF_INVALID');
    }
  });

  it('refuses nodes out of place even under a root that is made of them', () => {
    const [a, b] = usageLeaves(MODEL, 2) as [TallyLeaf, TallyLeaf];
    const leaf = (each: TallyLeaf): ProofNode => ({ form: 'leaf', ...each });
    const inner = (prefix: Prefix, left: ProofNode, right: ProofNode): ProofNode => ({
      form: 'inner',
      prefix,
      left,
      right,
    });
    const whole = prefixOf(a.key, 359);
    const honest = inner(whole, leaf(a), leaf(b));
    const elsewhere = { ...a, key: withBit(a.key, 3) };
    const questions: Question[] = [{ ...WHOLE, want: 'list' }];
    const judged = (proof: ProofNode): string =>
      codeOf(() => verifyTally({ root: summaryOf(proof).hash, questions, proof }));
    expect(judged(honest)).toBe('none');
    const four = prefixOf(a.key, 4);
    const beside = leaf({ ...a, key: withBit(a.key, 4) });
    for (const proof of [
      inner(whole, leaf(b), leaf(a)),
      inner(whole, leaf(a), leaf(elsewhere)),
      inner(prefixOf(a.key, 3), honest, leaf(a)),
      inner(
        prefixOf(a.key, 3),
        leaf(elsewhere),
        inner(prefixOf(elsewhere.key, 9), leaf(a), leaf(b)),
      ),
      // A child with its parent's prefix, with a shorter one, and with a whole key.
      inner(four, inner(four, leaf(a), beside), beside),
      inner(four, leaf(a), inner(four, leaf(a), beside)),
      inner(whole, leaf(a), inner(prefixOf(b.key, 100), leaf(a), leaf(b))),
      inner(whole, leaf(a), inner({ length: 360, bits: b.key }, leaf(b), leaf(b))),
    ]) {
      expect(judged(proof)).toBe('TALLY_PROOF_INVALID');
    }
    const side = { form: 'pruned', ...summarizeLeaf(a) } as const;
    const beyond = inner({ length: 360, bits: b.key }, side, side);
    const { hash: root } = summaryOf(beyond);
    expect(codeOf(() => verifyTally({ root, questions: [], proof: beyond }))).toBe(
      'TALLY_PROOF_INVALID',
    );
  });

  it('refuses the proof of another tally', () => {
    const tally = new MemoryTally(usageLeaves(MODEL, 9));
    const questions: Question[] = [{ ...WHOLE, want: 'list' }];
    const proofs = [null, new MemoryTally(usageLeaves(MODEL, 8)).prove(questions)];
    for (const proof of proofs) {
      expect(codeOf(() => verifyTally({ root: tally.hash, questions, proof }))).toBe(
        'TALLY_ROOT_MISMATCH',
      );
    }
    expect(
      codeOf(() => verifyTally({ root: EMPTY_TALLY, questions, proof: tally.prove(questions) })),
    ).toBe('TALLY_ROOT_MISMATCH');
  });

  it('refuses sums and counts beyond their range', () => {
    const [leaf] = usageLeaves(MODEL, 1) as [TallyLeaf];
    const half = 2n ** 127n;
    const huge = [leaf, { ...leaf, key: step(leaf.key, 1) }].map((each) => ({
      ...each,
      sums: each.sums.map((sum, i) => (i === 3 ? half : sum)),
    }));
    expect(codeOf(() => new MemoryTally(huge))).toBe('TALLY_OVERFLOW');
    const pruned = (count: number, sum: bigint) =>
      ({ form: 'pruned', hash: leaf.entryHash, count, sums: ZERO_SUMS.map(() => sum) }) as const;
    const questions: Question[] = [{ ...WHOLE, want: 'totals' }];
    const prefix = { length: 0, bits: new Uint8Array(45) };
    for (const side of [pruned(1, half), pruned(2 ** 52, 1n)]) {
      const proof = { form: 'inner', prefix, left: side, right: side } as const;
      expect(codeOf(() => verifyTally({ root: EMPTY_TALLY, questions, proof }))).toBe(
        'TALLY_OVERFLOW',
      );
    }
  });

  it('calls questions out of order, overlapping or backwards a mistake of the caller', () => {
    const [a, b] = usageLeaves(MODEL, 2).map(({ key }) => key) as [Uint8Array, Uint8Array];
    const ask = (...ranges: [Uint8Array, Uint8Array][]): Question[] =>
      ranges.map(([first, last]) => ({ first, last, want: 'totals' }));
    const tally = new MemoryTally();
    const wrong = [ask([b, a]), ask([b, b], [a, a]), ask([a, b], [b, b]), ask([a, a], [a, a])];
    for (const questions of wrong) {
      expect(() => tally.prove(questions)).toThrow(RangeError);
      expect(() => verifyTally({ root: tally.hash, questions, proof: null })).toThrow(RangeError);
      expect(() => narrowProof(null, questions)).toThrow(RangeError);
    }
  });
});

/** What the nodes add up to, wherever they stand. */
function summaryOf(node: ProofNode): Summary {
  if (node.form === 'pruned') return node;
  if (node.form === 'leaf') return summarizeLeaf(node);
  return summarizeInner(node.prefix, [summaryOf(node.left), summaryOf(node.right)]);
}

describe('narrowProof', () => {
  it('makes the proof for one key out of the proof for any range around it', () => {
    fc.assert(
      fc.property(anyAsked, fc.nat(), ({ leaves, questions }, pick) => {
        const tally = new MemoryTally(leaves);
        const lists = questions.map((question): Question => ({ ...question, want: 'list' }));
        const wide = tally.prove(lists);
        const keys = lists.flatMap(({ first, last }) => [first, last]);
        const key = keys[pick % keys.length] as Uint8Array;
        const narrow: Question[] = [{ first: key, last: key, want: 'list' }];
        const made = encodeTallyProof(narrowProof(wide, narrow));
        expect(encodeHex(made)).toBe(encodeHex(encodeTallyProof(tally.prove(narrow))));
      }),
    );
  });
});
