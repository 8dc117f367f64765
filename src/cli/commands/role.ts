/** attestry node, witness, verifier: starts a role as a process of its own; its flags and its help are its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { AttestryError } from '../../errors.ts';
import { EXIT_WITH_PARENT_ENV } from '../exit-with-parent.ts';

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
  const child = spawn(process.execPath, [file, ...args], {
    // Its standard input ends with this process, however that ends, and the role with it: no other would find its folder free.
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, [EXIT_WITH_PARENT_ENV]: '1' },
    // In a group of its own, so that each signal reaches it once: from here, and not from the terminal as well.
    detached: true,
  });
  const stopForwarding = forwardSignals(child);
  const letGo = bindToParent(child);
  process.exitCode = await exitCodeOf(child);
  stopForwarding();
  letGo();
}

/** Where this process is to end with the one who started it, the role's input ends with its own. */
function bindToParent({ stdin }: ChildProcess): () => void {
  // Nothing else is written to it; a role that has ended has closed it.
  stdin?.on('error', () => undefined);
  if (stdin === null || process.env[EXIT_WITH_PARENT_ENV] === undefined) return () => undefined;
  process.stdin.pipe(stdin);
  return () => process.stdin.unpipe(stdin).pause();
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
