/**
 * How many submissions are under way at once, and how many bytes the large ones of them may hold. Those above it are refused
 * before their bodies are read: whoever is taken then has its receipt soon, and whoever is not knows at once. Without it all
 * would wait for all, and a body of many megabytes on each connection would be more than a machine has memory.
 */
import { AttestryError } from '../errors.ts';

const RETRY_SECONDS = 1;

export interface RoomBounds {
  /** Submissions. */
  readonly mostUnderWay: number;
  /** Of large bodies, from when they are announced until they are answered. */
  readonly mostLargeBytes: number;
}

export class SubmissionRoom {
  readonly #bounds: RoomBounds;
  #underWay = 0;
  #largeBytes = 0;

  constructor(bounds: RoomBounds) {
    this.#bounds = bounds;
  }

  /** @throws QUEUE_FULL */
  demand(): void {
    if (this.#underWay >= this.#bounds.mostUnderWay)
      throw full(`${this.#underWay} submissions are under way`);
  }

  /** Holds the bytes of a large body; gives what lets go of them. @throws QUEUE_FULL */
  hold(bytes: number): () => void {
    if (this.#largeBytes + bytes > this.#bounds.mostLargeBytes)
      throw full(`Large requests under way hold ${this.#largeBytes} bytes`);
    this.#largeBytes += bytes;
    return () => {
      this.#largeBytes -= bytes;
    };
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

function full(why: string): AttestryError {
  return new AttestryError(
    'QUEUE_FULL',
    `${why}; nothing was taken. Try again after Retry-After.`,
    { details: { retryAfterSeconds: RETRY_SECONDS } },
  );
}
