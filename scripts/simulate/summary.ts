/** What many runs came to: who was caught with what, and what did not hold. */
import type { SeedResult } from './job.ts';

export class Summary {
  runs = 0;
  events = 0;
  readonly failed: SeedResult[] = [];
  readonly #byLie = new Map<string, { runs: number; readonly codes: Map<string, number> }>();

  add(result: SeedResult): void {
    this.runs++;
    this.events += result.events;
    if (result.violations.length > 0) this.failed.push(result);
    const name = result.lie ?? HONEST;
    const lie = this.#byLie.get(name) ?? { runs: 0, codes: new Map<string, number>() };
    this.#byLie.set(name, lie);
    lie.runs++;
    for (const code of result.caught) lie.codes.set(code, (lie.codes.get(code) ?? 0) + 1);
  }

  /** A line for each kind of run. */
  lines(): string[] {
    return [...this.#byLie].map(([name, { runs, codes }]) => {
      const caught = [...codes].map(([code, times]) => `${code} ${times}`).join(', ');
      return `  ${name}: ${runs} runs${name === HONEST ? '' : `, caught: ${caught || 'never'}`}`;
    });
  }
}

const HONEST = 'everyone honest';

/** What failed, and how to see it again. */
export function failureLines({ seed, bug, lie, violations }: SeedResult): string[] {
  const flag = bug === null ? '' : ` --bug '${bug}'`;
  return [
    `seed ${seed}${lie === null ? '' : ` (${lie})`}: ${violations.join('; ')}`,
    `  npm run simulate -- --seed ${seed}${flag}`,
  ];
}
