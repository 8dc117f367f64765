/**
 * Listens to one other verifier of the trust root: what it was shown of each log is held against what the log shows here,
 * and what it found is judged anew. It can prove something against a log; it cannot be believed anything.
 */
import { LRUCache } from 'lru-cache';
import type { TrustedWitness } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import type { Findings } from './findings.ts';
import type { Follower } from './follower.ts';
import { Hearing, type HearingOptions } from './hearing.ts';
import type { ListedFinding, PeerSource } from './peer-source.ts';
import { isLocal, type Problem } from './standing.ts';

export interface PeerListenerOptions extends HearingOptions {
  readonly verifier: TrustedWitness;
  readonly source: PeerSource;
  readonly findings: Findings;
}

export interface PeerStatus {
  readonly verifier: TrustedWitness;
  /** Unix seconds: when it last answered all that it was asked; undefined before the first time. */
  readonly heardAt: number | undefined;
  /** What went wrong the last time, or an accusation of its that does not hold; undefined if there is nothing. */
  readonly problem: Problem | undefined;
}

/** Findings fetched in one round: each can be large. */
const MOST_FETCHED = 4;
/** Accusations that did not hold, remembered so that they are not fetched again at every look. */
const MOST_REFUSED = 1_000;

export class PeerListener {
  readonly #options: PeerListenerOptions;
  readonly #refused = new LRUCache<string, Problem>({ max: MOST_REFUSED });
  readonly #hearing: Hearing;

  constructor(options: PeerListenerOptions) {
    this.#options = options;
    this.#hearing = new Hearing(options);
  }

  get status(): PeerStatus {
    const { heardAt, problem } = this.#hearing;
    return { verifier: this.#options.verifier, heardAt, problem };
  }

  /** Asks about each log, then about findings. What goes wrong becomes the verifier's status, and concerns no log. */
  async poll(followers: readonly Follower[], signal: AbortSignal): Promise<void> {
    const asks = [
      ...followers.map((follower) => () => this.#ask(follower, signal)),
      () => this.#takeFindings(followers, signal),
    ];
    await this.#hearing.hear(asks, signal);
  }

  async #ask(follower: Follower, signal: AbortSignal): Promise<undefined> {
    const notes = await this.#options.source.checkpoints(follower.log.origin, signal);
    for (const note of notes) await follower.observe(note);
  }

  /** Gives the first of its accusations that does not hold. */
  async #takeFindings(
    followers: readonly Follower[],
    signal: AbortSignal,
  ): Promise<Problem | undefined> {
    const { source, findings } = this.#options;
    const origins = new Set(followers.map(({ log }) => log.origin));
    // About other logs this verifier has no say: its trust root does not name them.
    const listed = (await source.findings(signal)).filter(({ origin }) => origins.has(origin));
    const unknown = listed.filter(({ id }) => !findings.has(id) && !this.#refused.has(id));
    for (const { id } of unknown.slice(0, MOST_FETCHED)) {
      const problem = await this.#takeFinding(id, signal);
      // One that does not hold ends the round: junk without end costs one fetch at each look.
      if (problem === undefined) continue;
      // By a later clock it may hold.
      if (problem.code === 'COSIGNATURE_TIME_FUTURE') return problem;
      this.#refused.set(id, problem);
      break;
    }
    return this.#firstRefused(listed);
  }

  async #takeFinding(id: string, signal: AbortSignal): Promise<Problem | undefined> {
    const { source, findings, verifier } = this.#options;
    const bytes = await source.finding(id, signal);
    if (bytes === undefined) return undefined;
    try {
      await findings.take(bytes, { id, foundBy: verifier.name });
      return undefined;
    } catch (error) {
      if (!(error instanceof AttestryError) || isLocal(error.code)) throw error;
      const message = `${verifier.name} passes on finding ${id}, which does not hold: ${error.message}`;
      return { code: error.code, message };
    }
  }

  #firstRefused(listed: readonly ListedFinding[]): Problem | undefined {
    for (const { id } of listed) {
      const problem = this.#refused.get(id);
      // That a finding rests on its finder's word is no fault of the finder: it is only not taken over.
      if (problem !== undefined && problem.code !== 'FINDING_UNATTRIBUTED') return problem;
    }
    return undefined;
  }
}
