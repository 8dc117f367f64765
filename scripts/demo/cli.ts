/** The command line as an auditor runs it: a process of its own, with the network shut. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PROGRAM = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Where a new network namespace can be had, a process in it has no network: not even this machine's own addresses. */
const NO_NETWORK: readonly string[] = ['unshare', '--map-root-user', '--net'];

/** Whether this machine lets us run a process without any network. */
export function canShutNetwork(): boolean {
  const [command = '', ...args] = NO_NETWORK;
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}

/** Runs `attestry` with these arguments; without any network where `shut`. */
export async function runCli(args: readonly string[], shut: boolean): Promise<CliRun> {
  return await runNode([PROGRAM, ...args], shut);
}

/** Whether a process run the same way can fetch the URL: to know that the network is shut, not to believe it. */
export async function canReach(url: string, shut: boolean): Promise<boolean> {
  const script = 'fetch(process.argv[1]).then(() => process.exit(0), () => process.exit(1))';
  const { exitCode } = await runNode(['-e', script, url], shut);
  return exitCode === 0;
}

async function runNode(args: readonly string[], shut: boolean): Promise<CliRun> {
  const [command = '', ...rest] = [...(shut ? NO_NETWORK : []), process.execPath, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [[exitCode], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { exitCode, stdout, stderr };
}
