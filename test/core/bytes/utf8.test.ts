import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';

describe('decodeUtf8', () => {
  it.each([
    ['a byte that starts nothing', [0xff]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a cut character', [0xe2, 0x82]],
    ['a character beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61]],
  ])('refuses %s', (_, bytes) => {
    expect(codeOf(() => decodeUtf8(Uint8Array.from(bytes)))).toBe('INPUT_NOT_UTF8');
  });

  it('keeps a byte order mark that stands inside', () => {
    expect(decodeUtf8(encodeUtf8('a\ufeffb'))).toBe('a\ufeffb');
  });

  it('gives back the bytes of whatever it accepts', () => {
    fc.assert(
      fc.property(hostileBytes(encodeUtf8('aé€😀'), encodeUtf8('\ufeffa')), (bytes) => {
        const text = accepted(() => decodeUtf8(bytes));
        if (text !== undefined) expect(encodeUtf8(text)).toEqual(bytes);
      }),
    );
  });
});
