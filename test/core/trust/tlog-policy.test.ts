import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatVkey, SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import { formatTlogPolicy, parseTlogPolicy } from '../../../src/core/trust/tlog-policy.ts';
import type { CosignerFields } from '../../../src/core/trust/trust-file.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork } from '../../helpers/fixtures.ts';
import { accepted } from '../../helpers/hostile.ts';
import { testSigner } from '../../helpers/signed-log.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { NOW } from '../../helpers/statements.ts';

const { file } = makeNetwork({ regions: ['eu'] });
const [first, second, third, fourth] = file.witnesses as [
  CosignerFields,
  CosignerFields,
  CosignerFields,
  CosignerFields,
];
const [log] = file.logs as [(typeof file.logs)[0]];
const vkey = (name: string): string =>
  formatVkey(testSigner(name, SIGNATURE_TYPE.cosignature).vkey);
const W = ['a', 'b', 'c'].map((name) => `witness ${name} ${vkey(name)} https://${name}.example`);
const LOG = `log ${log.key} https://log.example`;

describe('formatTlogPolicy', () => {
  it('writes logs, witnesses and the quorum', () => {
    const text = formatTlogPolicy(trustOf(file), NOW);
    expect(text.split('\n').slice(1)).toEqual([
      `log ${log.key} ${log.url}`,
      ...file.witnesses.map(({ key, url }, i) => `witness witness${i + 1}.example ${key} ${url}`),
      `group witness-quorum 3 ${[1, 2, 3, 4].map((i) => `witness${i}.example`).join(' ')}`,
      'quorum witness-quorum',
      '',
    ]);
  });

  it('makes a group of the witnesses of one organisation, and leaves out whose window is not now', () => {
    const trust = trustOf({
      ...file,
      witnesses: [
        first,
        { ...second, operator: first.operator },
        third,
        { ...fourth, validUntil: '2026-10-01T12:00:00Z' },
      ],
      witnessQuorum: 2,
    });
    const text = formatTlogPolicy(trust, NOW);
    expect(text).toContain('group organisation-1 any witness1.example witness2.example\n');
    expect(text).toContain('group witness-quorum 2 organisation-1 witness3.example\n');
    expect(text).not.toContain('witness4.example');
    expect(formatTlogPolicy(trust, NOW - 1)).toContain('witness4.example');
  });
});

describe('parseTlogPolicy', () => {
  const policy = (...lines: readonly string[]): string => [LOG, ...W, ...lines, ''].join('\n');

  it('reads what formatTlogPolicy writes', () => {
    const shared = [first, { ...second, operator: first.operator }, third, fourth];
    const trust = trustOf({ ...file, witnesses: shared });
    const read = parseTlogPolicy(formatTlogPolicy(trust, NOW));
    expect(read.logs).toEqual([{ key: log.key, url: log.url }]);
    expect(read.witnesses.map(({ key }) => key)).toEqual(shared.map(({ key }) => key));
    expect(new Set(read.witnesses.map(({ operator }) => operator)).size).toBe(3);
    expect(read.witnessQuorum).toBe(3);
  });

  it('reads comments, tabs, a single witness as quorum, and every rule of a group', () => {
    expect(parseTlogPolicy(policy('# words', '', 'quorum\ta')).witnesses).toHaveLength(1);
    const quorum = (rule: string): number =>
      parseTlogPolicy(policy(`group g ${rule} a b c`, 'quorum g')).witnessQuorum;
    expect([quorum('any'), quorum('all'), quorum('2')]).toEqual([1, 3, 2]);
  });

  it.each<[string, readonly string[]]>([
    ['no quorum', []],
    ['two quorums', ['quorum a', 'quorum b']],
    ['a quorum of nobody', ['quorum none']],
    ['a quorum that is unknown', ['quorum x']],
    ['an unknown item', ['policy 1', 'quorum a']],
    ['a name twice', [`witness a ${vkey('d')}`, 'quorum a']],
    ['the name none', ['group none any a b', 'quorum none']],
    ['a member that stands behind', ['group g any h', 'group h any a', 'quorum g']],
    ['a member of two groups', ['group g any a', 'group h any a', 'quorum g']],
    ['a member twice', ['group g 2 a a', 'quorum g']],
    ['a group of none', ['group g any', 'quorum g']],
    ['more than all', ['group g 4 a b c', 'quorum g']],
    ['none of them', ['group g 0 a b c', 'quorum g']],
    ['a quorum of two groups of which two count', ['group g 2 a b', 'group h 2 g c', 'quorum h']],
    ['words behind a URL', [`witness d ${vkey('d')} https://d more`, 'quorum a']],
    ['a carriage return', ['quorum a\r']],
  ])('refuses %s', (_, lines) => {
    expect(codeOf(() => parseTlogPolicy(policy(...lines)))).toBe('TRUST_MALFORMED');
  });

  it('refuses a key that is none', () => {
    expect(codeOf(() => parseTlogPolicy('log x\nquorum none\n'))).toBe('VKEY_MALFORMED');
  });

  it('reads any text or refuses it with a code', () => {
    const words = fc.constantFrom(
      'log',
      'witness',
      'group',
      'quorum',
      'a',
      'b',
      '2',
      'any',
      vkey('a'),
    );
    const text = fc.array(
      fc.array(words, { maxLength: 5 }).map((line) => line.join(' ')),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(text, (lines) => {
        const read = accepted(() => parseTlogPolicy(lines.join('\n')));
        if (read !== undefined) expect(read.witnessQuorum).toBeGreaterThan(0);
      }),
    );
  });
});
