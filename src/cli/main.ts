#!/usr/bin/env node
/** The program `attestry`. */
import { Command, CommanderError } from 'commander';
import { AttestryError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { formatExamples } from './command.ts';
import { EXIT_DEFECT, EXIT_REFUSED, EXIT_USAGE } from './exit-code.ts';
import { formatError, printable, tell } from './terminal.ts';

const EXIT_CODES = `
Exit codes: 0 VALID or done, 1 INVALID or refused, 2 INCONCLUSIVE, 3 EQUIVOCATION, 64 wrong usage, 70 a defect.`;

/** Each command with what it alone needs is loaded only when it is the one to run, or to be listed. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  keygen: async () => (await import('./commands/keygen.ts')).keygenCommand(),
  digest: async () => (await import('./commands/digest.ts')).digestCommand(),
  state: async () => (await import('./commands/state.ts')).stateCommand(),
  submit: async () => (await import('./commands/submit.ts')).submitCommand(),
  receipt: async () => (await import('./commands/receipt.ts')).receiptCommand(),
  verify: async () => (await import('./commands/verify.ts')).verifyCommand(),
  usage: async () => (await import('./commands/usage.ts')).usageCommand(),
  invoice: async () => (await import('./commands/invoice.ts')).invoiceCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  fsck: async () => (await import('./commands/fsck.ts')).fsckCommand(),
  trust: async () => (await import('./commands/trust.ts')).trustCommand(),
  node: async () => (await import('./commands/role.ts')).roleCommand('node'),
  witness: async () => (await import('./commands/role.ts')).roleCommand('witness'),
  verifier: async () => (await import('./commands/role.ts')).roleCommand('verifier'),
};

async function buildProgram(name: string): Promise<Command> {
  const program = new Command('attestry')
    .description('Verifiable statements about AI models: make them, log them, check them offline.')
    .version(VERSION)
    .exitOverride()
    // Behind the name of a role its own flags follow, --help among them.
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText(
      'after',
      `${EXIT_CODES}\n${formatExamples(['attestry verify dossier.json --trust trust.json --model model.bin'])}`,
    );
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const loaders = load === undefined ? Object.values(COMMANDS) : [load];
  for (const loader of loaders) program.addCommand(await loader());
  return program;
}

/** The exit code, where `error` is not one that the command has set itself. */
function reportError(error: unknown): number {
  if (error instanceof CommanderError) return reportUsage(error);
  if (error instanceof AttestryError && error.code !== 'INTERNAL') {
    tell(formatError(error));
    return error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_REFUSED;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  tell(`error INTERNAL: ${printable(message)}. This is a defect in Attestry; please report it.`);
  if (process.env['ATTESTRY_DEBUG'] !== undefined) tell(stack ?? '');
  return EXIT_DEFECT;
}

function reportUsage({ code, exitCode, message }: CommanderError): number {
  // Help and version end with 0; commander has printed its own errors already.
  if (exitCode === 0) return 0;
  if (code === 'attestry.usage') tell(`error: ${printable(message)}`);
  return EXIT_USAGE;
}

// `attestry … | head` closes the pipe while there is more to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  const program = await buildProgram(process.argv[2] ?? '');
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
