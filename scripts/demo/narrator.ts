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
  /** The last sentence: what a part of the story that is still under way says after it is not printed. */
  end(sentence: string): void;
  /** Printed whatever has ended. */
  failed(sentence: string): void;
  /** Seconds since the start. */
  elapsed(): number;
}

export interface NarratorOptions {
  readonly print: (line: string) => void;
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
  readonly colors: boolean;
}

const TIME_WIDTH = 8;

export function createNarrator({ print, clockMs, colors }: NarratorOptions): Narrator {
  const { bold, dim, green, red } = picocolors.createColors(colors);
  const start = clockMs();
  let ended = false;
  const elapsed = (): number => (clockMs() - start) / 1000;
  const write = (line: string): void => {
    if (!ended) print(line);
  };
  const stamped = (sentence: string): string =>
    `${dim(`${elapsed().toFixed(1)} s`.padStart(TIME_WIDTH))}  ${sentence}`;
  const say = (sentence: string): void => write(stamped(sentence));
  return {
    elapsed,
    say,
    chapter: (title) => write(`\n${bold(title)}`),
    show: (lines) => {
      for (const line of lines) write(`${' '.repeat(TIME_WIDTH + 4)}${line}`);
    },
    caught: (code, sentence) => say(`${sentence} Caught: ${green(code)}.`),
    failed: (sentence) => print(stamped(`${red('FAILED:')} ${sentence}`)),
    end: (sentence) => {
      say(sentence);
      ended = true;
    },
  };
}
