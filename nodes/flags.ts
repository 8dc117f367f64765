/** The command line of a process, made from the settings of its schema: flags, and a --help that leaves none out. */
import { Command, CommanderError, Option } from 'commander';
import { AttestryError } from '../src/errors.ts';
import { allowedValues, type Setting } from './settings.ts';

export interface CommandLine {
  /** As typed, for --help: `attestry node`. */
  readonly name: string;
  readonly description: string;
  /** A whole command line that works. */
  readonly example: string;
  /** The arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly print: (text: string) => void;
}

export interface Flags {
  readonly configFile: string | undefined;
  /** Text by the name of the setting. */
  readonly values: ReadonlyMap<string, string>;
}

export const CONFIG_ENV = 'ATTESTRY_CONFIG';

/** The flags given; undefined when help was asked for and printed. @throws CONFIG_INVALID */
export function parseFlags(settings: readonly Setting[], line: CommandLine): Flags | undefined {
  const command = buildCommand(settings, line);
  try {
    command.parse(line.argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return undefined;
    const problem = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    const message = `Expected flags that --help lists, got ${problem}.`;
    throw new AttestryError('CONFIG_INVALID', message, { cause: error });
  }
  const given = command.opts<Readonly<Record<string, string | true>>>();
  const values = settings.flatMap(({ name }): [string, string][] => {
    const text = given[name];
    return text === undefined ? [] : [[name, String(text)]];
  });
  return { configFile: given['config']?.toString(), values: new Map(values) };
}

function buildCommand(settings: readonly Setting[], line: CommandLine): Command {
  const command = new Command(line.name)
    .description(line.description)
    .exitOverride()
    .configureOutput({ writeOut: line.print, writeErr: () => undefined })
    .allowExcessArguments(false)
    .option('--config <file>', `settings from a JSON or YAML file (env: ${CONFIG_ENV})`);
  for (const setting of settings.filter(({ flag }) => flag !== null)) {
    const value = setting.schema.type === 'boolean' ? '[value]' : '<value>';
    command.addOption(new Option(`${setting.flag} ${value}`, describe(setting)));
  }
  return command.addHelpText('after', formatRest(settings, line.example));
}

function describe({ schema, env, required }: Setting): string {
  const allowed = allowedValues(schema);
  const facts = [
    `env: ${env}`,
    ...(allowed === undefined ? [] : [`one of: ${allowed}`]),
    ...(schema.default === undefined ? [] : [`default: ${JSON.stringify(schema.default)}`]),
    ...(Array.isArray(schema.examples) ? [`example: ${formatExample(schema.examples[0])}`] : []),
    ...(required && schema.default === undefined ? ['required'] : []),
  ];
  return `${schema.description ?? ''} (${facts.join(', ')})`;
}

function formatExample(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example);
}

function formatRest(settings: readonly Setting[], example: string): string {
  const secrets = settings
    .filter(({ flag }) => flag === null)
    .map((setting) => `  ${setting.name}: ${describe(setting)}`);
  return [
    ...(secrets.length === 0 ? [] : ['', 'From the environment or the file only:', ...secrets]),
    '',
    'A flag wins over the environment, the environment over the file.',
    '',
    'Example:',
    `  ${example}`,
    '',
  ].join('\n');
}
