/** The worked example of docs/tally.md: what its page must say, line by line. */
import { createHash } from 'node:crypto';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { parseTime } from '../../src/core/bytes/time.ts';
import type { Kind } from '../../src/core/statement/statement.ts';
import {
  childPrefix,
  EMPTY_PREFIX,
  encodeKey,
  hourOf,
  KEY_BITS,
  type Prefix,
} from '../../src/core/tally/key.ts';
import { type Branch, summarizeLeaf, type TallyLeaf } from '../../src/core/tally/node.ts';
import type { ProofNode } from '../../src/core/tally/proof.ts';
import { encodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { questionsAbout } from '../../src/core/tally/questions.ts';
import { type Sums, ZERO_SUMS } from '../../src/core/tally/sums.ts';
import { MemoryTally } from './memory-tally.ts';

const sha256 = (text: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(text).digest());

const MODEL = encodeHex(sha256('model'));
const OTHER = encodeHex(sha256('another model'));
const RANGE = { from: '2026-10-01T00:00:00Z', to: '2026-10-01T01:00:00Z', by: 'total' } as const;
const HOUR = hourOf(parseTime(RANGE.from));

/** Four leaves of four entries; entry i is the text `entry i`. */
export function exampleLeaves(): TallyLeaf[] {
  const leaf = (
    model: string,
    kind: Kind,
    at: { hour: number; index: number },
    sums = ZERO_SUMS,
  ): TallyLeaf => ({
    key: encodeKey({ model, kind, ...at }),
    entryHash: sha256(`\0entry ${at.index}`),
    sums,
  });
  return [
    leaf(MODEL, 'deployment', { hour: HOUR, index: 0 }),
    leaf(MODEL, 'usage', { hour: HOUR, index: 1 }, [12n, 300n, 40n, 0n, 56n, 4n, 0n]),
    leaf(MODEL, 'usage', { hour: HOUR + 1, index: 2 }, [8n, 200n, 0n, 0n, 31n, 0n, 0n]),
    leaf(OTHER, 'evaluation', { hour: HOUR, index: 3 }),
  ];
}

/** Every value that the page shows, in the words and hex that it shows them with. */
export function exampleLines(): string[] {
  const leaves = exampleLeaves();
  const tally = new MemoryTally(leaves);
  const questions = questionsAbout(MODEL, RANGE);
  const proof = tally.prove(questions);
  return [
    ...leaves.map(
      ({ key, entryHash }, i) => `| ${i} | \`${encodeHex(key)}\` | \`${encodeHex(entryHash)}\` |`,
    ),
    ...leaves.map((leaf, i) => `| leaf ${i} | | \`${encodeHex(summarizeLeaf(leaf).hash)}\` |`),
    ...innerLines(tally, tally.root as Branch),
    ...questions.map(
      ({ first, last, want }) =>
        `| \`${want}\` | \`${encodeHex(first)}\` | \`${encodeHex(last)}\` |`,
    ),
    ...proofText(proof as ProofNode),
  ];
}

function proofText(proof: ProofNode): string[] {
  const lines = proofLines(proof);
  const bytes = encodeTallyProof(proof);
  // The lines are written here once more, by hand: together they must be the very bytes.
  if (lines.join('').replaceAll(' ', '') !== encodeHex(bytes))
    throw new Error('Expected the lines to be the proof.');
  return [...lines, `${bytes.length} bytes`];
}

function innerLines(tally: MemoryTally, branch: Branch): string[] {
  if (branch.prefix.length === KEY_BITS) return [];
  const { left, right } = tally.inner(branch);
  const { length, bits } = branch.prefix;
  const prefix = `${length} bits${length === 0 ? '' : `, \`${encodeHex(bits.subarray(0, Math.ceil(length / 8)))}\``}`;
  const line = `| inner, ${branch.count} leaves | ${prefix} | \`${encodeHex(branch.hash)}\` |`;
  return [line, ...innerLines(tally, left), ...innerLines(tally, right)];
}

/** The proof's bytes, a node a line, children further in. */
function proofLines(node: ProofNode, bound: Prefix = EMPTY_PREFIX, indent = ''): string[] {
  const known = bound.length >> 3;
  const numbers = (sums: Sums): string => sums.map(numberText).join(' ');
  if (node.form === 'pruned') {
    const { hash, count, sums } = node;
    return [`${indent}00 ${encodeHex(hash)} ${numberText(BigInt(count))} ${numbers(sums)}`];
  }
  if (node.form === 'leaf') {
    const { key, entryHash, sums } = node;
    return [
      `${indent}01 ${encodeHex(key.subarray(known))} ${encodeHex(entryHash)} ${numbers(sums)}`,
    ];
  }
  const { length, bits } = node.prefix;
  const bytes = encodeHex(bits.subarray(known, Math.ceil(length / 8)));
  return [
    `${indent}02 ${length.toString(16).padStart(4, '0')} ${bytes}`,
    ...proofLines(node.left, childPrefix(node.prefix, 0), `${indent}  `),
    ...proofLines(node.right, childPrefix(node.prefix, 1), `${indent}  `),
  ];
}

function numberText(value: bigint): string {
  const digits = value === 0n ? '' : value.toString(16);
  const hex = digits.padStart(digits.length + (digits.length % 2), '0');
  return `${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;
}
