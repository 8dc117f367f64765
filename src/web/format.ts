/** Numbers, sizes, times and digests as people read them. */
import { WORDS } from './words/words.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** 4294967296: 4.3 GB. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** 1234567 as a decimal string: 1,234,567. Exact at any length. */
export function formatQuantity(decimal: string): string {
  return decimal.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** 931000 parts per million: 93.1 %. */
export function formatPerMillion(perMillion: string): string {
  const digits = perMillion.padStart(5, '0');
  const fraction = digits.slice(-4).replace(/0+$/, '');
  return `${digits.slice(0, -4)}${fraction === '' ? '' : `.${fraction}`} %`;
}

/** 2026-10-01T12:00:00Z: 2026-10-01 12:00:00 UTC. */
export function formatInstant(time: string): string {
  return time.replace('T', ' ').replace('Z', ' UTC');
}

/** The same to the minute, without the zone: for tables whose head names it. */
export function formatMinute(time: string): string {
  return time.replace('T', ' ').slice(0, 16);
}

/** 2026-10-01T00:00:00Z: 2026-10-01. */
export function formatDay(time: string): string {
  return time.slice(0, 10);
}

/** How long ago, by this machine's clock. */
export function formatAge(time: string, nowMs: number): string {
  const seconds = Math.round((nowMs - Date.parse(time)) / 1000);
  const { ago } = WORDS;
  if (seconds < -5) return ago.ahead;
  if (seconds < 2 * MINUTE) return ago.seconds(Math.max(0, seconds));
  if (seconds < 2 * HOUR) return ago.minutes(Math.floor(seconds / MINUTE));
  if (seconds < 2 * DAY) return ago.hours(Math.floor(seconds / HOUR));
  return ago.days(Math.floor(seconds / DAY));
}

/** The first digits of a hash, enough to tell it from its neighbours. */
export function shortHash(hex: string, digits = 8): string {
  return `${hex.slice(0, digits)}…`;
}

/** a; a and b; a, b and 3 others. */
export function formatList(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const left = names.length - shown.length;
  if (left > 0) return `${shown.join(', ')}${WORDS.and}${WORDS.others(left)}`;
  const last = shown.at(-1) ?? '';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')}${WORDS.and}${last}`;
}

/** Whether a text is a SHA-256 in hex, whatever the case and the space around it; its usual form. */
export function parseDigest(text: string): string | undefined {
  const digest = text
    .trim()
    .toLowerCase()
    .replace(/^sha256:/, '');
  return /^[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}
