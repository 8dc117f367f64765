import { describe, expect, it } from 'vitest';
import { byTile, rowsOf } from '../../src/store/entry-rows.ts';

describe('byTile', () => {
  it('keeps the rows of each tile by themselves, as other rows stand between those of two', () => {
    expect(byTile([])).toEqual([]);
    expect(byTile(rowsOf(250, 251))).toEqual([[248]]);
    expect(byTile(rowsOf(240, 270))).toEqual([
      [240, 248],
      [256, 264],
    ]);
    expect(byTile(rowsOf(256, 1_024)).map((rows) => rows.length)).toEqual([32, 32, 32]);
    expect(byTile(rowsOf(3, 2_000)).flat()).toEqual(rowsOf(3, 2_000));
  });
});
