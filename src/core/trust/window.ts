/** Windows of validity: from when until when a key counts. */
import { parseTime } from '../bytes/time.ts';

/** Unix seconds: from the first, the second no longer. */
export interface Window {
  readonly from: number;
  readonly until: number;
}

/** As a trust root writes it: two times, each of which may be left out. */
export interface WindowFields {
  readonly validFrom?: string;
  readonly validUntil?: string;
}

export function windowOf({ validFrom, validUntil }: WindowFields): Window {
  return {
    from: validFrom === undefined ? Number.NEGATIVE_INFINITY : parseTime(validFrom),
    until: validUntil === undefined ? Number.POSITIVE_INFINITY : parseTime(validUntil),
  };
}

export function isWithin(time: number, { from, until }: Window): boolean {
  return time >= from && time < until;
}
