import { beforeAll, describe, expect, test } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { formatVkey, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { finalDigest } from '../../src/core/trust/retirement.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { parseTrustRoot, readTrustRoot } from '../../src/core/trust/trust-root.ts';
import { verifyTrustRootUpdate } from '../../src/core/trust/update.ts';
import { writeKeyFile } from '../../src/keys/key-file.ts';
import { operatorSeed } from '../helpers/fixtures.ts';
import { testSigner } from '../helpers/signed-log.ts';
import { rootSeed } from '../helpers/signed-trust.ts';
import { Stage } from './stage.ts';

const NEW_KEY = encodeHex(publicKeyOf(operatorSeed('operator-eu', 7)));
const NEW_WITNESS = formatVkey(testSigner('witness5.example', SIGNATURE_TYPE.cosignature).vkey);

describe('attestry trust, of a trust root that changes', () => {
  let stage: Stage;
  let first: TrustRoot;
  beforeAll(async () => {
    stage = await Stage.make();
    first = parseTrustRoot(await stage.read('trust.json'));
    for (const number of [1, 2]) {
      const key = { name: `root${number}`, type: SIGNATURE_TYPE.ed25519, seed: rootSeed(number) };
      await writeKeyFile(stage.path(`root${number}.key`), key);
    }
    return () => stage.remove();
  });

  const draft = async (...args: readonly string[]): Promise<TrustRoot> => {
    const [command = '', ...flags] = args;
    await stage.do('trust', command, 'trust.json', ...flags, '--out', 'draft.json');
    return readTrustRoot(await stage.read('draft.json'));
  };
  const sign = (...more: readonly string[]): readonly string[] => [
    ...['trust', 'sign', 'draft.json', '--key', 'root1.key', '--out', 'next.json', ...more],
  ];

  test('adds a witness, and is followed from the version before', async () => {
    const part = `key=${NEW_WITNESS},url=https://w5.example,operator=five`;
    const { file } = await draft('add', '--witness', part, '--quorum', '4');
    expect([file.version, file.previous]).toEqual([2, first.digest]);
    await stage.do(...sign('--from', 'trust.json'));
    const next = verifyTrustRootUpdate(first, await stage.read('next.json'));
    expect([next.witnesses.length, next.witnessQuorum]).toEqual([5, 4]);
    await stage.do('trust', 'export', '--trust', 'next.json', '--trust-from', 'trust.json');
    const lines = await stage.do('trust', 'diff', 'trust.json', 'next.json');
    expect(lines).toMatch(/^\+ witness witness5\.example: /m);
    expect(lines).toMatch(/^~ quorum of witnesses: 3 → 4$/m);
    expect(lines).not.toContain('witness1.example');
  });

  test('replaces a witness, whose window ends', async () => {
    const [from, until] = ['2030-01-01T00:00:00Z', '2030-01-02T00:00:00Z'];
    const { file } = await draft(
      ...['rotate', '--old', 'witness4.example', '--new', NEW_WITNESS],
      ...['--url', 'https://w5.example', '--from', from, '--until', until],
    );
    const [old, next] = file.witnesses.slice(-2);
    expect(old).toEqual({ ...first.file.witnesses[3], validUntil: until });
    expect(next).toEqual({
      key: NEW_WITNESS,
      operator: first.file.witnesses[3]?.operator,
      url: 'https://w5.example',
      validFrom: from,
    });
  });

  test("rotates an operator's key and a root key", async () => {
    const [old = ''] = first.file.operators[0]?.keys.map(({ key }) => key) ?? [];
    const { file } = await draft('rotate', '--old', old, '--new', NEW_KEY);
    const [ended, begun] = file.operators[0]?.keys ?? [];
    expect([ended?.key, begun?.key]).toEqual([old, NEW_KEY]);
    expect(Date.parse(ended?.validUntil ?? '')).toBeGreaterThan(Date.parse(begun?.validFrom ?? ''));
    const [leaving, coming] = [1, 2].map((number) => encodeHex(publicKeyOf(rootSeed(number))));
    await draft('rotate', '--old', leaving as string, '--new', coming as string);
    expect((await stage.run(...sign())).stderr).toMatch(/^error KEY_UNKNOWN: /);
    const { code, stderr } = await stage.run(...sign('--from', 'trust.json'));
    expect([code, stderr]).toEqual([0, expect.stringContaining('0 of 1 root keys have signed')]);
    const again = ['trust', 'sign', 'next.json', '--from', 'trust.json', '--key', 'root2.key'];
    await stage.do(...again, '--out', 'both.json');
    expect(verifyTrustRootUpdate(first, await stage.read('both.json')).version).toBe(2);
  });

  test("revokes an operator's key at a size of each of its logs", async () => {
    const [old = ''] = first.file.operators[0]?.keys.map(({ key }) => key) ?? [];
    const { file } = await draft('revoke', '--key', old, '--at', 'eu.log.example=12');
    expect(file.operators[0]?.keys).toEqual([{ key: old, revoked: { 'eu.log.example': 12 } }]);
    const refused = async (...flags: readonly string[]): Promise<number | null> =>
      (await stage.run('trust', 'revoke', 'trust.json', ...flags)).code;
    expect(await refused('--key', old, '--at', 'other=12')).toBe(64);
    expect(await refused('--key', old, '--at', 'eu.log.example=-1')).toBe(64);
    expect(await refused('--key', NEW_KEY, '--at', 'eu.log.example=1')).toBe(1);
  });

  test('retires a log at a final checkpoint that the quorum has cosigned', async () => {
    const { log } = stage;
    log.append(new TextEncoder().encode('the last entry'));
    const { vkey } = testSigner('eu2.log.example', SIGNATURE_TYPE.ed25519);
    const args = ['trust', 'rotate', 'trust.json', '--old', log.origin, '--final', 'final.txt'];
    const url = ['--new', formatVkey(vkey), '--url', 'https://eu2.example'];
    await stage.write('final.txt', log.checkpoint());
    const { code, stderr } = await stage.run(...args, ...url);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error QUORUM_SHORT: /m)]);
    await stage.write('final.txt', log.cosigned({ time: stage.now }));
    const drafted = await stage.run(...args, ...url, '--out', 'draft.json');
    const root = log.tree.root();
    expect(drafted.stderr).toContain(finalDigest(log.origin, { size: 1, root }));
    const { file } = readTrustRoot(await stage.read('draft.json'));
    const retired = { size: 1, root: encodeHex(root), successor: vkey.name };
    expect(file.logs[0]).toEqual({ ...first.file.logs[0], retired });
    expect(file.logs[1]).toMatchObject({ key: formatVkey(vkey), url: 'https://eu2.example' });
    expect(file.operators[0]?.logs).toEqual([log.origin, vkey.name]);
  });

  test('is taken only with the digest that was told, and never back', async () => {
    await draft('add', '--quorum', '4');
    await stage.do(...sign('--from', 'trust.json'));
    const { digest } = parseTrustRoot(await stage.read('next.json'));
    const run = async (...flags: readonly string[]): Promise<string> => {
      const { code, stderr } = await stage.run('trust', 'export', ...flags);
      return code === 0 ? 'taken' : (/^error (\w+):/m.exec(stderr)?.[1] ?? stderr);
    };
    expect(await run('--trust', 'next.json', '--trust-digest', digest)).toBe('taken');
    expect(await run('--trust', 'trust.json', '--trust-digest', digest)).toBe(
      'TRUST_DIGEST_MISMATCH',
    );
    expect(await run('--trust', 'trust.json', '--trust-from', 'next.json')).toBe(
      'TRUST_VERSION_BACK',
    );
    expect(await run('--trust', 'draft.json')).toBe('TRUST_THRESHOLD_SHORT');
  });

  test('is refused by every command where its quorum tolerates no one, unless accepted', async () => {
    const args = ['trust', 'add', 'trust.json', '--quorum', '2'];
    expect((await stage.run(...args)).stderr).toMatch(/^error TRUST_QUORUM_WEAK: /);
    await stage.do(...args, '--accept-weak-quorum', '--out', 'draft.json');
    await stage.do(...sign('--from', 'trust.json'));
    const weak = ['trust', 'export', '--trust', 'next.json'];
    const { code, stderr } = await stage.run(...weak);
    expect([code, stderr]).toEqual([1, expect.stringContaining('error TRUST_QUORUM_WEAK: ')]);
    expect((await stage.run(...weak, '--accept-weak-quorum')).code).toBe(0);
  });

  test('goes to C2SP tlog-policy and back as a description', async () => {
    await stage.do('trust', 'export', '--trust', 'trust.json', '--out', 'policy.txt');
    const flags = ['--region', 'eu', '--out', 'description.json'];
    await stage.do('trust', 'import', 'policy.txt', ...flags);
    const root = encodeHex(publicKeyOf(rootSeed(1)));
    const operator = `id=op,key=${NEW_KEY},kind=usage,log=eu.log.example`;
    const made = ['trust', 'init', '--file', 'description.json', '--root', root];
    await stage.do(...made, '--operator', operator, '--out', 'draft.json');
    const { file } = readTrustRoot(await stage.read('draft.json'));
    const keys = (parties: readonly { readonly key: string }[]): readonly string[] =>
      parties.map(({ key }) => key);
    expect(keys(file.witnesses)).toEqual(keys(first.file.witnesses));
    expect(keys(file.logs)).toEqual(keys(first.file.logs));
    expect(file.witnessQuorum).toBe(3);
  });
});
