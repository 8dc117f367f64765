/** The configuration of a process: a file, over it the environment, over both the flags; checked by one schema. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { AttestryError } from '../src/errors.ts';
import {
  type Static,
  type TLocalizedValidationError,
  type TObject,
  Value,
} from '../src/typebox.ts';
import { CONFIG_ENV, type CommandLine, parseFlags } from './flags.ts';
import {
  allowedValues,
  readSetting,
  resolvePaths,
  type Setting,
  type SettingSchema,
  settingsOf,
} from './settings.ts';

// More copies of one part of a file than a configuration needs are a mistake, or meant to fill the memory.
const MOST_ALIASES = 100;

export interface ConfigInput extends Omit<CommandLine, 'print'> {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values under the file's and over the schema's own defaults. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Where relative paths of flags, environment and defaults count from. Default: the current folder. */
  readonly cwd?: string;
  /** Takes the text of --help. Default: standard output. */
  readonly print?: (text: string) => void;
}

interface Sourced {
  readonly value: unknown;
  /** Where the value came from, as a message says it. */
  readonly source: string;
}

/**
 * The settings, complete and checked; undefined when --help was asked for and printed. The schema is an object with
 * `additionalProperties: false`; its members may use the keywords `path` and `secret` (SettingSchema).
 * @throws CONFIG_INVALID naming the setting and where it came from, FILE_UNREADABLE
 */
export function loadConfig<T extends TObject>(
  schema: T,
  input: ConfigInput,
): Static<T> | undefined {
  const { cwd = process.cwd(), print = (text) => process.stdout.write(text) } = input;
  const settings = settingsOf(schema);
  const flags = parseFlags(settings, { ...input, print: (text) => void print(text) });
  if (flags === undefined) return undefined;
  const configFile = flags.configFile ?? input.env[CONFIG_ENV];
  const sourced = new Map<string, Sourced>([
    ...readDefaults(input.defaults ?? {}),
    ...(configFile === undefined ? [] : readFile(schema, resolve(cwd, configFile))),
    ...readTexts(settings, ({ env }) => [env, input.env[env]]),
    ...readTexts(settings, ({ name, flag }) => [flag ?? name, flags.values.get(name)]),
  ]);
  const given = Object.fromEntries([...sourced].map(([name, { value }]) => [name, value]));
  const values = resolvePaths(schema, Value.Default(schema, given), cwd);
  if (Value.Check(schema, values)) return values;
  throw explain(schema, { values, sourced });
}

function readDefaults(defaults: Readonly<Record<string, unknown>>): [string, Sourced][] {
  return Object.entries(defaults).map(([name, value]) => [name, { value, source: 'the default' }]);
}

function readTexts(
  settings: readonly Setting[],
  find: (setting: Setting) => readonly [source: string, text: string | undefined],
): [string, Sourced][] {
  return settings.flatMap((setting): [string, Sourced][] => {
    const [source, text] = find(setting);
    if (text === undefined) return [];
    return [[setting.name, { value: readSetting(setting.schema, text), source }]];
  });
}

function readFile(schema: SettingSchema, file: string): [string, Sourced][] {
  const content = parseFile(file);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    const message = `Expected ${file} to hold one object of settings.`;
    throw new AttestryError('CONFIG_INVALID', message);
  }
  const resolved = resolvePaths(schema, content, dirname(file)) as Record<string, unknown>;
  return Object.entries(resolved).map(([name, value]) => [name, { value, source: file }]);
}

// JSON is YAML, and the YAML parser refuses duplicate keys, which JSON.parse merges.
function parseFile(file: string): unknown {
  const text = readText(file);
  // Most processes have no file, and to load the parser takes them a tenth of their start.
  const { parseDocument }: typeof import('yaml') = createRequire(import.meta.url)('yaml');
  try {
    const document = parseDocument(text);
    // Its warnings are about tags and directives that it would otherwise ignore.
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.split('\n', 1)[0] : '';
    const message = `Expected ${file} to be JSON or YAML: ${problem}`;
    throw new AttestryError('CONFIG_INVALID', message, { cause });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const message = `Expected the configuration file ${file} to be readable.`;
    throw new AttestryError('FILE_UNREADABLE', message, { cause });
  }
}

interface Refused {
  readonly values: unknown;
  readonly sourced: ReadonlyMap<string, Sourced>;
}

function explain(schema: TObject, { values, sourced }: Refused): AttestryError {
  const [error] = Value.Errors(schema, values);
  if (error === undefined) throw new TypeError('the schema refuses settings without saying why');
  const path = [...error.instancePath.split('/').slice(1), ...memberOf(error)];
  const name = path.join('.');
  const source = sourced.get(path[0] ?? '')?.source ?? null;
  const from = source === null ? '' : ` (from ${source})`;
  const message = `Setting ${name}${from} ${problemOf(error, { schema, values, path })}.`;
  return new AttestryError('CONFIG_INVALID', message, { details: { setting: name, source } });
}

// Missing and unknown members are reported at the object around them.
function memberOf(error: TLocalizedValidationError): string[] {
  if (error.keyword === 'required') return error.params.requiredProperties.slice(0, 1);
  if (error.keyword === 'additionalProperties')
    return error.params.additionalProperties.slice(0, 1);
  return [];
}

interface Place {
  readonly schema: TObject;
  readonly values: unknown;
  readonly path: readonly string[];
}

function problemOf(error: TLocalizedValidationError, { schema, values, path }: Place): string {
  // What `additionalProperties: false` says of an unknown member.
  if (error.keyword === 'boolean') return 'is not known; --help lists all settings';
  if (error.keyword === 'required') return `is missing${waysToGive(schema, path)}`;
  const { secret, description, allowed } = describePlace(schema, path);
  const expected = allowed === undefined ? error.message : `must be one of ${allowed}`;
  const got = secret ? '' : `, got ${JSON.stringify(valueAt(values, path))}`;
  const meaning = description === undefined ? '' : ` (${description.replace(/\.$/, '')})`;
  return `${expected}${got}${meaning}`;
}

function waysToGive(schema: TObject, path: readonly string[]): string {
  const setting = settingsOf(schema).find(({ name }) => path.length === 1 && name === path[0]);
  if (setting === undefined) return '';
  const { flag, env, name } = setting;
  return `: give ${flag === null ? '' : `${flag}, `}${env}, or ${name} in the configuration file`;
}

function describePlace(schema: SettingSchema, path: readonly string[]): PlaceDescription {
  let place: SettingSchema = schema;
  let secret = false;
  for (const step of path) {
    place = place.properties?.[step] ?? place.items ?? {};
    secret ||= place.secret === true;
  }
  return { secret, description: place.description, allowed: allowedValues(place) };
}

interface PlaceDescription {
  readonly secret: boolean;
  readonly description: string | undefined;
  readonly allowed: string | undefined;
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined,
    values,
  );
}
