/** When somebody last answered all that they were asked, and what was wrong with the last answers: it concerns no log. */
import { AttestryError } from '../errors.ts';
import { isLocal, type Problem } from './standing.ts';

export interface HearingOptions {
  /** Unix seconds. */
  readonly now: () => number;
  /** Takes what is a defect of this verifier. */
  readonly onDefect: (error: unknown) => void;
}

/** Resolves with what is wrong with the answer; throws where there is none. */
export type Ask = () => Promise<Problem | undefined>;

export class Hearing {
  readonly #options: HearingOptions;
  #heardAt: number | undefined;
  #problem: Problem | undefined;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  /** Unix seconds; undefined before the first time. */
  get heardAt(): number | undefined {
    return this.#heardAt;
  }

  /** Of the last round; undefined if nothing was wrong. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** One round: asks everything at once. */
  async hear(asks: readonly Ask[], signal: AbortSignal): Promise<void> {
    const problems = await Promise.all(asks.map((ask) => this.#attempt(ask, signal)));
    if (signal.aborted) return;
    this.#problem = problems.find((problem) => problem !== undefined);
    if (this.#problem === undefined) this.#heardAt = this.#options.now();
  }

  async #attempt(ask: Ask, signal: AbortSignal): Promise<Problem | undefined> {
    try {
      return await ask();
    } catch (error) {
      const isRefusal = error instanceof AttestryError && !isLocal(error.code);
      if (isRefusal) return { code: error.code, message: error.message };
      if (!signal.aborted) this.#options.onDefect(error);
      return { code: 'INTERNAL', message: 'A defect of this verifier stopped it from listening.' };
    }
  }
}
