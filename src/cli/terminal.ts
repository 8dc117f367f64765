/** Everything that the program writes: results to standard output, everything else to standard error. */
import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { AttestryError, Outcome } from '../errors.ts';

const plain = picocolors.createColors(false);
const coloured = picocolors.createColors(true);

/** Colours where people look on; none in a pipe, a file, or where NO_COLOR asks for none. */
export function colours(stream: { readonly isTTY?: boolean } = process.stdout): typeof plain {
  const { NO_COLOR, TERM } = process.env;
  const wanted = stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
  return wanted ? coloured : plain;
}

/** Writes lines to standard output. */
export function say(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** Writes lines to standard error: what people want to know and machines do not read. */
export function tell(...lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

/** One JSON value on standard output, for machines. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Text from outside, with nothing in it that a terminal would act on. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
}

/** `error CODE: what was expected, what came, what to do`. */
export function formatError({ code, message }: AttestryError): string {
  return `error ${code}: ${printable(message)}`;
}

/** A table for people; cells may hold anything. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const table = new Table({
    head: head.map((cell) => colours().bold(cell)),
    // The table's own colours look at neither pipes nor NO_COLOR.
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(row.map((cell) => printable(String(cell))));
  return table.toString();
}

/** Names and values below each other. */
export function formatPairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => `${colours().dim(name.padEnd(width))}  ${printable(value)}`)
    .join('\n');
}

/** The verdict as one word, in its colour. */
export function formatOutcome(outcome: Outcome): string {
  const { bold, green, red, yellow } = colours();
  const colour = { VALID: green, INVALID: red, INCONCLUSIVE: yellow, EQUIVOCATION: red }[outcome];
  return bold(colour(outcome));
}

/** 1,234,567 */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US');
}
