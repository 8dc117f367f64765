import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddCheckpoint, parseAddCheckpoint } from '../../../src/core/note/add-checkpoint.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';

const HASH = new Uint8Array(32).fill(3);
const HASH_LINE = `${Buffer.from(HASH).toString('base64')}\n`;
const NOTE = 'origin\n5\nroot\n\n— name AAAAAAA=\n';

describe('parseAddCheckpoint', () => {
  it('reads what formatAddCheckpoint writes', () => {
    for (const proof of [[], [HASH], Array.from({ length: 63 }, () => HASH)]) {
      const request = { oldSize: 4, proof, checkpoint: NOTE };
      expect(parseAddCheckpoint(formatAddCheckpoint(request))).toEqual(request);
    }
    expect(formatAddCheckpoint({ oldSize: 4, proof: [HASH], checkpoint: NOTE })).toBe(
      `old 4\n${HASH_LINE}\n${NOTE}`,
    );
  });

  it.each([
    ['no blank line', `old 4\n${HASH_LINE}`, 'REQUEST_MALFORMED'],
    ['nothing', '', 'REQUEST_MALFORMED'],
    ['no old size', `${HASH_LINE}\n${NOTE}`, 'REQUEST_MALFORMED'],
    ['a size without its word', `4\n\n${NOTE}`, 'REQUEST_MALFORMED'],
    ['CRLF line ends', `old 4\n\n${NOTE}`.replaceAll('\n', '\r\n'), 'REQUEST_MALFORMED'],
    ['a leading zero', `old 04\n\n${NOTE}`, 'DECIMAL_MALFORMED'],
    ['minus zero', `old -0\n\n${NOTE}`, 'DECIMAL_MALFORMED'],
    ['two spaces', `old  4\n\n${NOTE}`, 'DECIMAL_MALFORMED'],
    ['an empty size', `old \n\n${NOTE}`, 'DECIMAL_MALFORMED'],
    ['a size of 2^53', `old 9007199254740992\n\n${NOTE}`, 'DECIMAL_MALFORMED'],
    ['a hash of 31 bytes', `old 4\n${btoa('x'.repeat(31))}\n\n${NOTE}`, 'HASH_MALFORMED'],
    ['a hash without padding', `old 4\n${HASH_LINE.replace('=', '')}\n${NOTE}`, 'HASH_MALFORMED'],
    ['a hash with a space', `old 4\n ${HASH_LINE}\n${NOTE}`, 'HASH_MALFORMED'],
    ['64 hashes', `old 4\n${HASH_LINE.repeat(64)}\n${NOTE}`, 'HASH_MALFORMED'],
  ])('refuses %s', (_, body, code) => {
    expect(codeOf(() => parseAddCheckpoint(body))).toBe(code);
  });

  it('refuses any text with a code, or formatAddCheckpoint gives it back', () => {
    fc.assert(
      fc.property(hostileText(`old 4\n${HASH_LINE}\n${NOTE}`, `old 0\n\n${NOTE}`), (body) => {
        const request = accepted(() => parseAddCheckpoint(body));
        if (request !== undefined) expect(formatAddCheckpoint(request)).toBe(body);
      }),
      { numRuns: 300 },
    );
  });
});
