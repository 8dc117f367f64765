/** Real processes for crash tests: what they say, and how they end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child {
  /** Every line so far. */
  readonly lines: readonly string[];
  /** Resolves once the child has said `count` lines; rejects when it ends before. */
  said(count: number): Promise<void>;
  /** Ends the child with SIGKILL and waits until it is gone and its last line is read. */
  kill(): Promise<void>;
  /** Waits until the child ends by itself. */
  ended(): Promise<void>;
}

/** Runs a compiled fixture; `npm run build` must have been run. `fileLimitKiB` bounds the size of each file it writes. */
export function runFixture(
  fixture: URL,
  args: readonly string[],
  options: { readonly fileLimitKiB?: number } = {},
): Child {
  if (!existsSync(new URL('../../dist/src/store/level-log-store.js', import.meta.url))) {
    throw new Error('Expected dist/; run `npm run build` first.');
  }
  const command = [process.execPath, fileURLToPath(fixture), ...args];
  const limit = options.fileLimitKiB;
  // `ulimit -f` makes writes fail with EFBIG, as a full disk does with ENOSPC, without needing root.
  const run =
    limit === undefined ? command : ['bash', '-c', `ulimit -f ${limit}; "$@"`, '-', ...command];
  const [program = '', ...rest] = run;
  return follow(spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] }));
}

function follow(child: ChildProcess): Child {
  const lines: string[] = [];
  const waiting: { count: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on('line', (line) => {
    lines.push(line);
    for (const wait of waiting) if (lines.length >= wait.count) wait.resolve();
  });
  const closed = once(reader, 'close').then(() => {
    for (const wait of waiting) wait.reject(new Error(`The child ended after: ${lines.at(-1)}`));
  });
  const gone = once(child, 'exit');
  const ended = async (): Promise<void> => {
    await gone;
    await closed;
  };
  return {
    lines,
    said: (count) =>
      new Promise((resolve, reject) => {
        if (lines.length >= count) resolve();
        else waiting.push({ count, resolve, reject });
      }),
    kill: () => {
      child.kill('SIGKILL');
      return ended();
    },
    ended,
  };
}
