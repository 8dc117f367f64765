import { AttestryError } from '../../errors.ts';
import { quote } from './hex.ts';

const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Unix seconds of an RFC 3339 time in UTC with whole seconds and a trailing Z. @throws TIME_MALFORMED */
export function parseTime(text: string): number {
  const seconds = RFC3339_UTC.test(text) ? Date.parse(text) / 1000 : Number.NaN;
  // Date.parse rolls 2026-02-30 over into March; formatting back shows it.
  if (!Number.isSafeInteger(seconds) || seconds < 0 || formatTime(seconds) !== text) {
    throw new AttestryError(
      'TIME_MALFORMED',
      `Expected a UTC time like 2026-10-01T12:00:00Z, got ${quote(text)}.`,
    );
  }
  return seconds;
}

/** RFC 3339 in UTC, whole seconds. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
