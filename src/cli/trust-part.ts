/** One party of a trust root as it is written on a command line: `key=…,url=…,region=…,operator=…`. */
import { quote } from '../core/bytes/hex.ts';
import { usageError } from './command.ts';

/** From when until when something counts; either may be left out. */
const WINDOW = ['validFrom', 'validUntil'];

type Fields = ReadonlyMap<string, readonly string[]>;

/** A log: `key=<vkey>,url=<url>,region=<region>,operator=<who runs it>`, and its window. */
export function parseLogPart(text: string): object {
  const names = ['key', 'url', 'region', 'operator'];
  const fields = readFields(text, [...names, ...WINDOW]);
  return { ...single(fields, names), ...windowOf(fields) };
}

/** A witness or verifier: `key=<vkey>,url=<url>,operator=<who runs it>`, and its window. */
export function parseCosignerPart(text: string): object {
  const names = ['key', 'url', 'operator'];
  const fields = readFields(text, [...names, ...WINDOW]);
  return { ...single(fields, names), ...windowOf(fields) };
}

/**
 * An operator: `id=<id>,key=<hex>,kind=<kind>,log=<origin>,model=<digest>`, with as many of the last four as there are, and
 * a window for the keys. Without models it may speak about all.
 */
export function parseOperatorPart(text: string): object {
  const fields = readFields(text, ['id', 'key', 'kind', 'log', 'model', ...WINDOW]);
  const models = fields.get('model');
  return {
    ...single(fields, ['id']),
    keys: (fields.get('key') ?? []).map((key) => ({ key, ...windowOf(fields) })),
    kinds: fields.get('kind') ?? [],
    logs: fields.get('log') ?? [],
    ...(models === undefined ? {} : { models }),
  };
}

function windowOf(fields: Fields): object {
  return single(
    fields,
    WINDOW.filter((name) => fields.has(name)),
  );
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
