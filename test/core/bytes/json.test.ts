import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalText,
  formatCanonicalJson,
  type Json,
  parseCanonicalJson,
} from '../../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';

const parse = (text: string): Json => parseCanonicalJson(encodeUtf8(text));

const anyKey = fc.string().filter((key) => !/^(?:__proto__|constructor|prototype)$/.test(key));
const anyJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value')),
    fc.dictionary(anyKey, tie('value'), { noNullPrototype: true }),
  ),
})).value;

describe('parseCanonicalJson', () => {
  it('accepts by its fast way exactly what the plain way does: the canonical form of the value', () => {
    // As any writer of JSON puts it: keys in any order and of any kind, escapes of all sorts.
    const texts = fc.oneof(
      anyJson.map((value) => canonicalText(value)),
      anyJson.map((value) => JSON.stringify(value)),
      fc.constantFrom('{"9":1,"10":2}', '{"10":2,"9":1}', '{"b":{"a":1},"a":1}', '"\\ud800"', '-0'),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const plain = ((): boolean => {
          try {
            return canonicalText(JSON.parse(text)) === text;
          } catch {
            return false;
          }
        })();
        expect(codeOf(() => parse(text)) === 'none').toBe(plain);
      }),
    );
  });

  it.each([
    ['a duplicate key', '{"a":1,"a":1}', 'JSON_NOT_CANONICAL'],
    ['keys out of order', '{"b":1,"a":1}', 'JSON_NOT_CANONICAL'],
    ['a space', '{"a": 1}', 'JSON_NOT_CANONICAL'],
    ['a line break at the end', '{}\n', 'JSON_NOT_CANONICAL'],
    ['an escape that is not needed', '"\\u0061"', 'JSON_NOT_CANONICAL'],
    ['an escaped slash', '"\\/"', 'JSON_NOT_CANONICAL'],
    ['minus zero', '-0', 'JSON_NOT_CANONICAL'],
    ['a whole number with a point', '1.0', 'JSON_NOT_CANONICAL'],
    ['an exponent', '1e3', 'JSON_NOT_CANONICAL'],
    ['a fraction', '[0.5]', 'JSON_NUMBER_UNSAFE'],
    ['2^53', '9007199254740992', 'JSON_NUMBER_UNSAFE'],
    ['2^53+1', '{"a":9007199254740993}', 'JSON_NUMBER_UNSAFE'],
    ['-2^53', '-9007199254740992', 'JSON_NUMBER_UNSAFE'],
    ['an endless number', '1e400', 'JSON_NUMBER_UNSAFE'],
    ['__proto__', '{"__proto__":{"a":1}}', 'JSON_KEY_FORBIDDEN'],
    ['__proto__ written in escapes', '{"\\u005f_proto__":1}', 'JSON_KEY_FORBIDDEN'],
    ['constructor inside', '[{"constructor":1}]', 'JSON_KEY_FORBIDDEN'],
    ['prototype', '{"prototype":null}', 'JSON_KEY_FORBIDDEN'],
    ['a lone surrogate in escapes', '"\\ud800"', 'JSON_MALFORMED'],
    ['a lone surrogate in a key', '{"\\udc00":1}', 'JSON_MALFORMED'],
    ['nothing', '', 'JSON_MALFORMED'],
    ['a NUL byte', '"\0"', 'JSON_MALFORMED'],
    ['a NUL byte at the end', '{}\0', 'JSON_MALFORMED'],
    ['a comment', '{}//', 'JSON_MALFORMED'],
    ['a trailing comma', '[1,]', 'JSON_MALFORMED'],
    ['a leading zero', '01', 'JSON_MALFORMED'],
    ['NaN', 'NaN', 'JSON_MALFORMED'],
    ['a second value', '1 2', 'JSON_MALFORMED'],
    ['a byte order mark', '\ufeff{}', 'INPUT_NOT_UTF8'],
  ])('refuses %s', (_, text, code) => {
    expect(codeOf(() => parse(text))).toBe(code);
  });

  it('refuses a raw surrogate', () => {
    const bytes = Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22);
    expect(codeOf(() => parseCanonicalJson(bytes))).toBe('INPUT_NOT_UTF8');
  });

  it('takes 32 levels and refuses more, however many', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const nested = (levels: number): string =>
        `${open.repeat(levels - 1)}[]${close.repeat(levels - 1)}`;
      expect(codeOf(() => parse(nested(32)))).toBe('none');
      expect(codeOf(() => parse(nested(33)))).toBe('JSON_TOO_DEEP');
      expect(codeOf(() => parse(nested(200_000)))).toBe('JSON_TOO_DEEP');
    }
    expect(codeOf(() => parse('['.repeat(200_000)))).toBe('JSON_TOO_DEEP');
  });

  it('counts no brackets that stand in strings', () => {
    const text = `["${'[{'.repeat(50)}\\"${'['.repeat(50)}\\\\"]`;
    expect(codeOf(() => parse(text))).toBe('none');
    expect(codeOf(() => parse(`["\\\\",${'['.repeat(32)}`))).toBe('JSON_TOO_DEEP');
  });

  it('gives back every value that formatCanonicalJson writes', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(parseCanonicalJson(formatCanonicalJson(value))).toEqual(value);
      }),
    );
  });

  it('refuses any bytes with a code, or they are the canonical form of their value', () => {
    const seeds = ['{"a":[1,-2,"\\n"],"b":{"c":null,"d":true}}', '[]', '"é"'].map(encodeUtf8);
    fc.assert(
      fc.property(hostileBytes(...seeds), (bytes) => {
        const value = accepted(() => parseCanonicalJson(bytes));
        if (value !== undefined) expect(formatCanonicalJson(value)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

describe('canonicalText', () => {
  it('sorts keys by UTF-16 units and escapes as RFC 8785 section 3.2.2 shows', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 };
    expect(canonicalText(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
    expect(canonicalText('€$\u000f\nA\'B"\\\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
  });

  it('refuses what RFC 8785 cannot write', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, '\ud800', circle, 1n]) {
      expect(codeOf(() => canonicalText(value))).toBe('JSON_MALFORMED');
    }
  });
});
