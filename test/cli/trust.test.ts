import { beforeAll, describe, expect, test } from 'vitest';
import { KINDS } from '../../src/core/statement/statement.ts';
import { formatTrustRoot, parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import { trustRootFile } from '../helpers/fixtures.ts';
import { Stage } from './stage.ts';

describe('attestry trust', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.make();
    return () => stage.remove();
  });

  /** The trust root of the test network as flags. */
  function asFlags(): readonly string[] {
    const { logs, witnesses, operators } = trustRootFile([stage.log], stage.network.witnesses, 3);
    return [
      ...logs.flatMap(({ key, url, region, operator }) => [
        ...['--log', `key=${key},url=${url},region=${region},operator=${operator}`],
      ]),
      ...witnesses.flatMap(({ key, url, operator }) => [
        ...['--witness', `key=${key},url=${url},operator=${operator}`],
      ]),
      ...operators.flatMap(({ id, keys }) => [
        '--operator',
        [
          `id=${id}`,
          ...keys.map((key) => `key=${key}`),
          ...KINDS.map((kind) => `kind=${kind}`),
          `log=${stage.log.origin}`,
        ].join(','),
      ]),
    ];
  }

  test('makes the same file from flags as the format does from its parts', async () => {
    const stdout = await stage.do('trust', 'make', ...asFlags(), '--quorum', '3');
    const file = trustRootFile([stage.log], stage.network.witnesses, 3);
    expect(new TextEncoder().encode(stdout)).toEqual(formatTrustRoot(file));
  });

  test('adds flags to a description, in JSON or YAML', async () => {
    const { key, url, operator } = trustRootFile([stage.log], [], 0).logs[0] ?? {};
    await stage.write(
      'network.yaml',
      `logs:\n  - key: ${key}\n    url: ${url}\n    region: eu\n    operator: ${operator}\nwitnessQuorum: 3\n`,
    );
    const flags = asFlags().slice(2);
    const stdout = await stage.do('trust', 'make', '--file', 'network.yaml', ...flags);
    expect(parseTrustRoot(new TextEncoder().encode(stdout)).witnessQuorum).toBe(3);
  });

  test('refuses a quorum that tolerates no dishonest witness, unless told to take it', async () => {
    const weak = ['trust', 'make', ...asFlags(), '--quorum', '2'];
    const { code, stdout, stderr } = await stage.run(...weak);
    expect(stderr).toMatch(
      /^error TRUST_QUORUM_WEAK: A quorum of 2 of 4 witnesses tolerates nothing/,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const taken = await stage.run(...weak, '--accept-weak-quorum');
    expect(taken.code).toBe(0);
    expect(taken.stderr).toContain('tolerates nothing');
  });

  test.each([
    ['an unknown field', ['--log', 'key=x,color=red'], 64],
    ['a field twice', ['--witness', 'key=x,key=y,url=z,operator=o'], 64],
    ['a missing field', ['--witness', 'key=x'], 64],
    ['no quorum', [], 1],
    ['a quorum of more than all', ['--quorum', '5'], 1],
    ['a key that is none', ['--quorum', '3', '--operator', 'id=x,key=00,kind=usage,log=y'], 1],
  ])('refuses %s', async (_, more, expected) => {
    const { code, stdout, stderr } = await stage.run('trust', 'make', ...asFlags(), ...more);
    expect(stderr).toMatch(expected === 64 ? /^error: / : /^error TRUST_MALFORMED: /);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  });

  test('shows digest, parties and tolerance, to people and to machines', async () => {
    const { digest, file } = parseTrustRoot(await stage.read('trust.json'));
    const stdout = await stage.do('trust', 'show', 'trust.json');
    expect(stdout).toContain(digest);
    expect(stdout).toContain('tolerates 1 dishonest one');
    for (const name of ['eu.log.example', 'witness4.example', 'operator-eu', 'revocation']) {
      expect(stdout).toContain(name);
    }
    const json: unknown = JSON.parse(await stage.do('trust', 'show', 'trust.json', '--json'));
    expect(json).toEqual({ digest, tolerance: 1, ...file });
  });
});
