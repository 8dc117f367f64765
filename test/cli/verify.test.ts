import { mkdir, rename } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { formatDossier } from '../../src/core/dossier/dossier.ts';
import { formatFinding } from '../../src/core/finding/finding.ts';
import type { Report } from '../../src/core/report/report.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import { modelsOf, parseStatement } from '../../src/core/statement/statement.ts';
import { contradiction } from '../helpers/findings.ts';
import { attestry } from './command-line.ts';
import { CONTEXT_FLAGS, Stage } from './stage.ts';

const TRUST = ['--trust', 'trust.json'];

describe('attestry verify', () => {
  let stage: Stage;
  let model = '';
  beforeAll(async () => {
    stage = await Stage.make();
    await stage.logged(await stage.state('model.bin'), 'file-receipt.json');
    const entry = await stage.state('model', '--shard-size', '4');
    await stage.logged(entry, 'receipt.json');
    await stage.write('committed.json', '');
    const { payload } = parseEnvelope(entry);
    model = modelsOf(parseStatement(payload))[0] as string;
    const { log } = stage;
    await stage.write(
      'dossier.json',
      formatDossier({
        model,
        logs: [log.dossierLog(model, { time: stage.now })],
        findings: [],
      }),
    );
    await stage.write('finding.json', formatFinding(contradiction(log)));
    return () => stage.remove();
  });

  test('says VALID of a receipt and a dossier, and ends with 0', async () => {
    for (const file of ['receipt.json', 'dossier.json']) {
      const { code, stdout, stderr } = await stage.run(
        'verify',
        file,
        ...TRUST,
        '--model',
        'model',
      );
      expect(stderr).toMatch(/^Trust root [^\n]* tolerates 1 dishonest one\.\n$/);
      expect(stdout).toMatch(/^VALID: .*; the model in hand is the one stated\n/);
      expect(stdout).toContain('eu.log.example');
      expect(stdout).toContain('Not proven');
      expect(code).toBe(0);
    }
  });

  test('says the same of a model whose folder has been renamed, and of a single file', async () => {
    await rename(stage.path('model'), stage.path('renamed'));
    const { code } = await stage.run('verify', 'receipt.json', ...TRUST, '--model', 'renamed');
    await rename(stage.path('renamed'), stage.path('model'));
    expect(code).toBe(0);
    await stage.do('verify', 'file-receipt.json', ...TRUST, '--model', 'model.bin');
  });

  test('says INVALID of another model, and ends with 1', async () => {
    await stage.write('flipped.bin', 'thf model');
    const flipped = ['verify', 'file-receipt.json', ...TRUST, '--model', 'flipped.bin'];
    const { code, stdout } = await stage.run(...flipped);
    expect(stdout).toMatch(
      /^INVALID: .*; the model in hand is NOT the one stated\n {2}SUBJECT_MISMATCH: /,
    );
    expect(code).toBe(1);
  });

  test('says INCONCLUSIVE of a receipt short of its quorum, and ends with 2', async () => {
    const entry = await stage.state('model.bin', '--purpose', 'another entry');
    const witnesses = stage.network.witnesses.slice(0, 2);
    await stage.logged(entry, 'short.json', { witnesses });
    const { code, stdout } = await stage.run('verify', 'short.json', ...TRUST);
    expect(stdout).toMatch(/^INCONCLUSIVE: receipt\n {2}QUORUM_SHORT: /);
    expect(code).toBe(2);
  });

  test('says EQUIVOCATION of a log that contradicts itself, and ends with 3', async () => {
    const { code, stdout } = await stage.run('verify', 'finding.json', ...TRUST);
    expect(stdout).toMatch(/^EQUIVOCATION: finding\n {2}CHECKPOINT_CONTRADICTION: /);
    expect(code).toBe(3);
  });

  test('prints the report as JSON for machines', async () => {
    const json = await stage.do('verify', 'dossier.json', ...TRUST, '--json', '--model', 'model');
    const report = JSON.parse(json) as Report;
    expect(report).toMatchObject({
      type: 'attestry/report',
      version: 1,
      of: 'dossier',
      outcome: 'VALID',
      problems: [],
      artifact: 'matches',
      model,
    });
    expect(report.statements.map(({ kind }) => kind)).toEqual(['deployment']);
    expect(report.logs.map(({ witnesses }) => witnesses.length)).toEqual([3]);
  });

  test('reads standard input, and the trust root that the environment names', async () => {
    const { code } = await attestry(['verify', '-'], {
      cwd: stage.folder,
      input: await stage.read('receipt.json'),
      env: { ATTESTRY_TRUST: 'trust.json' },
    });
    expect(code).toBe(0);
  });

  test('proves one shard alone, and nothing but that shard', async () => {
    const proving = ['digest', 'model', '--shard-size', '4', '--prove', '2', '--out', 'proof.json'];
    await stage.do(...proving);
    // Shard 0 is README.md from 0 to 4, shard 2 is weights.bin from 0 to 4.
    await stage.write('shard', '0123');
    await stage.write('damaged', '0124');
    const verify = async (path: string, proof = 'proof.json') =>
      await stage.run('verify', 'receipt.json', ...TRUST, '--model', path, '--shard-proof', proof);
    expect((await verify('shard')).code).toBe(0);
    expect((await verify('model')).code).toBe(0);
    const damaged = await verify('damaged');
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toContain('SHARD_MISMATCH');
    const text = new TextDecoder().decode(await stage.read('proof.json'));
    await stage.write('moved.json', text.replace('"index":2', '"index":1'));
    const moved = await verify('shard', 'moved.json');
    expect(moved.code).toBe(1);
    expect(moved.stdout).toContain('SHARD_MISMATCH');
    await stage.write('noise.json', text.slice(1));
    expect(await verify('shard', 'noise.json')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error JSON_MALFORMED: /m),
    });
  });

  test('wants the shard with its proof', async () => {
    const args = ['verify', 'receipt.json', ...TRUST, '--shard-proof', 'proof.json'];
    expect((await stage.run(...args)).code).toBe(64);
  });

  test('prints tables without colours into a pipe, and even where CI asks for colours', async () => {
    const { stdout } = await attestry(['verify', 'dossier.json', ...TRUST], {
      cwd: stage.folder,
      env: { CI: 'true', FORCE_COLOR: '1' },
    });
    expect(stdout).not.toContain('\u001b');
  });

  test('sums usage per region and operator', async () => {
    const window = ['--from', '2020-01-01T10:00:00Z', '--to', '2020-01-01T10:30:00Z'];
    const counts = ['--requests', '3', '--input-uncached', '70', '--output-visible', '40'];
    await stage.do(
      ...['state', 'usage', ...CONTEXT_FLAGS, '--subject', 'model.bin', '--meter', 'm'],
      ...[
        '--method',
        'words',
        ...window,
        ...counts,
        '--key',
        'operator.key',
        '--out',
        'usage.json',
      ],
    );
    await stage.logged(await stage.read('usage.json'), 'usage-receipt.json');
    const stdout = await stage.do('verify', 'usage-receipt.json', ...TRUST);
    expect(stdout).toMatch(/eu +│ operator-eu +│ 1 .*│ 3 +│ 70 \(0 cached\) +│ 40 \(0 reasoning\)/);
  });

  test.each([
    ['an empty file', '', 'JSON_MALFORMED'],
    ['a NUL', '\0', 'JSON_MALFORMED'],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe), 'INPUT_NOT_UTF8'],
    ['JSON of something else', '{}', 'RECEIPT_MALFORMED'],
    ['very deep JSON', '['.repeat(100_000), 'JSON_TOO_DEEP'],
    [
      'duplicate keys',
      '{"type":"attestry/receipt","type":"attestry/receipt"}',
      'JSON_NOT_CANONICAL',
    ],
    ['a forbidden key', '{"__proto__":{}}', 'JSON_KEY_FORBIDDEN'],
  ])('says INVALID of %s, with its code', async (_, content, expected) => {
    await stage.write('bad.json', content);
    const { code, stdout, stderr } = await stage.run('verify', 'bad.json', ...TRUST);
    expect(stdout).toContain(`${expected}: `);
    expect(stdout + stderr).not.toContain('    at ');
    expect(code).toBe(1);
  });

  test.each([
    ['a folder instead of a file', ['verify', '.', ...TRUST], 'FILE_UNREADABLE'],
    ['a file that is not there', ['verify', 'none.json', ...TRUST], 'FILE_UNREADABLE'],
    ['a file without end', ['verify', '/dev/zero', ...TRUST], 'INPUT_TOO_LARGE'],
    ['no trust root', ['verify', 'receipt.json', '--trust', 'none.json'], 'FILE_UNREADABLE'],
    [
      'a receipt as trust root',
      ['verify', 'receipt.json', '--trust', 'receipt.json'],
      'TRUST_MALFORMED',
    ],
    ['no model', ['verify', 'receipt.json', ...TRUST, '--model', 'none'], 'FILE_UNREADABLE'],
    [
      'an empty folder as model',
      ['verify', 'receipt.json', ...TRUST, '--model', 'empty'],
      'MODEL_MALFORMED',
    ],
  ])('refuses %s, with its code', async (_, args, expected) => {
    await mkdir(stage.path('empty'), { recursive: true });
    const { code, stdout, stderr } = await stage.run(...args);
    expect(stderr).toMatch(new RegExp(`^error ${expected}: [^\\n]*\\n$`, 'm'));
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });
});
