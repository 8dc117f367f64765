import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigInput, loadConfig } from '../../nodes/config.ts';
import { AttestryError } from '../../src/errors.ts';
import { type Static, Type } from '../../src/typebox.ts';

const schema = Type.Object(
  {
    origin: Type.String({
      minLength: 3,
      description: 'Name of the log.',
      examples: ['log.example/eu-1'],
    }),
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 8080, description: 'Port.' }),
    level: Type.Union([Type.Literal('info'), Type.Literal('debug')], {
      default: 'info',
      description: 'Log level.',
    }),
    dataFolder: Type.String({ path: true, default: './data', description: 'Where data lives.' }),
    trustProxies: Type.Optional(Type.Array(Type.String(), { description: 'Proxies.' })),
    verbose: Type.Boolean({ default: false, description: 'Says more.' }),
    passphrase: Type.Optional(
      Type.String({ minLength: 8, secret: true, description: 'Opens the key file.' }),
    ),
    witnesses: Type.Optional(
      Type.Array(
        Type.Object(
          {
            url: Type.String({ description: 'Where it answers.' }),
            keyFile: Type.Optional(Type.String({ path: true })),
            timeoutMs: Type.Integer({ default: 5000 }),
          },
          { additionalProperties: false },
        ),
        { description: 'Witnesses.' },
      ),
    ),
  },
  { additionalProperties: false },
);

type Config = Static<typeof schema>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'attestry-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let written = 0;
function configFile(content: string, extension = 'json'): string {
  const file = join(folder, `config-${written++}.${extension}`);
  writeFileSync(file, content);
  return file;
}

function nest(name: string): string {
  const inner = String.fromCharCode(name.charCodeAt(0) - 1);
  return `${name}: &${name} [${`*${inner},`.repeat(9)}]`;
}

interface Given {
  readonly file?: string;
  readonly env?: ConfigInput['env'];
  readonly argv?: readonly string[];
  readonly defaults?: ConfigInput['defaults'];
}

function load({ file, env = {}, argv = [], defaults = {} }: Given): Config {
  const config = loadConfig(schema, {
    name: 'attestry test',
    description: 'A test.',
    example: 'attestry test --origin log.example/eu-1',
    argv: [...(file === undefined ? [] : ['--config', file]), ...argv],
    env,
    defaults,
    cwd: '/somewhere',
  });
  if (config === undefined) throw new Error('help was not asked for');
  return config;
}

/** The message with which the settings are refused, after checking the code. */
function refusal(given: Given, code = 'CONFIG_INVALID'): AttestryError {
  try {
    load(given);
  } catch (error) {
    if (!(error instanceof AttestryError)) throw error;
    expect(error.code).toBe(code);
    return error;
  }
  throw new Error('accepted');
}

describe('loadConfig', () => {
  it('fills in the defaults of the schema, and over them those of the caller', () => {
    const env = { ATTESTRY_ORIGIN: 'a/b' };
    expect(load({ env })).toEqual({
      origin: 'a/b',
      port: 8080,
      level: 'info',
      dataFolder: '/somewhere/data',
      verbose: false,
    });
    expect(load({ env, defaults: { port: 1, dataFolder: 'x' } })).toMatchObject({
      port: 1,
      dataFolder: '/somewhere/x',
    });
  });

  it('lets flags win over the environment, the environment over the file, the file over defaults', () => {
    const file = configFile('{"origin":"file","port":1,"level":"debug","verbose":true}');
    const env = { ATTESTRY_ORIGIN: 'env', ATTESTRY_PORT: '2', ATTESTRY_UNRELATED: 'x' };
    const defaults = { origin: 'default', dataFolder: '/d' };
    expect(load({ file, env, argv: ['--origin', 'flag'], defaults })).toEqual({
      origin: 'flag',
      port: 2,
      level: 'debug',
      verbose: true,
      dataFolder: '/d',
    });
  });

  it('reads JSON and YAML files, named by flag or by environment', () => {
    const yaml = configFile('origin: a/b # comment\nwitnesses:\n  - url: http://w\n', 'yaml');
    const fromYaml = load({ env: { ATTESTRY_CONFIG: yaml } });
    expect(fromYaml.witnesses).toEqual([{ url: 'http://w', timeoutMs: 5000 }]);
    const json = configFile('{"origin":"a/b","witnesses":[{"url":"http://w","timeoutMs":1}]}');
    expect(load({ file: json }).witnesses).toEqual([{ url: 'http://w', timeoutMs: 1 }]);
  });

  it('resolves paths in a file against the file and all others against the current folder', () => {
    const file = configFile(
      '{"origin":"a/b","dataFolder":"d","witnesses":[{"url":"u","keyFile":"k"},{"url":"u","keyFile":"/k"}]}',
    );
    const config = load({ file });
    expect(config.dataFolder).toBe(join(folder, 'd'));
    expect(config.witnesses?.map(({ keyFile }) => keyFile)).toEqual([join(folder, 'k'), '/k']);
    expect(config.witnesses?.[0]?.url).toBe('u');
    expect(load({ file, argv: ['--data-folder', 'e'] }).dataFolder).toBe('/somewhere/e');
    expect(load({ file, env: { ATTESTRY_DATA_FOLDER: '../f' } }).dataFolder).toBe('/f');
  });

  it('reads texts by the type of the setting: numbers, booleans, lists, JSON', () => {
    const argv = ['--origin', '123', '--port', '0', '--verbose', '--trust-proxies', '10.0.0.1,::1'];
    const env = { ATTESTRY_WITNESSES: '[{"url":"http://w"}]' };
    expect(load({ argv, env })).toMatchObject({
      origin: '123',
      port: 0,
      verbose: true,
      trustProxies: ['10.0.0.1', '::1'],
      witnesses: [{ url: 'http://w', timeoutMs: 5000 }],
    });
    const off = load({ argv: ['--origin', 'a/b', '--verbose', 'false'], env: {} });
    expect(off.verbose).toBe(false);
  });

  it('names a wrong setting, where it came from, what was expected and what came', () => {
    const origin = { ATTESTRY_ORIGIN: 'a/b' };
    const port = refusal({ env: { ...origin, ATTESTRY_PORT: '99999' } });
    expect(port.message).toBe(
      'Setting port (from ATTESTRY_PORT) must be <= 65535, got 99999 (Port).',
    );
    expect(port.details).toEqual({ setting: 'port', source: 'ATTESTRY_PORT' });
    const text = refusal({ env: origin, argv: ['--port', 'http'] });
    expect(text.message).toContain('Setting port (from --port) must be integer, got "http"');
    const level = refusal({ env: origin, argv: ['--level', 'loud'] });
    expect(level.message).toContain('must be one of info, debug, got "loud"');
    const file = configFile('{"origin":"a/b","witnesses":[{"url":"u"},{"url":7}]}');
    const nested = refusal({ file });
    expect(nested.message).toContain(
      `Setting witnesses.1.url (from ${file}) must be string, got 7`,
    );
    const missing = refusal({ file: configFile('{"origin":"a/b","witnesses":[{}]}') });
    expect(missing.message).toContain('Setting witnesses.0.url');
    expect(missing.message).toContain('is missing');
  });

  it('says how to give a setting that is missing', () => {
    expect(refusal({}).message).toBe(
      'Setting origin is missing: give --origin, ATTESTRY_ORIGIN, or origin in the configuration file.',
    );
  });

  it('refuses settings and flags that it does not know', () => {
    const unknown = refusal({ file: configFile('{"origin":"a/b","prot":1}') });
    expect(unknown.message).toMatch(/^Setting prot \(from .+\) is not known/);
    expect(unknown.details).toMatchObject({ setting: 'prot' });
    const nested = refusal({
      file: configFile('{"origin":"a/b","witnesses":[{"url":"u","x":1}]}'),
    });
    expect(nested.message).toContain('Setting witnesses.0.x');
    expect(refusal({ argv: ['--prot', '1'] }).message).toContain('--port');
    expect(refusal({ argv: ['--port'] }).message).toContain('--port');
    expect(refusal({ argv: ['stray'] }).message).toContain('too many arguments');
    refusal({ file: configFile('{"origin":"a/b","__proto__":{"port":1}}') });
    refusal({ file: configFile('{"origin":"a/b","constructor":1}') });
  });

  it('refuses files that are not one object of settings', () => {
    refusal({ file: configFile('{"origin":"a/b","origin":"c/d"}') });
    refusal({ file: configFile('{"origin":') });
    refusal({ file: configFile('[]') });
    refusal({ file: configFile('origin: !secret a/b', 'yaml') });
    refusal({ file: configFile('origin: *unknown', 'yaml') });
    const bomb = ['a: &a [x, x]', ...'bcdefghij'.split('').map(nest)].join('\n');
    refusal({ file: configFile(bomb, 'yaml') });
    refusal({ file: configFile('') });
    refusal({ file: join(folder, 'missing.json') }, 'FILE_UNREADABLE');
  });

  it('refuses whatever it cannot take with a code, never with another error', () => {
    const names = fc.constantFrom('origin', 'port', 'witnesses', 'dataFolder', '__proto__', 'x');
    const content = fc.oneof(
      fc.json(),
      fc.string({ maxLength: 60 }),
      fc.dictionary(names, fc.jsonValue()).map((settings) => JSON.stringify(settings)),
    );
    const env = fc.dictionary(
      fc.constantFrom('ATTESTRY_ORIGIN', 'ATTESTRY_PORT', 'ATTESTRY_WITNESSES'),
      fc.oneof(fc.json(), fc.string()),
    );
    const argv = fc.array(
      fc.oneof(fc.constantFrom('--port', '--verbose', '--', '-x'), fc.string()),
    );
    fc.assert(
      fc.property(content, env, argv, (text, variables, words) => {
        const file = configFile(text);
        try {
          load({ file, env: variables, argv: words.filter((word) => !/^--?h/.test(word)) });
        } catch (error) {
          if (!(error instanceof AttestryError)) throw error;
          expect(error.code).toBe('CONFIG_INVALID');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('shows no secret: not in messages, not as a flag', () => {
    const env = { ATTESTRY_ORIGIN: 'a/b', ATTESTRY_PASSPHRASE: 'short' };
    const error = refusal({ env });
    expect(error.message).toContain('Setting passphrase');
    expect(error.message).not.toContain('short');
    refusal({ argv: ['--passphrase', 'long enough'] });
    expect(load({ env: { ...env, ATTESTRY_PASSPHRASE: 'long enough' } }).passphrase).toBe(
      'long enough',
    );
  });

  it('prints every setting with its names, default and example, and loads nothing, for --help', () => {
    const printed: string[] = [];
    const config = loadConfig(schema, {
      name: 'attestry test',
      description: 'A test.',
      example: 'attestry test --origin log.example/eu-1',
      argv: ['--port', 'wrong', '--help'],
      env: {},
      print: (text) => printed.push(text),
    });
    expect(config).toBeUndefined();
    const help = printed.join('').replace(/\s+/g, ' ');
    for (const part of [
      'Usage: attestry test',
      '--config <file>',
      '--origin <value> Name of the log. (env: ATTESTRY_ORIGIN, example: log.example/eu-1, required)',
      '--port <value> Port. (env: ATTESTRY_PORT, default: 8080)',
      '--data-folder <value>',
      'one of: info, debug',
      '--verbose [value]',
      'passphrase: Opens the key file. (env: ATTESTRY_PASSPHRASE)',
      'Example: attestry test --origin log.example/eu-1',
    ]) {
      expect(help).toContain(part);
    }
  });
});
