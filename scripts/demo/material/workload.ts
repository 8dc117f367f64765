/** When requests come: busy hours, spread evenly over a stretch of time. */

export interface Workload {
  /** Unix seconds, full hours. */
  readonly from: number;
  readonly to: number;
  /** How many hours of the stretch are busy. */
  readonly busyHours: number;
  readonly requestsPerHour: number;
}

const SECONDS_PER_HOUR = 3600;

/** The time of every request, unix seconds, ascending. @throws RangeError when there are not so many hours, or seconds in one */
export function requestTimes(workload: Workload): readonly number[] {
  const { from, to, busyHours, requestsPerHour } = workload;
  const hours = (to - from) / SECONDS_PER_HOUR;
  const fits = from % SECONDS_PER_HOUR === 0 && Number.isInteger(hours) && busyHours <= hours;
  if (!fits || requestsPerHour > SECONDS_PER_HOUR) {
    throw new RangeError(`Expected ${busyHours} busy hours of full ones, got ${hours}.`);
  }
  return Array.from({ length: busyHours * requestsPerHour }, (_, i) => {
    const hour = Math.floor((Math.floor(i / requestsPerHour) * hours) / busyHours);
    const second = Math.floor(((i % requestsPerHour) * SECONDS_PER_HOUR) / requestsPerHour);
    return from + hour * SECONDS_PER_HOUR + second;
  });
}
