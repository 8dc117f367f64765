/** The life of a process: start, run until told to stop, close once, and never go on after an error that nobody handled. */
import { EXIT_WITH_PARENT_ENV } from '../src/cli/exit-with-parent.ts';
import { AttestryError } from '../src/errors.ts';
import { boundHeapGrowth } from './heap.ts';

export interface Running {
  close(): Promise<void>;
}

/** How long closing may take altogether before the process ends without it. Longer than the HTTP side's own deadline. */
const CLOSE_DEADLINE_MS = 15_000;

// After sysexits.h; 128 and the signal's number as shells report it.
const EXIT_FAILED = 1;
const EXIT_USAGE = 64;
const EXIT_DEFECT = 70;
const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs what `start` gives until SIGINT, SIGTERM or the end of the parent, then closes it and exits with 0; a second
 * signal exits at once. An AttestryError from `start` is one line on standard error and exit code 1 (64 for
 * CONFIG_INVALID); every other error is one line of JSON and 70. `start` gives undefined when there is nothing to run.
 */
export async function runProcess(start: () => Promise<Running | undefined>): Promise<void> {
  boundHeapGrowth();
  process.on('uncaughtException', exitWithDefect);
  process.on('unhandledRejection', exitWithDefect);
  const stop = stopAsked();
  const running = await start().catch(exitWithStartError);
  if (running === undefined) {
    // Watching for the end of the parent would keep the process alive.
    process.stdin.pause();
    return;
  }
  await stop;
  const deadline = setTimeout(
    () => exitWithDefect(new Error(`closing took longer than ${CLOSE_DEADLINE_MS} ms`)),
    CLOSE_DEADLINE_MS,
  );
  await running.close().catch(exitWithDefect);
  clearTimeout(deadline);
  process.exit(0);
}

/** The parts of a process in the order in which they were opened; closing goes the other way round. */
export class Parts implements Running {
  readonly #parts: Running[] = [];
  #closing: Promise<void> | undefined;

  /** Takes charge of closing the part, and gives it back. */
  add<T extends Running>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  /** Closes each part once, the last first. A part that fails to close does not keep the others open. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const part of this.#parts.toReversed()) {
      await part.close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let signalled = false;
    const onSignal = (signal: keyof typeof EXIT_BY_SIGNAL): void => {
      if (signalled) process.exit(EXIT_BY_SIGNAL[signal]);
      signalled = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    if (process.env[EXIT_WITH_PARENT_ENV] === undefined) return;
    process.stdin.once('end', resolve).once('close', resolve).once('error', resolve).resume();
  });
}

function exitWithStartError(error: unknown): never {
  if (!(error instanceof AttestryError)) exitWithDefect(error);
  const message = error.message.replaceAll(/\s*\n\s*/g, ' ');
  process.stderr.write(`attestry: ${error.code}: ${message}\n`);
  process.exit(error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FAILED);
}

/** Logs one line and ends the process with 70: for errors after which nothing that it does can be trusted. */
export function exitWithDefect(error: unknown): never {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const code = error instanceof AttestryError ? error.code : 'INTERNAL';
  const line = {
    level: 60,
    time: Date.now(),
    pid: process.pid,
    code,
    err: { type: name, message, stack },
    msg: 'the process cannot go on',
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
  process.exit(EXIT_DEFECT);
}
