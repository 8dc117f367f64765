import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHex, encodeHex } from '../../../src/core/bytes/hex.ts';
import {
  childPrefix,
  EMPTY_PREFIX,
  KEY_BITS,
  type Prefix,
  prefixOf,
} from '../../../src/core/tally/key.ts';
import type { TallyLeaf } from '../../../src/core/tally/node.ts';
import type { ProofNode } from '../../../src/core/tally/proof.ts';
import { decodeTallyProof, encodeTallyProof } from '../../../src/core/tally/proof-bytes.ts';
import { ZERO_SUMS } from '../../../src/core/tally/sums.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';
import {
  anyLeaves,
  anyQuestions,
  MemoryTally,
  usageLeaves,
  WHOLE,
} from '../../helpers/memory-tally.ts';

const MODEL = '11'.repeat(32);
const HASH = 'ab'.repeat(32);
const NO_SUMS = '00'.repeat(7);
const PRUNED = `00${HASH}0101${NO_SUMS}`;
const LEAF = `01${'22'.repeat(45)}${HASH}${NO_SUMS}`;

/** An inner node: the length of its prefix in bits, its bytes, its children. */
function inner(length: number, bytes: string, ...children: string[]): string {
  return `02${length.toString(16).padStart(4, '0')}${bytes}${children.join('')}`;
}

function codeOfHex(hex: string): string {
  return codeOf(() => decodeTallyProof(decodeHex(hex)));
}

describe('encodeTallyProof', () => {
  it('gives bytes that decode to the same proof', () => {
    const any = anyLeaves(20).chain((leaves) =>
      fc.record({ leaves: fc.constant(leaves), questions: anyQuestions(leaves) }),
    );
    fc.assert(
      fc.property(any, ({ leaves, questions }) => {
        const proof = new MemoryTally(leaves).prove(questions);
        const bytes = encodeTallyProof(proof);
        expect(encodeHex(encodeTallyProof(decodeTallyProof(bytes)))).toBe(encodeHex(bytes));
        expect(decodeTallyProof(bytes)).toEqual(proof);
      }),
    );
  });

  it('writes numbers without leading zeros', () => {
    const sums = ZERO_SUMS.with(1, 2n ** 64n).with(6, 2n ** 128n - 1n);
    const bytes = encodeTallyProof({ form: 'pruned', hash: decodeHex(HASH), count: 258, sums });
    const numbers = ['020102', '00', '09010000000000000000', '00000000', `10${'ff'.repeat(16)}`];
    expect(encodeHex(bytes)).toBe(`00${HASH}${numbers.join('')}`);
  });

  it('leaves out of a key the whole bytes that its place gives', () => {
    const [a, b] = usageLeaves(MODEL, 2) as [TallyLeaf, TallyLeaf];
    const sums = (leaf: TallyLeaf): string =>
      leaf.sums
        .map((sum) => (sum === 0n ? '00' : `01${sum.toString(16).padStart(2, '0')}`))
        .join('');
    const proof = new MemoryTally([a, b]).prove([{ ...WHOLE, want: 'list' }]);
    // The keys part at their last bit: the leaves' places say all of them.
    expect(encodeHex(encodeTallyProof(proof))).toBe(
      inner(
        359,
        encodeHex(a.key),
        ...[a, b].map((leaf) => `01${encodeHex(leaf.entryHash)}${sums(leaf)}`),
      ),
    );
    const far = { ...b, key: b.key.with(32, 5) };
    const parted = new MemoryTally([a, far]).prove([{ ...WHOLE, want: 'list' }]);
    const tails = [a, far].map(
      (leaf) => `01${encodeHex(leaf.key.subarray(33))}${encodeHex(leaf.entryHash)}${sums(leaf)}`,
    );
    expect(encodeHex(encodeTallyProof(parted))).toBe(inner(263, `${MODEL}04`, ...tails));
  });

  it('does not write a node that stands outside its place', () => {
    const [leaf] = usageLeaves(MODEL, 1) as [TallyLeaf];
    const node = { form: 'leaf', ...leaf } as const;
    const proof = {
      form: 'inner',
      prefix: prefixOf(leaf.key, 8),
      left: node,
      right: node,
    } as const;
    expect(() => encodeTallyProof(proof)).toThrow(RangeError);
    expect(() => encodeTallyProof({ ...proof, right: proof })).toThrow(RangeError);
  });

  it('writes proofs of many thousand nodes', () => {
    const side = { form: 'pruned', hash: decodeHex(HASH), count: 1, sums: ZERO_SUMS } as const;
    const grow = (prefix: Prefix): ProofNode => {
      if (prefix.length === 15) return { form: 'inner', prefix, left: side, right: side };
      const [left, right] = [grow(childPrefix(prefix, 0)), grow(childPrefix(prefix, 1))];
      return { form: 'inner', prefix, left, right };
    };
    const bytes = encodeTallyProof(grow(EMPTY_PREFIX));
    expect(Buffer.compare(encodeTallyProof(decodeTallyProof(bytes)), bytes)).toBe(0);
  });
});

describe('decodeTallyProof', () => {
  it('takes no bytes as the proof of an empty tally', () => {
    expect(decodeTallyProof(new Uint8Array(0))).toBeNull();
  });

  it('takes the forms that are refused below when they are whole', () => {
    const leaf = `01${'12'.repeat(45)}${HASH}${NO_SUMS}`;
    const placed = inner(4, '10', leaf, inner(8, '18', PRUNED, PRUNED));
    for (const hex of [
      placed,
      PRUNED,
      LEAF,
      inner(0, '', PRUNED, PRUNED),
      inner(9, 'ff80', PRUNED, PRUNED),
    ])
      expect(codeOfHex(hex)).toBe('none');
  });

  it.each([
    ['an unknown form', `03${PRUNED.slice(2)}`],
    ['a node behind the last', PRUNED + PRUNED],
    ['a byte behind the last', `${PRUNED}00`],
    ['a node that is cut off', PRUNED.slice(0, -2)],
    ['one child', inner(0, '', PRUNED)],
    ['no child', inner(0, '')],
    ['a number with a leading zero', `00${HASH}020001${NO_SUMS}`],
    ['a zero that is written out', `00${HASH}01010100${NO_SUMS.slice(2)}`],
    ['a number of 17 bytes', `00${HASH}010111${'01'.repeat(17)}${NO_SUMS.slice(2)}`],
    ['a number of 255 bytes', `00${HASH}0101ff${'01'.repeat(255)}${NO_SUMS.slice(2)}`],
    ['a count of 2^53', `00${HASH}0720000000000000${NO_SUMS}`],
    ['a count of 16 bytes', `00${HASH}10${'ff'.repeat(16)}${NO_SUMS}`],
    ['six sums', PRUNED.slice(0, -2)],
    ['a prefix as long as a key', inner(KEY_BITS, '22'.repeat(45), PRUNED, PRUNED)],
    ['a prefix longer than a key', inner(361, '22'.repeat(46), PRUNED, PRUNED)],
    ['a prefix of 65,535 bits', inner(65_535, '22'.repeat(8192), PRUNED, PRUNED)],
    ['set bits behind a prefix', inner(9, 'ffc0', PRUNED, PRUNED)],
    ['a prefix that is cut off', inner(9, 'ff')],
    ['a leaf outside its place', inner(4, '10', `01${'22'.repeat(45)}${HASH}${NO_SUMS}`, PRUNED)],
    ['a node outside its place', inner(4, '10', PRUNED, inner(8, '17', PRUNED, PRUNED))],
    ['a child with its parent’s prefix', inner(8, 'ff', inner(8, '', PRUNED, PRUNED), PRUNED)],
    ['a child with a shorter prefix', inner(9, 'ff80', inner(3, '', PRUNED, PRUNED), PRUNED)],
  ])('refuses %s', (_, hex) => {
    expect(codeOfHex(hex)).toBe('TALLY_PROOF_MALFORMED');
  });

  it('reads the deepest path there is, and no deeper one', () => {
    const chain = (depth: number): string => {
      let hex = '';
      for (let length = 0; length < depth; length++)
        hex += inner(length, length % 8 === 0 ? '' : '00');
      return hex + PRUNED.repeat(depth + 1);
    };
    expect(codeOfHex(chain(KEY_BITS))).toBe('none');
    expect(
      codeOfHex(
        `${chain(KEY_BITS).slice(0, -PRUNED.length)}${inner(KEY_BITS, '', PRUNED, PRUNED)}`,
      ),
    ).toBe('TALLY_PROOF_MALFORMED');
  });

  it('ends soon on huge input, without deep calls', () => {
    const megabytes = 4 * 2 ** 20;
    for (const pattern of ['00', '01', '02', 'ff', '020000', '02000002000102'])
      expect(codeOf(() => decodeTallyProof(Buffer.alloc(megabytes, pattern, 'hex')))).toBe(
        'TALLY_PROOF_MALFORMED',
      );
  });

  it('reads bytes of one spelling only, or refuses them with its code', () => {
    const seeds = [10, 40].map((count) => {
      const tally = new MemoryTally(usageLeaves(MODEL, count));
      return encodeTallyProof(tally.prove([{ ...WHOLE, want: count === 10 ? 'list' : 'totals' }]));
    });
    fc.assert(
      fc.property(hostileBytes(...seeds), (bytes) => {
        const proof = accepted(() => decodeTallyProof(bytes));
        const again = proof === undefined ? bytes : encodeTallyProof(proof);
        expect(encodeHex(again)).toBe(encodeHex(bytes));
      }),
      { numRuns: 500 },
    );
  });
});
