import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import {
  type Finding,
  findingId,
  formatFinding,
  formatHashes,
  parseFinding,
  parseHashes,
} from '../../../src/core/finding/finding.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { contradiction, inadmissible, rootMismatch } from '../../helpers/findings.ts';
import { makeNetwork, type TestLog } from '../../helpers/fixtures.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';

const [LOG] = makeNetwork().logs as [TestLog];
LOG.state('deployment');
LOG.state('evaluation');
LOG.state('training');
const FINDINGS: readonly Finding[] = [
  contradiction(LOG, 2),
  inadmissible(LOG, 'ENTRY_DUPLICATE', [0, 1]),
  rootMismatch(LOG, 2),
];

interface File {
  readonly evidence: Readonly<Record<string, unknown>>;
}
const FILES = FINDINGS.map((finding) => JSON.parse(decodeUtf8(formatFinding(finding))) as File) as [
  File,
  File,
  File,
];
const [FORK, REFUSED, SERVED] = FILES;

const verdict = (file: object): string => codeOf(() => parseFinding(formatCanonicalJson(file)));

describe('parseFinding', () => {
  it('reads what formatFinding writes', () => {
    for (const finding of FINDINGS) expect(parseFinding(formatFinding(finding))).toEqual(finding);
  });

  const entry = { index: 0, entry: 'AAAA', proof: [] };
  it.each<[string, object]>([
    ['another version', { ...FORK, version: 2 }],
    ['another type', { ...FORK, type: 'attestry/receipt' }],
    ['an unknown field', { ...FORK, more: 1 }],
    ['no origin', { ...FORK, origin: undefined }],
    ['a time that is none', { ...FORK, foundAt: '2026' }],
    ['no evidence', { ...FORK, evidence: undefined }],
    ['evidence of null', { ...FORK, evidence: null }],
    ['evidence that is a list', { ...FORK, evidence: [] }],
    ['evidence of no kind', { ...FORK, evidence: { ...FORK.evidence, kind: undefined } }],
    ['evidence of an unknown kind', { ...FORK, evidence: { ...FORK.evidence, kind: 'rumour' } }],
    [
      'evidence of another kind',
      { ...FORK, evidence: { ...FORK.evidence, kind: 'root-mismatch' } },
    ],
    ['unknown evidence', { ...FORK, evidence: { ...FORK.evidence, more: 1 } }],
    ['one checkpoint only', { ...FORK, evidence: { ...FORK.evidence, second: undefined } }],
    ['a checkpoint that is no text', { ...FORK, evidence: { ...FORK.evidence, first: 1 } }],
    [
      '64 hashes',
      { ...FORK, evidence: { ...FORK.evidence, proof: Array.from({ length: 64 }, () => '') } },
    ],
    ['a hash with trailing bits', { ...FORK, evidence: { ...FORK.evidence, proof: ['Zh=='] } }],
    ['no entries', { ...REFUSED, evidence: { ...REFUSED.evidence, entries: [] } }],
    [
      '10,001 entries',
      {
        ...REFUSED,
        evidence: { ...REFUSED.evidence, entries: Array.from({ length: 10_001 }, () => entry) },
      },
    ],
    [
      'an entry with an unknown field',
      { ...REFUSED, evidence: { ...REFUSED.evidence, entries: [{ ...entry, a: 1 }] } },
    ],
    ['a size below zero', { ...SERVED, evidence: { ...SERVED.evidence, frontierSize: -1 } }],
  ])('refuses %s', (_, file) => {
    expect(verdict(file)).toBe('FINDING_MALFORMED');
  });

  it.each([
    [
      'a duplicate key',
      (text: string) => text.replace('{', '{"origin":"x",'),
      'JSON_NOT_CANONICAL',
    ],
    [
      'constructor',
      (text: string) => text.replace('{', '{"constructor":{},'),
      'JSON_KEY_FORBIDDEN',
    ],
    ['a byte order mark', (text: string) => `\ufeff${text}`, 'INPUT_NOT_UTF8'],
  ])('refuses %s', (_, damage, code) => {
    expect(codeOf(() => parseFinding(encodeUtf8(damage(canonicalText(FORK)))))).toBe(code);
  });

  it('refuses any bytes with a code, or formatFinding gives them back', () => {
    fc.assert(
      fc.property(hostileBytes(...FINDINGS.map(formatFinding)), (bytes) => {
        const finding = accepted(() => parseFinding(bytes));
        if (finding !== undefined) expect(formatFinding(finding)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });
});

describe('findingId', () => {
  it('is the same for the same evidence, whenever it was found', () => {
    const [first, second] = FINDINGS as [Finding, Finding];
    expect(findingId({ ...first, foundAt: '2027-01-01T00:00:00Z' })).toBe(findingId(first));
    expect(findingId(second)).not.toBe(findingId(first));
    expect(findingId(first)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('parseHashes', () => {
  it('reads what formatHashes writes', () => {
    const hashes = [new Uint8Array(32), new Uint8Array(32).fill(9)];
    expect(parseHashes(formatHashes(hashes))).toEqual(hashes);
  });
});
