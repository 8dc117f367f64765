import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatInstant,
  formatList,
  formatPerMillion,
  formatQuantity,
  parseDigest,
  shortHash,
} from '../../src/web/format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [938_013, '938 kB'],
    [4_294_967_296, '4.3 GB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatQuantity', () => {
  it('groups digits of numbers that no float holds', () => {
    expect(formatQuantity('340282366920938463463374607431768211455')).toBe(
      '340,282,366,920,938,463,463,374,607,431,768,211,455',
    );
    expect(formatQuantity('999')).toBe('999');
  });
});

describe('formatPerMillion', () => {
  it.each([
    ['931000', '93.1 %'],
    ['1000000', '100 %'],
    ['0', '0 %'],
    ['1', '0.0001 %'],
  ])('writes %s as %s', (parts, text) => {
    expect(formatPerMillion(parts)).toBe(text);
  });
});

describe('formatAge', () => {
  const now = Date.parse('2026-10-01T12:00:00Z');

  it.each([
    ['2026-10-01T11:59:50Z', '10 s ago'],
    ['2026-10-01T11:50:00Z', '10 min ago'],
    ['2026-10-01T08:00:00Z', '4 h ago'],
    ['2026-09-21T12:00:00Z', '10 days ago'],
    ['2026-10-01T12:01:00Z', 'dated ahead of this clock'],
  ])('says of %s: %s', (time, text) => {
    expect(formatAge(time, now)).toBe(text);
  });
});

describe('formatList', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 others'],
  ])('joins %j to %s', (names, text) => {
    expect(formatList(names)).toBe(text);
  });
});

describe('parseDigest', () => {
  const digest = 'ab'.repeat(32);

  it('takes a digest however it was copied, and nothing else', () => {
    expect(parseDigest(` SHA256:${digest.toUpperCase()}\n`)).toBe(digest);
    expect(parseDigest(digest.slice(1))).toBeUndefined();
    expect(parseDigest(`${digest}g`)).toBeUndefined();
  });
});

it('cuts hashes and writes times as people read them', () => {
  expect(shortHash('0123456789abcdef')).toBe('01234567…');
  expect(formatInstant('2026-10-01T12:00:00Z')).toBe('2026-10-01 12:00:00 UTC');
});
