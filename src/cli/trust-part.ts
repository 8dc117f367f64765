/** One party of a trust root as it is written on a command line: `key=…,url=…,region=…,operator=…`. */
import { quote } from '../core/bytes/hex.ts';
import { usageError } from './command.ts';

type Fields = ReadonlyMap<string, readonly string[]>;

/** A log: `key=<vkey>,url=<url>,region=<region>,operator=<who runs it>`. */
export function parseLogPart(text: string): object {
  const fields = readFields(text, ['key', 'url', 'region', 'operator']);
  return single(fields, ['key', 'url', 'region', 'operator']);
}

/** A witness: `key=<vkey>,url=<url>,operator=<who runs it>`. */
export function parseWitnessPart(text: string): object {
  return single(readFields(text, ['key', 'url', 'operator']), ['key', 'url', 'operator']);
}

/** An operator: `id=<id>,key=<hex>,kind=<kind>,log=<origin>`, with as many of the last three as there are. */
export function parseOperatorPart(text: string): object {
  const fields = readFields(text, ['id', 'key', 'kind', 'log']);
  return {
    ...single(fields, ['id']),
    keys: fields.get('key') ?? [],
    kinds: fields.get('kind') ?? [],
    logs: fields.get('log') ?? [],
  };
}

function readFields(text: string, known: readonly string[]): Fields {
  const fields = new Map<string, readonly string[]>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(0, equals)).trim();
    if (!known.includes(name)) {
      throw usageError(
        `Expected ${known.map((field) => `${field}=…`).join(',')}, got ${quote(text)}.`,
      );
    }
    fields.set(name, [...(fields.get(name) ?? []), part.slice(equals + 1).trim()]);
  }
  return fields;
}

function single(fields: Fields, names: readonly string[]): object {
  const entries = names.map((name): [string, string] => {
    const [value, ...more] = fields.get(name) ?? [];
    if (value === undefined || more.length > 0)
      throw usageError(`Expected ${name}=… exactly once.`);
    return [name, value];
  });
  return Object.fromEntries(entries);
}
