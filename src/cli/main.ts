#!/usr/bin/env node
/** The program `attestry`. */
import { Command, CommanderError } from 'commander';
import { AttestryError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { formatExamples } from './command.ts';
import { auditCommand } from './commands/audit.ts';
import { digestCommand } from './commands/digest.ts';
import { fsckCommand } from './commands/fsck.ts';
import { keygenCommand } from './commands/keygen.ts';
import { receiptCommand } from './commands/receipt.ts';
import { roleCommands } from './commands/role.ts';
import { stateCommand } from './commands/state.ts';
import { submitCommand } from './commands/submit.ts';
import { trustCommand } from './commands/trust.ts';
import { verifyCommand } from './commands/verify.ts';
import { EXIT_DEFECT, EXIT_REFUSED, EXIT_USAGE } from './exit-code.ts';
import { formatError, printable, tell } from './terminal.ts';

const EXIT_CODES = `
Exit codes: 0 VALID or done, 1 INVALID or refused, 2 INCONCLUSIVE, 3 EQUIVOCATION, 64 wrong usage, 70 a defect.`;

function buildProgram(): Command {
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
  const commands = [
    keygenCommand(),
    digestCommand(),
    stateCommand(),
    submitCommand(),
    receiptCommand(),
    verifyCommand(),
    auditCommand(),
    fsckCommand(),
    trustCommand(),
    ...roleCommands(),
  ];
  for (const command of commands) program.addCommand(command);
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
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
