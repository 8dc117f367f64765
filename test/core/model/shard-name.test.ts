import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatShardName,
  parseShardName,
  requireModelPath,
  shardRanges,
} from '../../../src/core/model/shard-name.ts';
import { codeOf } from '../../helpers/code-of.ts';

describe('parseShardName', () => {
  it('reads the last two fields, as a file name may hold colons', () => {
    expect(parseShardName('weights.bin:0:1000000000')).toEqual({
      path: 'weights.bin',
      start: 0,
      end: 1_000_000_000,
    });
    expect(parseShardName('a/b:1:2:3:4')).toEqual({ path: 'a/b:1:2', start: 3, end: 4 });
  });

  it('reads back what formatShardName writes', () => {
    const anyPath = fc.stringMatching(/^[a-z:\n é]{1,9}(\/[a-z:0-9]{1,9}){0,3}$/);
    fc.assert(
      fc.property(anyPath, fc.nat(), fc.integer({ min: 1 }), (path, start, length) => {
        const shard = { path, start, end: start + length };
        expect(parseShardName(formatShardName(shard))).toEqual(shard);
      }),
    );
  });

  it('refuses names without a range, with an odd one, or that lead out of the folder', () => {
    for (const name of [
      '',
      'weights.bin',
      'weights.bin:0',
      ':0:8',
      'w::8',
      'w:0:',
      'w:8:8',
      'w:9:8',
      'w:-1:8',
      'w:00:8',
      'w:0:08',
      'w:0: 8',
      'w:0:8 ',
      'w:0:8\n',
      'w:0x0:8',
      'w:0:9007199254740992',
      '/w:0:8',
      '../w:0:8',
      'a//w:0:8',
      'a/./w:0:8',
    ]) {
      expect([name, codeOf(() => parseShardName(name))]).toEqual([name, 'MODEL_MALFORMED']);
    }
  });
});

describe('shardRanges', () => {
  it('cuts a file into equal ranges and a shorter last one', () => {
    expect([...shardRanges(2500, 1000)]).toEqual([
      { start: 0, end: 1000 },
      { start: 1000, end: 2000 },
      { start: 2000, end: 2500 },
    ]);
    expect([...shardRanges(2000, 1000)]).toHaveLength(2);
  });

  it('gives none of an empty file', () => {
    expect([...shardRanges(0, 1000)]).toEqual([]);
  });

  it('refuses a shard size below one byte', () => {
    for (const shardSize of [0, -1, 0.5, Number.NaN]) {
      expect(() => [...shardRanges(10, shardSize)]).toThrow(RangeError);
    }
  });
});

describe('requireModelPath', () => {
  it('takes paths within the folder in their one spelling', () => {
    for (const path of ['a', 'a/b.bin', '.hidden', 'a/..b', 'ä b/c:d', 'a\\b']) {
      expect(requireModelPath(path)).toBe(path);
    }
  });

  it('refuses every other path', () => {
    for (const path of ['', '/', '/a', 'a/', 'a//b', '.', './a', 'a/.', '..', '../a', 'a/../b']) {
      expect([path, codeOf(() => requireModelPath(path))]).toEqual([path, 'MODEL_MALFORMED']);
    }
  });
});
