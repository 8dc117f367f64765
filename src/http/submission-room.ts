/**
 * How many submissions are under way at once. Those above it are refused before their bodies are read: whoever is taken
 * then has its receipt soon, and whoever is not knows at once. Without it all would wait for all.
 */
import { AttestryError } from '../errors.ts';

const RETRY_SECONDS = 1;

export class SubmissionRoom {
  readonly #most: number;
  #underWay = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws QUEUE_FULL */
  demand(): void {
    if (this.#underWay < this.#most) return;
    throw new AttestryError(
      'QUEUE_FULL',
      `${this.#underWay} submissions are under way; nothing was taken. Try again after Retry-After.`,
      { details: { retryAfterSeconds: RETRY_SECONDS } },
    );
  }

  /** Does the work of one submission if there is room. @throws QUEUE_FULL */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.demand();
    this.#underWay++;
    try {
      return await work();
    } finally {
      this.#underWay--;
    }
  }
}
