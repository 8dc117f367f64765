/** The compiled program as its users run it: a process, its output, its exit code. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = new URL('../../dist/src/cli/main.js', import.meta.url);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `attestry` to its end; `npm run build` must have been run. Nothing of this process's environment reaches it. */
export async function attestry(
  args: readonly string[],
  { cwd, input, env }: RunOptions = {},
): Promise<Ended> {
  if (!existsSync(PROGRAM)) throw new Error('Expected dist/; run `npm run build` first.');
  const child = spawn(process.execPath, [fileURLToPath(PROGRAM), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: 'pipe',
  });
  // A program that does not read its input closes the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve) => child.on('close', resolve)),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

/** The standard output of a run that must succeed. */
export async function succeeding(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await attestry(args, options);
  if (code !== 0) throw new Error(`attestry ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
