/** For every valid proof, every single mutation is refused. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { rangeOfHours, rangeOfKinds } from '../../../src/core/tally/key.ts';
import type { TallyLeaf } from '../../../src/core/tally/node.ts';
import { type Question, type TallyProof, verifyTally } from '../../../src/core/tally/proof.ts';
import { decodeTallyProof, encodeTallyProof } from '../../../src/core/tally/proof-bytes.ts';
import { codeOf } from '../../helpers/code-of.ts';
import {
  anyLeaves,
  anyQuestions,
  MemoryTally,
  usageLeaves,
  WHOLE,
  withBit,
} from '../../helpers/memory-tally.ts';
import {
  byteMutations,
  sameProof,
  structuralMutations,
  valueMutations,
} from './tally-mutations.ts';

const MODEL = '5a'.repeat(32);
const NEIGHBOUR = `${'5a'.repeat(31)}5b`;
const SIZES = [0, 1, 2, 3, 5, 9, 17, 40, 90, 200];
const SEED = 20_261_001;

interface Case {
  readonly leaves: readonly TallyLeaf[];
  readonly questions: readonly Question[];
}

const list = (range: Omit<Question, 'want'>): Question => ({ ...range, want: 'list' });
const totals = (range: Omit<Question, 'want'>): Question => ({ ...range, want: 'totals' });
const hours = (first: number, last: number) =>
  rangeOfHours({ model: MODEL, kind: 'usage' }, { first, last });

/** Questions as dossiers ask them, and others. */
const MIXES: readonly (readonly Question[])[] = [
  [],
  [list(WHOLE)],
  [totals(WHOLE)],
  [list(rangeOfKinds(MODEL, { first: 0, last: 255 }))],
  [totals(hours(497_005, 497_020))],
  [
    list(rangeOfKinds(MODEL, { first: 0, last: 3 })),
    ...Array.from({ length: 8 }, (_, i) => totals(hours(497_000 + i, 497_000 + i))),
    list(rangeOfKinds(MODEL, { first: 5, last: 255 })),
  ],
];

function cases(): Case[] {
  return SIZES.flatMap((size) => {
    const about = Math.ceil(size / 2);
    const dense = [...usageLeaves(MODEL, about), ...usageLeaves(NEIGHBOUR, size - about, about)];
    const [sparse = []] = fc.sample(anyLeaves(size, size), { numRuns: 1, seed: SEED + size });
    const drawn = fc.sample(anyQuestions(sparse), { numRuns: 4, seed: SEED + size });
    return [
      ...MIXES.map((questions) => ({ leaves: dense, questions })),
      ...drawn.map((questions) => ({ leaves: sparse, questions })),
    ];
  });
}

interface Claim extends Case {
  readonly tally: MemoryTally;
  readonly root: Uint8Array;
  readonly proof: TallyProof;
  readonly bytes: Uint8Array;
}

const claims = cases().map(({ leaves, questions }): Claim => {
  const tally = new MemoryTally(leaves);
  const proof = tally.prove(questions);
  return { leaves, questions, tally, root: tally.hash, proof, bytes: encodeTallyProof(proof) };
});

/** The code that encoded bytes are refused with. */
function refusalOf(claim: Claim, bytes: Uint8Array): string {
  return codeOf(() => verifyTally({ ...claim, proof: decodeTallyProof(bytes) }));
}

/** How many of these are no good proof any more; fails at one that is accepted all the same. */
function countRefused(claim: Claim, mutations: Iterable<TallyProof>): number {
  let count = 0;
  for (const proof of mutations) {
    if (sameProof(proof, claim.proof)) continue;
    const bytes = encodable(proof);
    // Bytes say less than nodes: the first bytes of a key follow from its place, so a moved one may say the same.
    const said = bytes !== undefined && Buffer.compare(bytes, claim.bytes) !== 0;
    const code = said ? refusalOf(claim, bytes) : codeOf(() => verifyTally({ ...claim, proof }));
    if (code === 'none') expect.fail(`accepted ${encodeHex(bytes ?? new Uint8Array(0))}`);
    count++;
  }
  return count;
}

/** Every bit of small proofs; of large ones, whose every look takes longer, evenly spread ones. */
function mutatedBytes({ bytes }: Claim): Uint8Array[] {
  const most = bytes.length < 300 ? Number.POSITIVE_INFINITY : 100;
  return [...byteMutations(bytes, most)].filter((mutated) => Buffer.compare(mutated, bytes) !== 0);
}

/** The same set without a leaf, with one more, with one changed, with one under another model, kind, hour or index. */
function* otherSets(leaves: readonly TallyLeaf[]): Generator<TallyLeaf[]> {
  const stride = Math.ceil(leaves.length / 4);
  for (const [i, leaf] of leaves.entries()) {
    if (i % stride !== 0) continue;
    const moved = [255, 263, 295, 359].map((bit) => ({ ...leaf, key: withBit(leaf.key, bit) }));
    const more = { ...leaf, sums: leaf.sums.map((sum) => sum + 1n) };
    const sets = [...moved, more].map((changed) => leaves.with(i, changed));
    yield leaves.toSpliced(i, 1);
    for (const set of [...sets, [...leaves, ...moved.slice(0, 1)]]) {
      if (new Set(set.map(({ key }) => encodeHex(key))).size === set.length) yield set;
    }
  }
}

const refused = { bytes: 0, structure: 0, values: 0, sets: 0 };

describe('verifyTally', () => {
  afterAll(() => {
    const { bytes, structure, values, sets } = refused;
    console.info(
      `${bytes + structure + values + sets} mutations of ${claims.length} tally proofs refused: ${bytes} of bytes, ${structure} of structure, ${values} of values, ${sets} of the tally behind it.`,
    );
  });

  it('accepts every one of the proofs that are mutated below', () => {
    for (const claim of claims) expect(refusalOf(claim, claim.bytes)).toBe('none');
  });

  it('refuses every flipped bit, every cut and every addition', { timeout: 120_000 }, () => {
    for (const claim of claims) {
      for (const bytes of mutatedBytes(claim)) {
        if (refusalOf(claim, bytes) === 'none') expect.fail(`accepted ${encodeHex(bytes)}`);
        refused.bytes++;
      }
    }
  });

  it('refuses every node dropped, doubled, swapped, hidden or shown against the rule', {
    timeout: 120_000,
  }, () => {
    for (const claim of claims) {
      if (claim.proof === null) continue;
      refused.structure += countRefused(claim, structuralMutations(claim.proof, claim.tally));
    }
  });

  it('refuses every altered hash, count, sum, prefix and key, and sums that still add up', {
    timeout: 120_000,
  }, () => {
    for (const claim of claims) {
      if (claim.proof === null) continue;
      refused.values += countRefused(claim, valueMutations(claim.proof, claim.tally));
    }
  });

  it('refuses the honest proof of a tally with a leaf less, more, changed or moved', {
    timeout: 120_000,
  }, () => {
    for (const { leaves, root, questions } of claims) {
      for (const set of otherSets(leaves)) {
        const proof = new MemoryTally(set).prove(questions);
        expect(codeOf(() => verifyTally({ root, questions, proof }))).toBe('TALLY_ROOT_MISMATCH');
        refused.sets++;
      }
    }
  });
});

/** The bytes of a proof; undefined for nodes so far out of place that no bytes say it. */
function encodable(proof: TallyProof): Uint8Array | undefined {
  try {
    return encodeTallyProof(proof);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
