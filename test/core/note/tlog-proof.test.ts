import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTlogProof, parseTlogProof } from '../../../src/core/note/tlog-proof.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';

const HASH = new Uint8Array(32).fill(3);
const HASH_LINE = `${Buffer.from(HASH).toString('base64')}\n`;
const NOTE = 'origin\n5\nroot\n\n— name AAAAAAA=\n';
const PROOF = `c2sp.org/tlog-proof@v1\nindex 4\n${HASH_LINE}\n${NOTE}`;

describe('parseTlogProof', () => {
  it('reads what formatTlogProof writes', () => {
    for (const proof of [
      { index: 4, proof: [HASH], checkpoint: NOTE },
      { index: 0, proof: [], checkpoint: NOTE },
      { index: 2 ** 53 - 1, proof: Array.from({ length: 63 }, () => HASH), checkpoint: NOTE },
      { index: 4, proof: [HASH], checkpoint: NOTE, extra: new Uint8Array([1, 2]) },
    ]) {
      expect(parseTlogProof(formatTlogProof(proof))).toEqual(proof);
    }
    expect(formatTlogProof({ index: 4, proof: [HASH], checkpoint: NOTE })).toBe(PROOF);
  });

  it.each([
    ['nothing', ''],
    ['another header', PROOF.replace('@v1', '@v2')],
    ['a header with a space', PROOF.replace('@v1', '@v1 ')],
    ['no index', PROOF.replace('index 4\n', '')],
    ['the index twice', PROOF.replace('index 4\n', 'index 4\nindex 4\n')],
    ['a leading zero', PROOF.replace('index 4', 'index 04')],
    ['a sign', PROOF.replace('index 4', 'index +4')],
    ['minus zero', PROOF.replace('index 4', 'index -0')],
    ['an index of 2^53', PROOF.replace('index 4', 'index 9007199254740992')],
    ['extra data after the index', PROOF.replace('index 4\n', 'index 4\nextra AA==\n')],
    ['extra data with trailing bits', PROOF.replace('index', 'extra AB==\nindex')],
    ['a hash of 33 bytes', PROOF.replace(HASH_LINE, `${btoa('x'.repeat(33))}\n`)],
    ['a hash of the URL alphabet', PROOF.replace(HASH_LINE, `${'-'.repeat(42)}A=\n`)],
    ['64 hashes', PROOF.replace(HASH_LINE, HASH_LINE.repeat(64))],
    ['no checkpoint', PROOF.slice(0, PROOF.indexOf('\n\n') + 2)],
    ['no blank line', PROOF.slice(0, PROOF.indexOf('\n\n') + 1)],
    ['CRLF line ends', PROOF.replaceAll('\n', '\r\n')],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => parseTlogProof(text))).toBe('PROOF_MALFORMED');
  });

  it('refuses any text with a code, or formatTlogProof gives it back', () => {
    const withExtra = PROOF.replace('index', 'extra AA==\nindex');
    fc.assert(
      fc.property(hostileText(PROOF, withExtra), (text) => {
        const proof = accepted(() => parseTlogProof(text));
        if (proof !== undefined) expect(formatTlogProof(proof)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
