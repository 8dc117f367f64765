import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHex, encodeHex, quote } from '../../../src/core/bytes/hex.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';

describe('encodeHex', () => {
  it('writes two lowercase digits a byte', () => {
    expect(encodeHex(Uint8Array.of(0, 9, 10, 171, 255))).toBe('00090aabff');
  });
});

describe('decodeHex', () => {
  it('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeHex(encodeHex(bytes), bytes.length)).toEqual(bytes);
      }),
    );
  });

  it.each(['0', 'AB', '0x', ' 00', '00\n', '0g', '0\u0660'])('refuses %j', (text) => {
    expect(codeOf(() => decodeHex(text))).toBe('HEX_MALFORMED');
  });

  it('refuses another length than the one asked for', () => {
    for (const text of ['', '00', '000000']) {
      expect(codeOf(() => decodeHex(text, 2))).toBe('HEX_MALFORMED');
    }
  });

  it('accepts one spelling of each value', () => {
    fc.assert(
      fc.property(hostileText('00ff', 'deadbeef'), (text) => {
        const bytes = accepted(() => decodeHex(text));
        if (bytes !== undefined) expect(encodeHex(bytes)).toBe(text);
      }),
    );
  });
});

describe('quote', () => {
  it('shows nothing that a terminal would act on', () => {
    expect(quote('a\u001b[2J\u202e\u0085\u2028"')).toBe('"a\\u001b[2J???\\""');
  });

  it('cuts long text and says how long it was', () => {
    expect(quote('x'.repeat(61))).toBe(`"${'x'.repeat(60)}"… (61 characters)`);
    expect(quote('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`);
  });
});
