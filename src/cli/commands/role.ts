/** attestry node, witness, verifier: starts a role as a process of its own; its flags and its help are its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { AttestryError } from '../../errors.ts';

type RoleName = 'node' | 'witness' | 'verifier';

interface Role {
  /** Compiled, beside `src`. */
  readonly file: string;
  readonly summary: string;
}

const ROLES: { readonly [name in RoleName]: Role } = {
  node: { file: 'log.js', summary: 'run a log node' },
  witness: { file: 'witness.js', summary: 'run a witness' },
  verifier: { file: 'verifier.js', summary: 'run a verifier' },
};

export function roleCommand(name: RoleName): Command {
  const role = ROLES[name];
  return new Command(name)
    .summary(`${role.summary} (attestry ${name} --help lists its flags)`)
    .exitOverride()
    .argument('[flags...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: readonly string[]) => runRole(role, args));
}

async function runRole(role: Role, args: readonly string[]): Promise<void> {
  const file = fileURLToPath(new URL(`../../../nodes/${role.file}`, import.meta.url));
  // In a group of its own, so that each signal reaches it once: from here, and not from the terminal as well.
  const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit', detached: true });
  const stopForwarding = forwardSignals(child);
  process.exitCode = await exitCodeOf(child);
  stopForwarding();
}

/** A closed terminal stops the role as SIGTERM does. */
function forwardSignals(child: ChildProcess): () => void {
  const forwarded = { SIGINT: 'SIGINT', SIGTERM: 'SIGTERM', SIGHUP: 'SIGTERM' } as const;
  const handlers = Object.entries(forwarded).map(
    ([received, sent]) => [received, () => void child.kill(sent)] as const,
  );
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      reject(new AttestryError('FILE_UNREADABLE', 'Could not start the process.', { cause }));
    });
    child.on('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
