/** Listens to one witness: what it was shown of each log is held against what the log shows here. */
import type { TrustedWitness } from '../core/trust/trust-root.ts';
import type { Follower } from './follower.ts';
import { Hearing, type HearingOptions } from './hearing.ts';
import type { WitnessSource } from './log-source.ts';
import type { Problem } from './standing.ts';

export interface WitnessListenerOptions extends HearingOptions {
  readonly witness: TrustedWitness;
  readonly source: WitnessSource;
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
  readonly #hearing: Hearing;

  constructor(options: WitnessListenerOptions) {
    this.#options = options;
    this.#hearing = new Hearing(options);
  }

  get status(): WitnessStatus {
    const { heardAt, problem } = this.#hearing;
    return { witness: this.#options.witness, heardAt, problem };
  }

  /** Asks the witness about each log. What goes wrong becomes its status, and concerns no log. */
  async poll(followers: readonly Follower[], signal: AbortSignal): Promise<void> {
    const asks = followers.map((follower) => () => this.#ask(follower, signal));
    await this.#hearing.hear(asks, signal);
  }

  async #ask(follower: Follower, signal: AbortSignal): Promise<undefined> {
    const note = await this.#options.source.latestSeen(follower.log.origin, signal);
    if (note !== undefined) await follower.observe(note);
  }
}
