/** A measured figure beside what it must reach. */
export interface Figure {
  readonly work: string;
  readonly figure: number;
  readonly unit: string;
  /** What is asked for, in the same unit; null where the figure is only told. */
  readonly reach: { readonly at: 'least' | 'most'; readonly value: number } | null;
  readonly ok: boolean | null;
}

export function told(work: string, figure: number, unit: string): Figure {
  return { work, figure, unit, reach: null, ok: null };
}

export function atMost(value: number, work: string, figure: number, unit: string): Figure {
  return { work, figure, unit, reach: { at: 'most', value }, ok: figure <= value };
}

export function atLeast(value: number, work: string, figure: number, unit: string): Figure {
  return { work, figure, unit, reach: { at: 'least', value }, ok: figure >= value };
}
