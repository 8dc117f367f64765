/** How far a long command has come: a bar on a terminal, now and then a line elsewhere. On standard error. */
import { formatCount, tell } from './terminal.ts';

export interface Progress {
  /** So much of the total is done. */
  at(done: number, total: number): void;
  /** The last word, if anything was shown before it. */
  end(words: string): void;
}

const LINE_EVERY_MS = 5000;
const LATE_MS = 1000;
const BAR_STEPS = 1000;

export interface ProgressOptions {
  readonly title: string;
  /** What is counted: `entries`, `bytes`. */
  readonly unit: string;
  /** Say nothing of what takes less than a second. */
  readonly late?: boolean;
}

/** Where nobody looks on, and for the first second of a late one, nothing is shown. */
export async function startProgress(options: ProgressOptions): Promise<Progress> {
  return process.stderr.isTTY === true ? await showBar(options) : writeLines(options);
}

async function showBar({ title, unit, late }: ProgressOptions): Promise<Progress> {
  // Loaded only where there is someone to see it: it doubles the time that the program takes to start.
  const { progress } = await import('@clack/prompts');
  const bar = progress({ max: BAR_STEPS, output: process.stderr });
  const started = performance.now();
  let shown: number | undefined;
  return {
    at(done, total) {
      if (late === true && performance.now() - started < LATE_MS) return;
      if (shown === undefined) bar.start(title);
      const step = total === 0 ? BAR_STEPS : Math.floor((done / total) * BAR_STEPS);
      if (step === shown) return;
      bar.advance(step - (shown ?? 0), `${title}: ${describe({ done, total, unit, started })}`);
      shown = step;
    },
    end(words) {
      if (shown !== undefined) bar.stop(words);
    },
  };
}

function writeLines({ title, unit }: ProgressOptions): Progress {
  const started = performance.now();
  let last: number | undefined;
  return {
    at(done, total) {
      if (performance.now() - (last ?? started) < LINE_EVERY_MS) return;
      last = performance.now();
      tell(`${title}: ${describe({ done, total, unit, started })}`);
    },
    end(words) {
      if (last !== undefined) tell(words);
    },
  };
}

interface Standing {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly started: number;
}

function describe({ done, total, unit, started }: Standing): string {
  return `${formatAmount(done, unit)} of ${formatAmount(total, unit)}, ${formatRate(done, unit, started)}`;
}

/** `12,345 entries/s` since `started` (of `performance.now`). */
export function formatRate(done: number, unit: string, started: number): string {
  const seconds = Math.max(0.001, (performance.now() - started) / 1000);
  return `${formatAmount(Math.round(done / seconds), unit)}/s`;
}

/** `12,345 entries`; bytes in the unit that fits. */
export function formatAmount(amount: number, unit: string): string {
  if (unit !== 'bytes') return `${formatCount(amount)} ${unit}`;
  const scales = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const scale = amount < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(amount) / 3));
  const digits = scale === 0 ? 0 : 1;
  return `${(amount / 1000 ** scale).toFixed(digits)} ${scales[scale]}`;
}
