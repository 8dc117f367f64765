import { describe, expect, test } from 'vitest';
import { KINDS } from '../../src/core/statement/statement.ts';
import { VERSION } from '../../src/version.ts';
import { attestry, succeeding } from './command-line.ts';

const COMMANDS = [
  [],
  ['keygen'],
  ['digest'],
  ['state'],
  ...KINDS.map((kind) => ['state', kind]),
  ['submit'],
  ['receipt'],
  ['verify'],
  ['audit'],
  ['fsck'],
  ['invoice'],
  ['invoice', 'check'],
  ['trust'],
  ...['init', 'add', 'rotate', 'revoke', 'sign', 'show', 'diff', 'import', 'export'].map((name) => [
    'trust',
    name,
  ]),
  ['node'],
  ['witness'],
  ['verifier'],
];

describe('attestry --help', () => {
  test.each(COMMANDS.map((command) => [command.join(' '), command] as const))(
    'shows an example of %j',
    async (_, command) => {
      const help = await succeeding([...command, '--help']);
      expect(help).toMatch(/^Usage: attestry/);
      expect(help).toMatch(/\nExamples?:\n {2}attestry /);
      expect(help).not.toContain('\u001b');
    },
  );

  test('lists every command and the exit codes', async () => {
    const help = await succeeding(['--help']);
    for (const [name] of COMMANDS) if (name !== undefined) expect(help).toContain(`\n  ${name}`);
    expect(help).toContain('0 VALID');
  });
});

describe('attestry', () => {
  test('says its version', async () => {
    expect(await succeeding(['--version'])).toBe(`${VERSION}\n`);
  });

  test.each([
    [[]],
    [['frobnicate']],
    [['state']],
    [['trust']],
    [['verify']],
    [['verify', 'a', 'b', '--trust', 't']],
    [['verify', 'a', '--trust', 't', '--frobnicate']],
    [['digest', 'a', '--shard-size', '0']],
    [['digest', 'a', '--shard-size', '1e3']],
    [['keygen', '--type', 'king', '--name', 'x', '--out', 'y']],
    [['submit', 'a', '--trust', 't', '--wait', 'forever']],
    [['state', 'usage']],
  ])('ends with 64 and says why on %j', async (args) => {
    const { code, stdout, stderr } = await attestry(args);
    expect(code).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/error: |^Usage: /);
    expect(stderr).not.toContain('    at ');
  });
});
