import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { sha256 } from '../../../src/core/merkle/hash.ts';
import {
  addBuckets,
  NO_TOKENS,
  TOKEN_BUCKETS,
  type TokenBuckets,
} from '../../../src/core/metering/buckets.ts';
import { commitCustomer } from '../../../src/core/metering/customer.ts';
import {
  buildSumTree,
  proveRequest,
  type RequestLeaf,
  type SumClaim,
  type SumSibling,
  summarizeRequest,
  verifySum,
} from '../../../src/core/metering/sum-tree.ts';
import { codeOf } from '../../helpers/code-of.ts';

const anyBuckets: fc.Arbitrary<TokenBuckets> = fc
  .tuple(...TOKEN_BUCKETS.map(() => fc.bigInt({ min: 0n, max: 2n ** 40n })))
  .map((values) => {
    const pairs = TOKEN_BUCKETS.map((name, i): [string, bigint] => [name, values[i] as bigint]);
    return Object.fromEntries(pairs) as { [B in keyof TokenBuckets]: bigint };
  });

const anyLeaf: fc.Arbitrary<RequestLeaf> = fc.record({
  receiptDigest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  buckets: anyBuckets,
});

const totalOf = (leaves: readonly RequestLeaf[]): TokenBuckets =>
  leaves.map(({ buckets }) => buckets).reduce(addBuckets, NO_TOKENS);

function claimOf(leaves: readonly RequestLeaf[], index: number): SumClaim {
  const tree = buildSumTree(leaves.map(summarizeRequest));
  return {
    leaf: leaves[index] as RequestLeaf,
    index,
    count: leaves.length,
    path: proveRequest(tree, index),
    root: tree.root.hash,
    buckets: totalOf(leaves),
  };
}

const leavesOf = (count: number): RequestLeaf[] =>
  Array.from({ length: count }, (_, i) => ({
    receiptDigest: sha256(Uint8Array.of(i)),
    buckets: {
      inputUncachedTokens: BigInt(1000 + i),
      inputCachedTokens: BigInt(200 + i),
      inputCacheWriteTokens: 30n,
      outputVisibleTokens: BigInt(50 + i),
      outputReasoningTokens: 7n,
    },
  }));

/** The tree as docs/formats.md describes it, written down once more. */
function naiveSummary(leaves: readonly RequestLeaf[]): Buffer {
  const hash = (...parts: Uint8Array[]): Buffer =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  const number = (value: bigint, digits: number): Buffer =>
    Buffer.from(value.toString(16).padStart(digits, '0'), 'hex');
  const sums = Buffer.concat(
    [BigInt(leaves.length), ...Object.values(totalOf(leaves)), 0n].map((value) =>
      number(value, 32),
    ),
  );
  const count = number(BigInt(leaves.length), 16);
  const [first] = leaves;
  if (leaves.length === 1 && first !== undefined) {
    return Buffer.concat([hash(Buffer.of(5), first.receiptDigest, sums), count, sums]);
  }
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const children = [naiveSummary(leaves.slice(0, split)), naiveSummary(leaves.slice(split))];
  return Buffer.concat([hash(Buffer.of(6), ...children), count, sums]);
}

describe('buildSumTree', () => {
  it('has the root that the documents describe', () => {
    for (let count = 1; count <= 33; count++) {
      const leaves = leavesOf(count);
      const { root } = buildSumTree(leaves.map(summarizeRequest));
      expect(encodeHex(root.hash)).toBe(naiveSummary(leaves).toString('hex', 0, 32));
      expect(root.count).toBe(count);
    }
  });

  it('has the hashes of the worked example in docs/metering.md', () => {
    const page = readFileSync(new URL('../../../docs/metering.md', import.meta.url), 'utf8');
    const numbers = [
      [600n, 400n, 0n, 380n, 120n],
      [7n, 0n, 0n, 3n, 0n],
      [500n, 400n, 100n, 500n, 0n],
    ];
    const leaves = numbers.map((values, i): RequestLeaf => {
      const pairs = TOKEN_BUCKETS.map((name, at): [string, bigint] => [name, values[at] as bigint]);
      return {
        receiptDigest: sha256(encodeUtf8(`receipt ${i}`)),
        buckets: Object.fromEntries(pairs) as { [B in keyof TokenBuckets]: bigint },
      };
    });
    const { rows } = buildSumTree(leaves.map(summarizeRequest));
    const told = [
      ...rows.flat().map(({ hash }) => hash),
      ...leaves.map((leaf) => leaf.receiptDigest),
    ];
    for (const hash of told) expect(page).toContain(`\`${encodeHex(hash)}\``);
    const { value } = commitCustomer({ account: 'a-17' }, new Uint8Array(32).fill(7));
    expect(page).toContain(`\`${value}\``);
  });

  it('refuses a window without requests', () => {
    expect(() => buildSumTree([])).toThrow(RangeError);
  });

  it('refuses sums beyond 128 bits', () => {
    const [leaf] = leavesOf(1).map(summarizeRequest);
    if (leaf === undefined) throw new Error('no leaf');
    const full = { ...leaf, sums: leaf.sums.map(() => 2n ** 128n - 1n) };
    expect(codeOf(() => buildSumTree([full, leaf]))).toBe('TALLY_OVERFLOW');
  });
});

describe('verifySum', () => {
  it('accepts every request of any window and gives back the claim', () => {
    fc.assert(
      fc.property(fc.array(anyLeaf, { minLength: 1, maxLength: 40 }), (leaves) => {
        for (const index of leaves.keys()) {
          const claim = claimOf(leaves, index);
          expect(verifySum(claim)).toBe(claim);
          expect(claim.path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(leaves.length)));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('refuses every single mutation of a claim', () => {
    let refused = 0;
    for (const count of [1, 2, 3, 5, 8, 13]) {
      for (let index = 0; index < count; index++) {
        const claim = claimOf(leavesOf(count), index);
        for (const mutated of mutationsOf(claim)) {
          const code = codeOf(() => verifySum(mutated));
          expect(code).toMatch(/^(REQUEST_PROOF_INVALID|REQUEST_TREE_MISMATCH|HASH_MALFORMED)$/);
          refused++;
        }
      }
    }
    console.info(`verifySum refused ${refused} mutations.`);
    expect(refused).toBeGreaterThan(3000);
  });

  it('refuses another leaf, index or count for any window', () => {
    fc.assert(
      fc.property(
        fc.array(anyLeaf, { minLength: 2, maxLength: 40 }),
        fc.nat(),
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: -3, max: 3 }),
        (leaves, at, offIndex, offCount) => {
          fc.pre(offIndex !== 0 || offCount !== 0);
          const claim = claimOf(leaves, at % leaves.length);
          const other = {
            ...claim,
            index: claim.index + offIndex,
            count: claim.count + offCount,
          };
          expect(codeOf(() => verifySum(other))).not.toBe('none');
        },
      ),
    );
  });

  it('does not take a negative sum, even where the total is right', () => {
    const claim = claimOf(leavesOf(4), 1);
    const [first, second] = claim.path as [SumSibling, SumSibling];
    const shift = first.buckets.inputCachedTokens + 5n;
    const path = [shifted(first, -shift), shifted(second, shift)];
    expect(codeOf(() => verifySum({ ...claim, path }))).toBe('REQUEST_PROOF_INVALID');
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses the index %d', (index) => {
    const claim = claimOf(leavesOf(3), 0);
    expect(codeOf(() => verifySum({ ...claim, index }))).toBe('REQUEST_PROOF_INVALID');
  });
});

describe('proveRequest', () => {
  it('refuses an index that is not in the window', () => {
    const tree = buildSumTree(leavesOf(3).map(summarizeRequest));
    for (const index of [-1, 3, 0.5]) expect(() => proveRequest(tree, index)).toThrow(RangeError);
  });
});

function shifted(sibling: SumSibling, by: bigint): SumSibling {
  const { buckets } = sibling;
  return {
    ...sibling,
    buckets: { ...buckets, inputCachedTokens: buckets.inputCachedTokens + by },
  };
}

/** Claims that differ from a true one in one place, or in two whose sums make up for each other. */
function* mutationsOf(claim: SumClaim): Generator<SumClaim> {
  const { leaf, path, root, buckets } = claim;
  yield { ...claim, root: flipped(root) };
  yield { ...claim, root: root.subarray(1) };
  yield { ...claim, leaf: { ...leaf, receiptDigest: flipped(leaf.receiptDigest) } };
  for (const other of otherBuckets(leaf.buckets)) {
    yield { ...claim, leaf: { ...leaf, buckets: other } };
    const total = addBuckets(buckets, minus(other, leaf.buckets));
    yield { ...claim, leaf: { ...leaf, buckets: other }, buckets: total };
  }
  for (const other of otherBuckets(buckets)) yield { ...claim, buckets: other };
  const [first] = path;
  yield { ...claim, path: [...path, first ?? { hash: root, buckets: NO_TOKENS }] };
  for (const [i, sibling] of path.entries()) {
    const withSibling = (changed: Partial<SumSibling>): SumSibling[] =>
      path.with(i, { ...sibling, ...changed });
    yield { ...claim, path: path.toSpliced(i, 1) };
    yield { ...claim, path: path.toSpliced(i, 0, sibling) };
    yield { ...claim, path: withSibling({ hash: flipped(sibling.hash) }) };
    yield { ...claim, path: withSibling({ hash: new Uint8Array(0) }) };
    for (const other of otherBuckets(sibling.buckets)) {
      yield { ...claim, path: withSibling({ buckets: other }) };
      const rest = minus(addBuckets(leaf.buckets, sibling.buckets), other);
      yield {
        ...claim,
        leaf: { ...leaf, buckets: rest },
        path: withSibling({ buckets: other }),
      };
    }
    const next = path[i + 1];
    if (next !== undefined) yield { ...claim, path: path.with(i, next).with(i + 1, sibling) };
  }
}

function otherBuckets(buckets: TokenBuckets): TokenBuckets[] {
  return TOKEN_BUCKETS.flatMap((name) => [
    { ...buckets, [name]: buckets[name] + 1n },
    { ...buckets, [name]: buckets[name] - 1n },
    { ...buckets, [name]: buckets[name] + 2n ** 64n },
  ]);
}

function minus(a: TokenBuckets, b: TokenBuckets): TokenBuckets {
  const pairs = TOKEN_BUCKETS.map((name): [string, bigint] => [name, a[name] - b[name]]);
  return Object.fromEntries(pairs) as { [B in keyof TokenBuckets]: bigint };
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[5] = (copy[5] as number) ^ 1;
  return copy;
}
