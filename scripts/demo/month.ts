/** The month that the demo audits: the last full one, whatever day it is. */

export interface Month {
  /** As people say it. */
  readonly name: string;
  /** Unix seconds, included. */
  readonly from: number;
  /** Unix seconds, not included. */
  readonly to: number;
}

/** The last calendar month in UTC that is over at `now`, unix seconds. */
export function lastFullMonth(now: number): Month {
  const today = new Date(now * 1000);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth()];
  const from = Date.UTC(year, month - 1);
  const name = new Intl.DateTimeFormat('en', {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(from);
  return { name, from: from / 1000, to: Date.UTC(year, month) / 1000 };
}
