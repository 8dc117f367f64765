import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeHex, encodeHex } from '../../../src/core/bytes/hex.ts';
import { naiveTally, naiveVerify } from '../../helpers/naive-tally.ts';
import { exampleLeaves, exampleLines } from '../../helpers/tally-example.ts';

const PAGE = readFileSync(new URL('../../../docs/tally.md', import.meta.url), 'utf8');

describe('the worked example of docs/tally.md', () => {
  it('shows what the code computes', () => {
    const lines = new Set(PAGE.split('\n'));
    expect(exampleLines().filter((line) => !lines.has(line) && !PAGE.includes(line))).toEqual([]);
  });

  it('is what an independent verifier makes of the page alone', () => {
    const [, , , root = ''] = /^\| inner, 4 leaves \| (.*)`(.*)` \| `(.*)` \|$/m.exec(PAGE) ?? [];
    expect(encodeHex(naiveTally(exampleLeaves()).hash)).toBe(root);
    const questions = [
      ...PAGE.matchAll(/^\| `(list|totals)` \| `([0-9a-f]{90})` \| `([0-9a-f]{90})` \|$/gm),
    ].map(([, want = '', first = '', last = '']) => ({
      first: decodeHex(first),
      last: decodeHex(last),
      want: want as 'list' | 'totals',
    }));
    const [, proof = ''] = /^```\n(02 0008 93\n[0-9a-f \n]*)```$/m.exec(PAGE) ?? [];
    const answers = naiveVerify(decodeHex(root), questions, decodeHex(proof.replaceAll(/\s/g, '')));
    const [leaf] = exampleLeaves();
    expect(answers.map(({ count }) => count)).toEqual([1, 1, 0]);
    expect(answers[0]?.leaves).toEqual([leaf]);
    expect(answers[1]?.sums).toEqual([12n, 300n, 40n, 0n, 56n, 4n, 0n]);
  });
});
