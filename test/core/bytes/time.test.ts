import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, parseTime } from '../../../src/core/bytes/time.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';

const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

describe('parseTime', () => {
  it('gives unix seconds', () => {
    expect(parseTime('1970-01-01T00:00:00Z')).toBe(0);
    expect(parseTime('2026-10-01T12:00:00Z')).toBe(1_790_856_000);
    expect(parseTime('9999-12-31T23:59:59Z')).toBe(LATEST);
  });

  it.each([
    '2026-10-01T12:00:00.000Z',
    '2026-10-01T12:00:00+00:00',
    '2026-10-01T12:00:00z',
    '2026-10-01 12:00:00Z',
    '2026-10-01T12:00:00',
    '2026-10-01T12:00Z',
    '2026-10-01',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-10-01T24:00:00Z',
    '2026-12-31T23:59:60Z',
    '2026-13-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '+002026-10-01T12:00:00Z',
    '2026-10-01T12:00:00Z\n',
    '',
  ])('refuses %j', (text) => {
    expect(codeOf(() => parseTime(text))).toBe('TIME_MALFORMED');
  });

  it('gives back every second to the year 9999', () => {
    fc.assert(
      fc.property(fc.nat(LATEST), (seconds) => {
        expect(parseTime(formatTime(seconds))).toBe(seconds);
      }),
    );
  });

  it('accepts one spelling of each second', () => {
    fc.assert(
      fc.property(hostileText('2026-10-01T12:00:00Z'), (text) => {
        const seconds = accepted(() => parseTime(text));
        if (seconds !== undefined) expect(formatTime(seconds)).toBe(text);
      }),
    );
  });
});
