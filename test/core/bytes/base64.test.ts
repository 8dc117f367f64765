import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';

describe('encodeBase64', () => {
  it('writes what RFC 4648 section 10 lists', () => {
    const texts = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'];
    expect(texts.map((text) => encodeBase64(Buffer.from(text)))).toEqual([
      '',
      'Zg==',
      'Zm8=',
      'Zm9v',
      'Zm9vYg==',
      'Zm9vYmE=',
      'Zm9vYmFy',
    ]);
  });

  it('agrees with Buffer on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      }),
    );
  });
});

describe('decodeBase64', () => {
  it('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each([188, 189, 190, 191, 192, 193, 194])('gives back %i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => 255 - i);
    expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
  });

  it('gives bytes that the next call leaves alone', () => {
    const first = decodeBase64('Zm9v');
    decodeBase64('YmFy');
    expect(first).toEqual(Uint8Array.from(Buffer.from('foo')));
  });

  it.each([
    ['the URL alphabet', '-_-_'],
    ['no padding', 'Zm8'],
    ['padding that is not needed', 'Zm9v='],
    ['three padding characters', 'Z==='],
    ['padding alone', '===='],
    ['padding in the middle', 'Zg==Zg=='],
    ['trailing bits in one byte', 'Zh=='],
    ['trailing bits in two bytes', 'Zm9='],
    ['a space', 'Zm9 '],
    ['a space in front', ' Zm9v'],
    ['a line break', 'Zm9v\n'],
    ['a character beyond ASCII', 'Zm9\u0100'],
    ['a character that is a letter in its low byte', 'Zm9\u0141'],
    ['the same in a long text', `${'Zm9v'.repeat(99)}Zm9\u0141`],
    ['a NUL byte', 'Zm9\0'],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => decodeBase64(text))).toBe('BASE64_MALFORMED');
  });

  it('accepts one spelling of each value', () => {
    fc.assert(
      fc.property(hostileText('', 'Zg==', 'Zm8=', 'Zm9vYmFy'), (text) => {
        const bytes = accepted(() => decodeBase64(text));
        if (bytes !== undefined) expect(encodeBase64(bytes)).toBe(text);
      }),
    );
  });
});
