/** What running a vector of a tally means: our verdict, and that of the independent verifier beside it. */
import { expect } from 'vitest';
import { decodeBase64 } from '../../src/core/bytes/base64.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { decodeUtf8, encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseVkey } from '../../src/core/note/vkey.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import { type Answer, verifyTally } from '../../src/core/tally/proof.ts';
import { decodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { verifyTallyNote } from '../../src/core/tally/tally-note.ts';
import { codeOf } from './code-of.ts';
import { MemoryTally } from './memory-tally.ts';
import { naiveTally, naiveVerify } from './naive-tally.ts';

interface LeafFields {
  readonly key: string;
  readonly entryHash: string;
  readonly sums: readonly string[];
}

interface TallyVector {
  readonly input: string;
  readonly inputBase64?: string;
  readonly index: number;
  readonly leaves: readonly LeafFields[];
  readonly root: string;
  readonly count: number;
  readonly sums: readonly string[];
  readonly questions: readonly {
    readonly first: string;
    readonly last: string;
    readonly want: 'list' | 'totals';
  }[];
  readonly proof: string;
  readonly answers?: readonly {
    readonly leaves: readonly LeafFields[];
    readonly count: number;
    readonly sums: readonly string[];
  }[];
  readonly vkey: string;
}

/** By folder; each gives the codes that the vector ends with. */
export const TALLY_RUN: Readonly<Record<string, (vector: object) => string[]>> = {
  'tally/leaves': (vector) => {
    const { index, leaves } = vector as TallyVector;
    expect(leavesOf(inputOf(vector as TallyVector), index)).toEqual(leaves.map(leafOf));
    return [];
  },
  'tally/trie': (vector) => {
    const { leaves, root, count, sums } = vector as TallyVector;
    const read = leaves.map(leafOf);
    expect(encodeHex(new MemoryTally(read).hash)).toBe(encodeHex(decodeBase64(root)));
    expect(naiveTally(read)).toEqual({ hash: decodeBase64(root), count, sums: sums.map(BigInt) });
    return [];
  },
  'tally/proof': (vector) => runProof(vector as TallyVector),
  'tally/note': (vector) => {
    const read = vector as TallyVector;
    const code = codeOf(() => verifyTallyNote(decodeUtf8(inputOf(read)), parseVkey(read.vkey)));
    return [code].filter((each) => each !== 'none');
  },
};

function runProof(vector: TallyVector): string[] {
  const root = decodeBase64(vector.root);
  const bytes = decodeBase64(vector.proof);
  const questions = vector.questions.map(({ first, last, want }) => ({
    first: decodeBase64(first),
    last: decodeBase64(last),
    want,
  }));
  if (vector.answers === undefined) {
    expect(() => naiveVerify(root, questions, bytes)).toThrow();
    return [codeOf(() => verifyTally({ root, questions, proof: decodeTallyProof(bytes) }))];
  }
  const answers = vector.answers.map(
    ({ leaves, count, sums }): Answer => ({
      leaves: leaves.map(leafOf),
      count,
      sums: sums.map(BigInt),
    }),
  );
  expect(verifyTally({ root, questions, proof: decodeTallyProof(bytes) })).toEqual(answers);
  expect(naiveVerify(root, questions, bytes)).toEqual(answers);
  return [];
}

function leafOf({ key, entryHash, sums }: LeafFields): TallyLeaf {
  return { key: decodeBase64(key), entryHash: decodeBase64(entryHash), sums: sums.map(BigInt) };
}

function inputOf({ input, inputBase64 }: TallyVector): Uint8Array {
  return inputBase64 === undefined ? encodeUtf8(input) : decodeBase64(inputBase64);
}
