/** Which rows of a long list are on the screen: only these are drawn. */

export interface Scrolled {
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly count: number;
}

const SPARE = 6;

/** The first row to draw and the one after the last. */
export function windowOf({ top, height, rowHeight, count }: Scrolled): readonly [number, number] {
  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE);
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + SPARE);
  return [Math.min(first, count), Math.max(end, 0)];
}

/** The row that a key leads to from row `at`; undefined for keys that lead nowhere. */
export function rowAfterKey(key: string, at: number, count: number): number | undefined {
  const page = 8;
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: count - 1,
  };
  const row = steps[key];
  return row === undefined ? undefined : Math.max(0, Math.min(count - 1, row));
}
