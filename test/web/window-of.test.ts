import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowAfterKey, windowOf } from '../../src/web/parts/window-of.ts';

describe('windowOf', () => {
  it('covers the screen, of any list, however it is scrolled, with few rows more', () => {
    const scrolled = fc.record({
      top: fc.nat(1_000_000),
      height: fc.integer({ min: 1, max: 2000 }),
      rowHeight: fc.integer({ min: 20, max: 200 }),
      count: fc.nat(100_000),
    });
    fc.assert(
      fc.property(scrolled, ({ top, height, rowHeight, count }) => {
        const [first, end] = windowOf({ top, height, rowHeight, count });
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(count);
        expect(end - first).toBeLessThanOrEqual(Math.ceil(height / rowHeight) + 14);
        const onScreen = [Math.floor(top / rowHeight), Math.ceil((top + height) / rowHeight) - 1];
        for (const row of onScreen.filter((number) => number < count)) {
          expect(row).toBeGreaterThanOrEqual(first);
          expect(row).toBeLessThan(end);
        }
      }),
    );
  });
});

describe('rowAfterKey', () => {
  it.each([
    ['ArrowDown', 3, 4],
    ['ArrowUp', 0, 0],
    ['ArrowDown', 9, 9],
    ['PageDown', 0, 8],
    ['PageUp', 9, 1],
    ['Home', 7, 0],
    ['End', 2, 9],
    ['Tab', 2, undefined],
  ])('leads with %s from row %d to %s', (key, at, row) => {
    expect(rowAfterKey(key, at, 10)).toBe(row);
  });
});
