/** Listens to one witness: what it was shown of each log is held against what the log shows here. */
import type { TrustedWitness } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import type { Follower } from './follower.ts';
import type { WitnessSource } from './log-source.ts';
import type { Problem } from './standing.ts';

export interface WitnessListenerOptions {
  readonly witness: TrustedWitness;
  readonly source: WitnessSource;
  /** Unix seconds. */
  readonly now: () => number;
  readonly onDefect: (error: unknown) => void;
}

export interface WitnessStatus {
  readonly witness: TrustedWitness;
  /** Unix seconds: when it last answered for every log; undefined before the first time. */
  readonly heardAt: number | undefined;
  /** What went wrong the last time; undefined if nothing did. */
  readonly problem: Problem | undefined;
}

export class WitnessListener {
  readonly #options: WitnessListenerOptions;
  #heardAt: number | undefined;
  #problem: Problem | undefined;

  constructor(options: WitnessListenerOptions) {
    this.#options = options;
  }

  get status(): WitnessStatus {
    const { witness } = this.#options;
    return { witness, heardAt: this.#heardAt, problem: this.#problem };
  }

  /** Asks the witness about each log. What goes wrong becomes its status, and concerns no log. */
  async poll(followers: readonly Follower[], signal: AbortSignal): Promise<void> {
    const problems = await Promise.all(followers.map((follower) => this.#ask(follower, signal)));
    if (signal.aborted) return;
    this.#problem = problems.find((problem) => problem !== undefined);
    if (this.#problem === undefined) this.#heardAt = this.#options.now();
  }

  async #ask(follower: Follower, signal: AbortSignal): Promise<Problem | undefined> {
    try {
      const note = await this.#options.source.latestSeen(follower.log.origin, signal);
      if (note !== undefined) await follower.observe(note);
      return undefined;
    } catch (error) {
      if (error instanceof AttestryError) return { code: error.code, message: error.message };
      if (!signal.aborted) this.#options.onDefect(error);
      return { code: 'INTERNAL', message: 'A defect of this verifier stopped it from listening.' };
    }
  }
}
