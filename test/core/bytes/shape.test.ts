import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/bytes/json.ts';
import {
  anyText,
  array,
  base64,
  count,
  digest,
  flag,
  label,
  literal,
  nonEmpty,
  nullable,
  object,
  optional,
  printable,
  quantity,
  type Reader,
  readShape,
  record,
  text,
  time,
} from '../../../src/core/bytes/shape.ts';
import { codeOf } from '../../helpers/code-of.ts';

const verdict = <T>(reader: Reader<T>, value: Json): string =>
  codeOf(() => readShape('RECEIPT_MALFORMED', reader, value));

function accepts<T>(reader: Reader<T>, ...values: readonly Json[]): void {
  for (const value of values) {
    expect(readShape('RECEIPT_MALFORMED', reader, value)).toEqual(value);
  }
}

function refuses<T>(reader: Reader<T>, ...values: readonly Json[]): void {
  for (const value of values)
    expect(verdict(reader, value), JSON.stringify(value)).toBe('RECEIPT_MALFORMED');
}

describe('readShape', () => {
  it('names the field that is wrong', () => {
    const reader = object({ a: array(object({ b: count }), { max: 3 }) });
    expect(() => readShape('RECEIPT_MALFORMED', reader, { a: [{ b: 1 }, { b: -1 }] })).toThrow(
      /a\[1\]\.b/,
    );
  });

  it('lets errors that are not of the shape pass', () => {
    const broken: Reader<never> = () => {
      throw new RangeError('defect');
    };
    expect(() => verdict(broken, 1)).toThrow(RangeError);
  });
});

describe('object', () => {
  const reader = object({ a: count, b: optional(flag), c: nullable(count) });

  it('takes exactly its fields', () => {
    accepts(reader, { a: 1, c: null }, { a: 1, b: true, c: 2 });
    refuses(reader, { a: 1 }, { a: 1, b: null, c: 2 }, { a: 1, c: 2, d: 3 }, { c: null });
    refuses(reader, null, [], 'a', 1, [{ a: 1, c: null }]);
  });

  it('does not take what objects inherit for a field', () => {
    refuses(object({ toString: anyText }), {});
    refuses(object({}), { toString: 1 }, { valueOf: 1 }, { hasOwnProperty: 1 });
  });

  it('leaves absent fields out of what it gives', () => {
    expect(Object.keys(readShape('RECEIPT_MALFORMED', reader, { a: 1, c: null }))).toEqual([
      'a',
      'c',
    ]);
  });
});

describe('nonEmpty', () => {
  it('refuses an object without fields', () => {
    const reader = nonEmpty(object({ a: optional(count) }));
    accepts(reader, { a: 1 });
    refuses(reader, {}, { b: 1 });
  });
});

describe('array', () => {
  it('keeps to its bounds', () => {
    accepts(array(count, { min: 1, max: 2 }), [1], [1, 2]);
    refuses(array(count, { min: 1, max: 2 }), [], [1, 2, 3], ['1'], {}, null);
  });
});

describe('record', () => {
  it('takes short printable keys up to its limit', () => {
    accepts(record(count, 2), {}, { a: 1, 'é ü': 2 });
    refuses(record(count, 2), { a: 1, b: 2, c: 3 }, { '': 1 }, { 'a\n': 1 }, { a: '1' }, []);
    refuses(record(count, 2), { ['x'.repeat(257)]: 1 });
  });
});

describe('text', () => {
  it('refuses what is empty, too long or not text', () => {
    accepts(text(3), 'a', 'abc', '日本語');
    refuses(text(3), '', 'abcd', 1, null, ['a']);
  });

  it.each([
    ['NUL', 'a\0'],
    ['a line break', 'a\nb'],
    ['an escape sequence', '\u001b[31m'],
    ['DEL', '\u007f'],
    ['a C1 control', '\u009b31m'],
    ['a right-to-left override', 'a\u202eb'],
    ['a right-to-left isolate', 'a\u2067b'],
    ['an Arabic letter mark', 'a\u061cb'],
    ['a left-to-right mark', 'a\u200eb'],
    ['a line separator', 'a\u2028b'],
    ['a paragraph separator', 'a\u2029b'],
    ['a lone surrogate', 'a\ud800'],
    ['NFD', 'e\u0301'],
  ])('refuses %s', (_, value) => {
    refuses(label, value);
  });

  it('takes NFC and scripts that run from right to left', () => {
    accepts(label, '\u00e9', 'שלום', '\u200dx');
  });
});

describe('printable', () => {
  it('gives what text accepts, whatever it is given', () => {
    const cases = ['', 'ok', 'a\u001b[2J', 'e\u0301', '\ud800', '\u202e', '😀😀', 'x'.repeat(20)];
    for (const value of cases) accepts(text(3), printable(value, 3));
    expect(printable('a\nb', 10)).toBe('a?b');
    expect(printable('', 10)).toBe('?');
  });
});

describe('readers of single values', () => {
  it('literal takes only its values', () => {
    accepts(literal('a', 'b'), 'a', 'b');
    refuses(literal('a', 'b'), 'A', '', null, true, ['a']);
    refuses(literal(1), '1', 2, true);
  });

  it('count takes integers from 0 to 2^53-1', () => {
    accepts(count, 0, 1, 2 ** 53 - 1);
    refuses(count, -1, 0.5, 2 ** 53, '1', null, true);
  });

  it('flag takes true and false', () => {
    accepts(flag, true, false);
    refuses(flag, 0, 1, 'true', null);
  });

  it('quantity takes decimal strings, never numbers', () => {
    accepts(quantity, '0', '18446744073709551615');
    refuses(quantity, 1, '01', '-1', '1.5', '1e3', '18446744073709551616', null);
  });

  it('time takes RFC 3339 in UTC', () => {
    accepts(time, '2026-10-01T12:00:00Z');
    refuses(time, '2026-10-01T12:00:00+00:00', 1_790_856_000, null);
  });

  it('digest takes 64 lowercase hex digits', () => {
    accepts(digest, 'ab'.repeat(32));
    refuses(digest, 'AB'.repeat(32), 'ab'.repeat(31), 'ab'.repeat(33), 7, null);
  });

  it('base64 takes canonical base64', () => {
    accepts(base64, '', 'Zg==');
    refuses(base64, 'Zh==', 'Zg', '-_-_', 7, null);
  });

  it('anyText takes any text and nothing else', () => {
    accepts(anyText, '', '\0\u202e');
    refuses(anyText, 1, null, ['a']);
  });
});
