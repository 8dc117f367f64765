/** Tallies in memory, of any leaves, and the leaves and questions that a property draws. */
import fc from 'fast-check';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import { growTally } from '../../src/core/tally/growth.ts';
import { encodeKey, KEY_BYTES } from '../../src/core/tally/key.ts';
import {
  type Branch,
  EMPTY_TALLY,
  type TallyInner,
  type TallyLeaf,
} from '../../src/core/tally/node.ts';
import type { Question, TallyProof } from '../../src/core/tally/proof.ts';
import { proveTally } from '../../src/core/tally/prove.ts';
import { TALLY_METRICS } from '../../src/core/tally/sums.ts';

/** A tally that keeps every node it ever had, by hash. */
export class MemoryTally {
  root: Branch | undefined;
  readonly #inners = new Map<string, TallyInner>();
  readonly #leaves = new Map<string, TallyLeaf>();

  constructor(...batches: readonly (readonly TallyLeaf[])[]) {
    for (const batch of batches) this.add(batch);
  }

  add(leaves: readonly TallyLeaf[]): void {
    const grown = growTally({ root: this.root, leaves, readInner: (branch) => this.inner(branch) });
    for (const inner of grown.inners) this.#inners.set(encodeHex(inner.branch.hash), inner);
    for (const leaf of leaves) this.#leaves.set(encodeHex(leaf.key), leaf);
    this.root = grown.root;
  }

  get hash(): Uint8Array {
    return this.root?.hash ?? EMPTY_TALLY;
  }

  inner(branch: Branch): TallyInner {
    const inner = this.#inners.get(encodeHex(branch.hash));
    if (inner === undefined) throw new Error('Asked for an inner node that is not there.');
    return inner;
  }

  leaf(branch: Branch): TallyLeaf {
    const leaf = this.#leaves.get(encodeHex(branch.prefix.bits));
    if (leaf === undefined) throw new Error('Asked for a leaf that is not there.');
    return leaf;
  }

  prove(questions: readonly Question[]): TallyProof {
    return proveTally({
      root: this.root,
      questions,
      readInner: (branch) => this.inner(branch),
      readLeaf: (branch) => this.leaf(branch),
    });
  }
}

const FIRST_KEY = new Uint8Array(KEY_BYTES);
const LAST_KEY = new Uint8Array(KEY_BYTES).fill(0xff);
const LAST_HOUR = 2 ** 32 - 1;

/** Few models, kinds and hours, among them the lowest and the highest, so that keys share long prefixes. */
const entryKey: fc.Arbitrary<Uint8Array> = fc
  .record({
    model: fc.constantFrom(
      '00'.repeat(32),
      `${'5a'.repeat(31)}5b`,
      '5a'.repeat(32),
      'ff'.repeat(32),
    ),
    kind: fc.constantFrom(...KINDS),
    hour: fc.oneof(fc.constantFrom(0, LAST_HOUR), fc.integer({ min: 497_000, max: 497_030 })),
    index: fc.oneof(fc.nat(40), fc.constantFrom(2 ** 32, Number.MAX_SAFE_INTEGER)),
  })
  .map(encodeKey);

/** Keys of nothing: a tally is a trie over any 45 bytes. */
const anyKey: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: entryKey },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES }) },
  { weight: 1, arbitrary: fc.nat(359).map((bit) => withBit(FIRST_KEY, bit)) },
  { weight: 1, arbitrary: fc.nat(359).map((bit) => withBit(LAST_KEY, bit)) },
);

const anySum: fc.Arbitrary<bigint> = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: 0n, max: 100_000n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

export const anySums: fc.Arbitrary<readonly bigint[]> = fc.array(anySum, {
  minLength: TALLY_METRICS.length,
  maxLength: TALLY_METRICS.length,
});

/** Leaves with distinct keys, in no order. */
export function anyLeaves(maxLength: number, minLength = 0): fc.Arbitrary<TallyLeaf[]> {
  return fc.uniqueArray(
    fc.record({
      key: anyKey,
      entryHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      sums: anySums,
    }),
    { minLength, maxLength, selector: ({ key }) => encodeHex(key) },
  );
}

/** Ranges in order that begin and end at keys of the leaves, beside them, and anywhere; up to `most`. */
export function anyQuestions(leaves: readonly TallyLeaf[], most = 4): fc.Arbitrary<Question[]> {
  const edges = [
    FIRST_KEY,
    LAST_KEY,
    ...leaves.flatMap(({ key }) => [key, step(key, -1), step(key, 1)]),
  ];
  const edge = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...edges) },
    { weight: 1, arbitrary: anyKey },
  );
  return fc
    .tuple(
      fc.uniqueArray(edge, { minLength: 2, maxLength: 2 * most, selector: encodeHex }),
      fc.array(fc.constantFrom('list' as const, 'totals' as const), {
        minLength: most,
        maxLength: most,
      }),
    )
    .map(([keys, wants]) => {
      const sorted = keys.toSorted(Buffer.compare);
      return wants.flatMap((want, i): Question[] => {
        const [first, last] = sorted.slice(2 * i, 2 * i + 2);
        return first === undefined || last === undefined ? [] : [{ first, last, want }];
      });
    });
}

export const WHOLE: { readonly first: Uint8Array; readonly last: Uint8Array } = {
  first: FIRST_KEY,
  last: LAST_KEY,
};

/** The next key, or the one before; the same at the ends. */
export function step(key: Uint8Array, by: 1 | -1): Uint8Array {
  const value = BigInt(`0x${encodeHex(key)}`) + BigInt(by);
  if (value < 0n || value >= 2n ** 360n) return key;
  return new Uint8Array(Buffer.from(value.toString(16).padStart(2 * KEY_BYTES, '0'), 'hex'));
}

export function withBit(key: Uint8Array, bit: number): Uint8Array {
  return key.map((byte, i) => (i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
}

/** Usage of a model as meters state it: `count` windows over some hours, each with sums of its own. */
export function usageLeaves(model: string, count: number, firstIndex = 0): TallyLeaf[] {
  return Array.from({ length: count }, (_, i): TallyLeaf => {
    const index = firstIndex + i;
    return {
      key: encodeKey({ model, kind: 'usage', hour: 497_000 + Math.floor(i / 3), index }),
      entryHash: new Uint8Array(32).fill(index % 251),
      sums: [1n + BigInt(i), 70n, 20n, 0n, 40n, BigInt(i), 5n],
    };
  });
}
