/** The window that a meter is counting: which requests are in it, and when it is over. */
import {
  addBuckets,
  fitsQuantities,
  NO_TOKENS,
  type TokenBuckets,
} from '../core/metering/buckets.ts';
import { buildSumTree, type SumTree } from '../core/metering/sum-tree.ts';
import type { Summary } from '../core/tally/node.ts';
import { AttestryError } from '../errors.ts';

export interface WindowRules {
  /** A divisor of 3600, so that no window crosses a UTC hour. */
  readonly windowSeconds: number;
  /** A window with so many requests is over as soon as its last second is. */
  readonly maxRequests: number;
}

export interface ClosedWindow {
  readonly sequence: number;
  /** Unix seconds; the window holds what was metered from here on, */
  readonly start: number;
  /** up to but not including here. */
  readonly end: number;
  readonly buckets: TokenBuckets;
  readonly tree: SumTree;
}

export class OpenWindow {
  readonly sequence: number;
  /** Unix seconds: the end of the window before. */
  readonly #earliest: number;
  readonly #rules: WindowRules;
  readonly #leaves: Summary[] = [];
  #buckets: TokenBuckets = NO_TOKENS;
  #first: number | undefined;
  #last: number;

  constructor(sequence: number, earliest: number, rules: WindowRules) {
    this.sequence = sequence;
    this.#earliest = earliest;
    this.#rules = rules;
    this.#last = earliest;
  }

  /** Requests so far. */
  get size(): number {
    return this.#leaves.length;
  }

  /** Unix seconds: when the window ends at the latest, with a request of this time in it. */
  endWith(time: number): number {
    // A meter that was opened anew with shorter windows has requests that are further apart than one.
    return Math.max(this.#slotStart(this.#first ?? time) + this.#rules.windowSeconds, time + 1);
  }

  /** @throws TALLY_OVERFLOW when the sums would be more than a usage statement can state */
  checkRoom(buckets: TokenBuckets): void {
    if (fitsQuantities(addBuckets(this.#buckets, buckets))) return;
    throw new AttestryError(
      'TALLY_OVERFLOW',
      'Expected the sums of a window to stay below 2^64; record the request in the next window.',
    );
  }

  /** `time` in unix seconds, in this window and not before the request before. */
  add(leaf: Summary, buckets: TokenBuckets, time: number): void {
    this.#leaves.push(leaf);
    this.#buckets = addBuckets(this.#buckets, buckets);
    this.#first ??= time;
    this.#last = time;
  }

  /** Whether the window has requests and is over at this time. A second is never divided between two windows. */
  isOver(time: number): boolean {
    if (this.size === 0) return false;
    const isFull = this.size >= this.#rules.maxRequests && time > this.#last;
    return isFull || time >= this.endWith(this.#last);
  }

  /** What the window holds, at a time at which it is over. */
  close(time: number): ClosedWindow {
    const latest = this.endWith(this.#last);
    return {
      sequence: this.sequence,
      start: Math.max(this.#slotStart(this.#first ?? time), this.#earliest),
      end: time >= latest ? latest : this.#last + 1,
      buckets: this.#buckets,
      tree: buildSumTree(this.#leaves),
    };
  }

  #slotStart(time: number): number {
    return time - (time % this.#rules.windowSeconds);
  }
}
