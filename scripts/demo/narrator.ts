/** What the demo prints: chapters, and plain sentences with the time since the start. */
import picocolors from 'picocolors';
import type { AttestryErrorCode } from '../../src/errors.ts';

export interface Narrator {
  chapter(title: string): void;
  say(sentence: string): void;
  /** Lines that belong to the sentence before them. */
  show(lines: readonly string[]): void;
  /** An attack, and the code that it was caught with. */
  caught(code: AttestryErrorCode, sentence: string): void;
  /** Seconds since the start. */
  elapsed(): number;
}

export interface NarratorOptions {
  readonly print: (line: string) => void;
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
  readonly colors: boolean;
}

const TIME_WIDTH = 6;

export function createNarrator({ print, clockMs, colors }: NarratorOptions): Narrator {
  const { bold, dim, green } = picocolors.createColors(colors);
  const start = clockMs();
  const elapsed = (): number => (clockMs() - start) / 1000;
  const stamp = (): string => dim(`${elapsed().toFixed(1)} s`.padStart(TIME_WIDTH + 2));
  return {
    elapsed,
    chapter: (title) => print(`\n${bold(title)}`),
    say: (sentence) => print(`${stamp()}  ${sentence}`),
    show: (lines) => {
      for (const line of lines) print(`${' '.repeat(TIME_WIDTH + 6)}${line}`);
    },
    caught: (code, sentence) => print(`${stamp()}  ${sentence} Caught: ${green(code)}.`),
  };
}
