/**
 * How fast each operator may add entries: a bucket that fills at a steady rate. A share is taken only after the signature
 * has been verified, so no one can spend another's; whose bucket is empty is refused before, so that no check is wasted on it.
 */
import { AttestryError } from '../errors.ts';

export interface OperatorRateOptions {
  /** 0 for no limit. */
  readonly perSecond: number;
  readonly burst: number;
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
}

export class OperatorRate {
  readonly #options: OperatorRateOptions;
  // One bucket per operator of the trust root, so bounded by it.
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(options: OperatorRateOptions) {
    this.#options = options;
  }

  /** Takes one entry's share. @throws RATE_LIMITED */
  take(operator: string): void {
    const tokens = this.demand(operator);
    this.#buckets.set(operator, { tokens: tokens - 1, at: this.#options.clockMs() });
  }

  /** How many shares the operator has; takes none. @throws RATE_LIMITED where there is none to take */
  demand(operator: string): number {
    const { perSecond, burst, clockMs } = this.#options;
    if (perSecond === 0) return Number.POSITIVE_INFINITY;
    const now = clockMs();
    const bucket = this.#buckets.get(operator) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    if (tokens >= 1) return tokens;
    throw new AttestryError(
      'RATE_LIMITED',
      `Expected at most ${perSecond} entries per second from ${operator}; try again after Retry-After.`,
      { details: { retryAfterSeconds: Math.max(1, Math.ceil((1 - tokens) / perSecond)) } },
    );
  }
}
