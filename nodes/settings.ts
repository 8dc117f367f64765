/** What the schema of a configuration says about each setting: its names in file, environment and flags, its text form. */
import { resolve } from 'node:path';
import { type TObject, type TSchema, Value } from '../src/typebox.ts';

/** The JSON Schema keywords that a setting may use, and two of our own. */
export interface SettingSchema extends TSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SettingSchema[];
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly items?: SettingSchema;
  /** The text is a path: a relative one counts from the folder of the file that says it, else from the current one. */
  readonly path?: boolean;
  /** The value never appears in messages, and there is no flag for it: other users of a machine can read flags. */
  readonly secret?: boolean;
}

export interface Setting {
  /** As in a configuration file: `bodyLimitBytes`. */
  readonly name: string;
  /** `ATTESTRY_BODY_LIMIT_BYTES` */
  readonly env: string;
  /** `--body-limit-bytes`; null for secrets. */
  readonly flag: string | null;
  readonly schema: SettingSchema;
  readonly required: boolean;
}

export function settingsOf(schema: TObject): Setting[] {
  const required: ReadonlySet<string> = new Set(schema.required ?? []);
  return Object.entries(schema.properties).map(([name, property]) => {
    const member: SettingSchema = property;
    const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return {
      name,
      env: `ATTESTRY_${words.replaceAll('-', '_').toUpperCase()}`,
      flag: member.secret === true ? null : `--${words}`,
      schema: member,
      required: required.has(name),
    };
  });
}

/**
 * The value that a text from the environment or a flag stands for: the text itself, a list of texts between commas, or
 * JSON; whichever the schema takes. Where it takes none, the likeliest, for the message that refuses it.
 */
export function readSetting(schema: SettingSchema, text: string): unknown {
  const parsed = parseJson(text);
  const fitting = [text, text.split(','), parsed].filter((value) => Value.Check(schema, value));
  if (fitting.length > 0) return fitting[0];
  return schema.type === 'string' || parsed === undefined ? text : parsed;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value with every relative path in it made absolute. */
export function resolvePaths(schema: SettingSchema, value: unknown, folder: string): unknown {
  if (typeof value === 'string') return schema.path === true ? resolve(folder, value) : value;
  if (Array.isArray(value)) {
    const { items = {} } = schema;
    return value.map((item) => resolvePaths(items, item, folder));
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [
    name,
    resolvePaths(schema.properties?.[name] ?? {}, member, folder),
  ]);
  return Object.fromEntries(members);
}

/** The values that a setting may have, where they are a list; the words of the message that refuses another. */
export function allowedValues({ enum: values, anyOf = [] }: SettingSchema): string | undefined {
  const constants = values ?? anyOf.map((member) => member.const);
  if (constants.length === 0 || constants.includes(undefined)) return undefined;
  return constants.map(String).join(', ');
}
