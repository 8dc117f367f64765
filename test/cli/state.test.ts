import { beforeAll, describe, expect, test } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { admitEntry } from '../../src/core/statement/admission.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import {
  contextOf,
  KINDS,
  parseStatement,
  type Statement,
} from '../../src/core/statement/statement.ts';
import { advanceStream } from '../../src/core/statement/stream.ts';
import { parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import { attestry } from './command-line.ts';
import { CONTEXT_FLAGS, Stage } from './stage.ts';

const KEY = ['--key', 'operator.key'];
const MODEL = ['--subject', 'model.bin'];

describe('attestry state', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.make();
    return () => stage.remove();
  });

  async function admitted(envelope: string): Promise<Statement> {
    const trust = parseTrustRoot(await stage.read('trust.json'));
    const rules = { trust, origin: stage.log.origin, now: stage.now + 60 };
    return admitEntry(await stage.read(envelope), rules).statement;
  }

  test.each(KINDS)(
    'signs its own example of %s, with flags in place of its fields',
    async (kind) => {
      await stage.write(`${kind}.yaml`, await stage.do('state', kind, '--example'));
      const args = ['state', kind, '--file', `${kind}.yaml`, ...CONTEXT_FLAGS, ...MODEL, ...KEY];
      const { code, stdout, stderr } = await stage.run(...args, '--out', `${kind}.json`);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      const statement = await admitted(`${kind}.json`);
      expect(statement.kind).toBe(kind);
      expect(statement.subject[0]?.name).toBe('model.bin');
      expect(stderr).toMatch(
        /^operator-eu states at .*, for log eu\.log\.example, from eu \(DEU\)/,
      );
      expect(stderr).toContain(encodeHex(leafHash(await stage.read(`${kind}.json`))));
    },
  );

  test('says in plain words what it signs, before it signs', async () => {
    const args = ['state', 'usage', '--file', 'usage.yaml', ...CONTEXT_FLAGS, ...MODEL];
    const { code, stderr } = await stage.run(...args, '--key', 'none.key');
    expect(code).toBe(1);
    const lines = stderr.split('\n');
    expect(lines).toContain('  - 100 input tokens: 70 uncached, 20 from a cache, 10 into a cache;');
    expect(lines.findIndex((line) => line.includes('served 3 requests'))).toBeLessThan(
      lines.findIndex((line) => line.startsWith('error FILE_UNREADABLE')),
    );
  });

  test('builds every kind from flags alone', async () => {
    const flags: Readonly<Record<string, readonly string[]>> = {
      training: [
        ...['--task', 'classification', '--hyperparameter', 'rate=0.1', '--builder', 'b'],
        ...['--hyperparameter', 'seed=7', '--dependency', `rows=${'ab'.repeat(32)}`],
      ],
      evaluation: [
        ...['--evaluator', 'lab', '--suite', 'rows', '--sample-size', '10'],
        ...['--claim', 'accuracy 931000 >= 900000', '--claim', 'error rate 69000 <= 50000'],
        ...['--assurance-level', 'self_attested'],
      ],
      revocation: ['--reason', 'unsafe'],
    };
    for (const [kind, own] of Object.entries(flags)) {
      const out = ['--out', 'flags.json'];
      await stage.do('state', kind, ...CONTEXT_FLAGS, ...MODEL, ...KEY, ...own, ...out);
      const statement = await admitted('flags.json');
      expect(contextOf(statement).region).toBe('eu');
      if (statement.kind === 'training') {
        const { hyperparameters } = statement.predicate.buildDefinition.externalParameters;
        expect(hyperparameters).toEqual({ rate: '0.1', seed: '7' });
      }
      if (statement.kind === 'evaluation') {
        expect(statement.predicate.claims.map(({ passed }) => passed)).toEqual([true, false]);
      }
    }
  });

  test("takes a meter's stream further, with totals summed up and buckets that default to 0", async () => {
    const usage = (hour: string, ...more: readonly string[]): readonly string[] => [
      ...[
        'state',
        'usage',
        ...CONTEXT_FLAGS,
        ...MODEL,
        ...KEY,
        '--meter',
        'm',
        '--method',
        'words',
      ],
      ...['--from', `2020-01-01T${hour}:00:00Z`, '--to', `2020-01-01T${hour}:30:00Z`],
      ...['--requests', '2', '--input-uncached', '70', '--input-cached', '30'],
      ...['--output-visible', '5', ...more],
    ];
    await stage.do(...usage('10', '--out', 'u0.json'));
    await stage.do(...usage('11', '--out', 'u1.json', '--previous', 'u0.json'));
    const [first, second] = [await admitted('u0.json'), await admitted('u1.json')];
    if (first.kind !== 'usage' || second.kind !== 'usage') throw new Error('expected usage');
    const { payload } = parseEnvelope(await stage.read('u0.json'));
    const state = advanceStream(undefined, first, payload);
    advanceStream(state, second, parseEnvelope(await stage.read('u1.json')).payload);
    expect(second.predicate.quantities).toMatchObject({
      inputTokens: '100',
      inputCacheWriteTokens: '0',
      outputTokens: '5',
    });
    const wrong = await stage.run(...usage('12', '--previous', 'deployment.json'));
    expect(wrong.stderr).toMatch(/^error STATEMENT_MALFORMED/);
  });

  test('names a model by digest, and a folder with its manifest and shards', async () => {
    const deploy = ['state', 'deployment', '--file', 'deployment.yaml', ...CONTEXT_FLAGS, ...KEY];
    const sha256 = 'ab'.repeat(32);
    await stage.do(...deploy, '--sha256', sha256, '--name', 'far away', '--out', 'by.json');
    expect((await admitted('by.json')).subject).toEqual([{ name: 'far away', digest: { sha256 } }]);
    await stage.do(...deploy, '--subject', 'model', '--shard-size', '4', '--out', 'by.json');
    const [subject] = (await admitted('by.json')).subject;
    expect(subject).toMatchObject({
      name: 'model',
      digest: { omsManifestSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      annotations: { shards: { count: 5, shardSizeBytes: 4 } },
    });
    const both = [...deploy, '--subject', 'model', '--sha256', sha256];
    expect((await stage.run(...both)).code).toBe(64);
    expect((await stage.run(...deploy, '--sha256', sha256)).code).toBe(64);
  });

  test('writes the envelope to standard output where no file is named', async () => {
    const args = ['state', 'revocation', ...CONTEXT_FLAGS, ...MODEL, ...KEY, '--reason', 'unsafe'];
    const stdout = await stage.do(...args);
    const { payload } = parseEnvelope(new TextEncoder().encode(stdout));
    expect(parseStatement(payload).kind).toBe('revocation');
  });

  test.each([
    ['tokens counted twice', 'inputTokens: "120"', 'USAGE_SUM_MISMATCH'],
    ['a number that is no text', 'requests: 3', 'STATEMENT_MALFORMED'],
    ['a fraction', 'requests: 3.5', 'JSON_NUMBER_UNSAFE'],
    ['no number', 'requests: .nan', 'JSON_MALFORMED'],
    ['a field that nobody knows', 'watts: "5"', 'STATEMENT_MALFORMED'],
    ['a forbidden key', '__proto__: {}', 'JSON_KEY_FORBIDDEN'],
  ])('signs no usage with %s', async (_, line, expected) => {
    const example = await stage.do('state', 'usage', '--example');
    const changed = example
      .split('\n')
      .filter((other) => !other.trim().startsWith(`${line.split(':')[0]}:`))
      .join('\n');
    const described = changed.replace('  quantities:\n', `  quantities:\n    ${line}\n`);
    const { code, stdout, stderr } = await attestry(
      ['state', 'usage', '--file', '-', ...CONTEXT_FLAGS, ...MODEL, ...KEY],
      { cwd: stage.folder, input: described },
    );
    expect(stderr).toMatch(new RegExp(`^error ${expected}: `));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  test.each([
    ['text that is no YAML', 'a: [', 'STATEMENT_MALFORMED'],
    ['a key twice', 'predicate: {}\npredicate: {}', 'STATEMENT_MALFORMED'],
    ['an alias that grows', 'a: &a [1]\npredicate: *a', 'STATEMENT_MALFORMED'],
    ['a list', '- 1', 'STATEMENT_MALFORMED'],
    ['an unknown field', 'statement: {}', 'STATEMENT_MALFORMED'],
    ['bytes that are no text', Uint8Array.of(0xff), 'INPUT_NOT_UTF8'],
    ['more than a megabyte', 'a'.repeat(1_048_577), 'INPUT_TOO_LARGE'],
  ])('refuses a description of %s', async (_, content, expected) => {
    await stage.write('bad.yaml', content);
    const args = ['state', 'deployment', '--file', 'bad.yaml', ...MODEL, ...KEY];
    const { code, stderr } = await stage.run(...args);
    expect(stderr).toMatch(new RegExp(`^error ${expected}: `));
    expect(code).toBe(1);
  });
});
