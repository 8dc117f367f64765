/** What all commands have in common: an example in their help, options that mean the same everywhere, usage errors. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseDecimal } from '../core/bytes/decimal.ts';
import { AttestryError } from '../errors.ts';
import { EXIT_USAGE } from './exit-code.ts';

export interface CommandText {
  readonly name: string;
  /** A line for the list of commands. */
  readonly summary: string;
  readonly description: string;
  /** Whole command lines that work. */
  readonly examples: readonly string[];
}

/** A command whose --help shows examples and whose errors are thrown instead of ending the process. */
export function defineCommand({ name, summary, description, examples }: CommandText): Command {
  return new Command(name)
    .summary(summary)
    .description(description)
    .exitOverride()
    .helpCommand(false)
    .allowExcessArguments(false)
    .addHelpText('after', formatExamples(examples));
}

export function formatExamples(examples: readonly string[]): string {
  return ['', 'Example:', ...examples.map((example) => `  ${example}`), ''].join('\n');
}

/** Gives a command the trust root that everything is verified against, and what is asked of it: `TrustFlags`. */
export function addTrustOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--trust <file>', 'the trust root: the one file that you trust')
        .env('ATTESTRY_TRUST')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--trust-digest <hex>', 'the digest that the trust root must have').env(
        'ATTESTRY_TRUST_DIGEST',
      ),
    )
    .option(
      '--trust-from <file>',
      'a version of the trust root that you trusted before, which must lead to this one; repeat it for those in between',
      repeated,
    )
    .addOption(weakQuorumOption());
}

export function weakQuorumOption(): Option {
  return new Option(
    '--accept-weak-quorum',
    'accept a quorum that tolerates no dishonest witness',
  ).env('ATTESTRY_ACCEPT_WEAK_QUORUM');
}

/** By this machine's clock. */
export function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON for machines');
}

export function passphraseFileOption(): Option {
  return new Option(
    '--passphrase-file <file>',
    "file with the key's passphrase (else ATTESTRY_PASSPHRASE, else you are asked)",
  );
}

/** Collects an option that may be given more than once. */
export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A whole number of at least `least`, for an option's value. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    try {
      const value = parseDecimal(text);
      if (value >= least) return value;
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
    }
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
  };
}

/** A command line that cannot be followed: printed as `error: …`, exit code 64. */
export function usageError(message: string): CommanderError {
  return new CommanderError(EXIT_USAGE, 'attestry.usage', message);
}

/** The value of an option that a command cannot do without here. */
export function required<T>(value: T | undefined, option: string): T {
  if (value !== undefined) return value;
  throw usageError(`required option '${option}' not specified`);
}
