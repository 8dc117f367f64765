import { beforeAll, describe, expect, test } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import { parseTrustRoot, readTrustRoot } from '../../src/core/trust/trust-root.ts';
import { writeKeyFile } from '../../src/keys/key-file.ts';
import { trustRootFile } from '../helpers/fixtures.ts';
import { rootSeed, signTrust } from '../helpers/signed-trust.ts';
import { Stage } from './stage.ts';

const EXPIRES = ['--expires', '2100-01-01T00:00:00Z'];

describe('attestry trust', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.make();
    for (const number of [1, 2, 3]) {
      const key = { name: `root${number}`, type: SIGNATURE_TYPE.ed25519, seed: rootSeed(number) };
      await writeKeyFile(stage.path(`root${number}.key`), key);
    }
    return () => stage.remove();
  });

  const root = (number: number): readonly string[] => [
    ...['--root', encodeHex(publicKeyOf(rootSeed(number)))],
  ];

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
          ...keys.map(({ key }) => `key=${key}`),
          ...KINDS.map((kind) => `kind=${kind}`),
          `log=${stage.log.origin}`,
        ].join(','),
      ]),
    ];
  }

  test('drafts from flags what the format makes from its parts, and signs it', async () => {
    const flags = [...asFlags(), ...root(1), ...EXPIRES, '--quorum', '3'];
    const file = trustRootFile([stage.log], stage.network.witnesses, 3);
    await stage.write('made.json', await stage.do('trust', 'init', ...flags));
    expect(await stage.read('made.json')).toEqual(new Uint8Array(signTrust(file, [])));
    const signed = await stage.do('trust', 'sign', 'made.json', '--key', 'root1.key');
    expect(new TextEncoder().encode(signed)).toEqual(signTrust(file));
  });

  test('adds flags to a description, in JSON or YAML', async () => {
    const { key, url, operator } = trustRootFile([stage.log], [], 0).logs[0] ?? {};
    await stage.write(
      'network.yaml',
      `logs:\n  - key: ${key}\n    url: ${url}\n    region: eu\n    operator: ${operator}\nwitnessQuorum: 3\n`,
    );
    const flags = [...asFlags().slice(2), ...root(1), ...root(2), ...root(3)];
    const stdout = await stage.do('trust', 'init', '--file', 'network.yaml', ...flags);
    const { witnessQuorum, roots, version } = readTrustRoot(new TextEncoder().encode(stdout));
    expect([witnessQuorum, roots.keys.size, roots.threshold, version]).toEqual([3, 3, 2, 1]);
  });

  test('carries a draft from one holder of a root key to the next', async () => {
    const flags = [...asFlags(), ...root(1), ...root(2), ...root(3), '--quorum', '3'];
    await stage.do('trust', 'init', ...flags, '--out', 'draft.json');
    await stage.do('trust', 'sign', 'draft.json', '--key', 'root3.key', '--out', 'one.json');
    const short = ['verify', 'model.bin', '--trust', 'one.json'];
    expect((await stage.run(...short)).stderr).toMatch(/^error TRUST_THRESHOLD_SHORT: /);
    await stage.do('trust', 'sign', 'one.json', '--key', 'root1.key', '--out', 'two.json');
    const trust = parseTrustRoot(await stage.read('two.json'));
    expect(await stage.do('trust', 'show', 'two.json')).toContain('2 of 3 root keys have signed');
    expect(trust.digest).toBe(readTrustRoot(await stage.read('draft.json')).digest);
  });

  test('refuses a quorum that tolerates no dishonest witness, unless told to take it', async () => {
    const weak = ['trust', 'init', ...asFlags(), ...root(1), '--quorum', '2'];
    const { code, stdout, stderr } = await stage.run(...weak);
    expect(stderr).toMatch(/^error TRUST_QUORUM_WEAK: A quorum of 2 of 4 .* tolerates nothing/);
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
    ['a threshold of more than all', ['--quorum', '3', '--threshold', '2'], 1],
    ['a key that is none', ['--quorum', '3', '--operator', 'id=x,key=00,kind=usage,log=y'], 1],
  ])('refuses %s', async (_, more, expected) => {
    const args = ['trust', 'init', ...asFlags(), ...root(1), ...more];
    const { code, stdout, stderr } = await stage.run(...args);
    expect(stderr).toMatch(expected === 64 ? /^error: / : /^error TRUST_MALFORMED: /);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  });

  test('shows digest, parties and tolerance, to people and to machines', async () => {
    const { digest, file } = parseTrustRoot(await stage.read('trust.json'));
    const stdout = await stage.do('trust', 'show', 'trust.json');
    expect(stdout).toContain(digest);
    expect(stdout).toContain('tolerates 1 dishonest one');
    expect(stdout).toContain('1 of 1 root keys have signed');
    for (const name of ['eu.log.example', 'witness4.example', 'operator-eu', 'revocation']) {
      expect(stdout).toContain(name);
    }
    const json: unknown = JSON.parse(await stage.do('trust', 'show', 'trust.json', '--json'));
    expect(json).toEqual({ digest, signed: true, tolerance: 1, ...file });
  });
});
