import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { sha256 } from '../../../src/core/merkle/hash.ts';
import { publicKeyOf } from '../../../src/core/note/ed25519.ts';
import { formatVkey, SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import { keyIdOf } from '../../../src/core/statement/envelope.ts';
import {
  formatTrustRoot,
  parseTrustRoot,
  quorumTolerance,
  type TrustRootFile,
} from '../../../src/core/trust/trust-root.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, operatorSeed } from '../../helpers/fixtures.ts';
import { mixedOrderKey, SMALL_ORDER_KEYS } from '../../helpers/forgeries.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';
import { testSigner } from '../../helpers/signed-log.ts';

const { file: FILE, logs } = makeNetwork();
const [LOG, LOG2] = FILE.logs as [TrustRootFile['logs'][0], TrustRootFile['logs'][0]];
const [WITNESS, WITNESS2] = FILE.witnesses as [
  TrustRootFile['witnesses'][0],
  TrustRootFile['witnesses'][0],
];
const [OPERATOR, OPERATOR2] = FILE.operators as [
  TrustRootFile['operators'][0],
  TrustRootFile['operators'][0],
];
const [KEY = ''] = OPERATOR.keys;

const verdict = (changes: object): string =>
  codeOf(() => parseTrustRoot(formatCanonicalJson({ ...FILE, ...changes })));
const keyFor = (name: string, type: 1 | 4, holder?: string): string =>
  formatVkey(testSigner(name, type, holder).vkey);

describe('parseTrustRoot', () => {
  it('gives who is trusted with what', () => {
    const trust = parseTrustRoot(formatTrustRoot(FILE));
    expect(trust.file).toEqual(FILE);
    expect(trust.digest).toBe(encodeHex(sha256(formatCanonicalJson(FILE))));
    expect([...trust.logs.keys()]).toEqual(logs.map(({ origin }) => origin));
    expect(trust.logs.get('eu.log.example')).toMatchObject({
      origin: 'eu.log.example',
      operator: 'operator-eu',
      region: 'eu',
      url: 'https://eu.log.example',
      vkey: logs[0]?.signer.vkey,
    });
    expect(trust.witnesses.map(({ name }) => name)).toEqual(
      [1, 2, 3, 4].map((i) => `witness${i}.example`),
    );
    expect(trust.witnessQuorum).toBe(3);
    const publicKey = publicKeyOf(operatorSeed('operator-us', 2));
    expect(trust.operatorKeys.get(keyIdOf(publicKey))).toMatchObject({
      publicKey,
      operator: { id: 'operator-us', logs: ['us.log.example'] },
    });
    expect(trust.operatorKeys.size).toBe(6);
  });

  it('names the verifiers, none unless told, and how many must have cosigned', () => {
    const none = parseTrustRoot(formatTrustRoot(FILE));
    expect([none.verifiers, none.verifierQuorum]).toEqual([[], 0]);
    const verifiers = [1, 2].map((i) => ({ ...WITNESS, key: keyFor(`verifier${i}.example`, 4) }));
    for (const verifierQuorum of [undefined, 0, 1, 2]) {
      const quorum = verifierQuorum === undefined ? {} : { verifierQuorum };
      const trust = parseTrustRoot(formatTrustRoot({ ...FILE, verifiers, ...quorum }));
      expect(trust.verifiers.map(({ name, operator }) => [name, operator])).toEqual([
        ['verifier1.example', WITNESS.operator],
        ['verifier2.example', WITNESS.operator],
      ]);
      expect(trust.verifierQuorum).toBe(verifierQuorum ?? 0);
      expect(trust.witnesses).toHaveLength(4);
    }
  });

  it.each<[string, object]>([
    ['another type', { type: 'attestry/receipt' }],
    ['another version', { version: 2 }],
    ['an unknown field', { more: 1 }],
    ['no logs', { logs: [] }],
    ['no witnesses', { witnesses: [] }],
    ['no operators', { operators: [] }],
    ['a log without a key', { logs: [{ ...LOG, key: undefined }] }],
    ['a log without a region', { logs: [{ ...LOG, region: '' }] }],
    ['an unknown field of a log', { logs: [{ ...LOG, more: 1 }] }],
    [
      'a key ID that is wrong',
      { logs: [{ ...LOG, key: LOG.key.replace(/\+[0-9a-f]{8}\+/, '+00000000+') }] },
    ],
    ['a log that signs as a witness', { logs: [{ ...LOG, key: keyFor('eu.log.example', 4) }] }],
    ['a witness that signs as a log', { witnesses: [{ ...WITNESS, key: keyFor('w', 1) }] }],
    [
      'a log twice',
      { logs: [...FILE.logs, { ...LOG, key: keyFor('eu.log.example', 1, 'other') }] },
    ],
    [
      'one name for a log and a witness',
      { witnesses: [...FILE.witnesses, { ...WITNESS, key: keyFor('eu.log.example', 4, 'x') }] },
    ],
    ['a quorum of none', { witnessQuorum: 0 }],
    ['a quorum above all witnesses', { witnessQuorum: 5 }],
    ['a quorum of verifiers above all of them', { verifierQuorum: 1 }],
    ['a verifier that signs as a log', { verifiers: [{ ...WITNESS, key: keyFor('v', 1) }] }],
    [
      'one name for a witness and a verifier',
      { verifiers: [{ ...WITNESS, key: keyFor('witness1.example', 4, 'v') }] },
    ],
    ['a quorum below zero', { witnessQuorum: -1 }],
    ['a quorum that is text', { witnessQuorum: '3' }],
    ['an operator twice', { operators: [OPERATOR, { ...OPERATOR2, id: OPERATOR.id }] }],
    ['an operator without keys', { operators: [{ ...OPERATOR, keys: [] }] }],
    ['an operator without kinds', { operators: [{ ...OPERATOR, kinds: [] }] }],
    ['a kind that nobody knows', { operators: [{ ...OPERATOR, kinds: ['audit'] }] }],
    ['an operator without logs', { operators: [{ ...OPERATOR, logs: [] }] }],
    ['a right on a log that it does not name', { operators: [{ ...OPERATOR, logs: ['x'] }] }],
    ['a key in capitals', { operators: [{ ...OPERATOR, keys: [KEY.toUpperCase()] }] }],
    ['a key that is short', { operators: [{ ...OPERATOR, keys: [KEY.slice(2)] }] }],
    [
      'a key of small order',
      { operators: [{ ...OPERATOR, keys: SMALL_ORDER_KEYS.slice(0, 1).map(encodeHex) }] },
    ],
    [
      'a key of mixed order',
      {
        operators: [
          { ...OPERATOR, keys: [encodeHex(mixedOrderKey(publicKeyOf(operatorSeed('x'))))] },
        ],
      },
    ],
  ])('refuses %s', (_, changes) => {
    expect(verdict(changes)).toBe('TRUST_MALFORMED');
  });

  it.each([
    'ftp://log.example',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://',
    'https://user:secret@log.example',
    'https://log.example/?a=1',
    'https://log.example/#a',
    'https://log.example/ a',
    'HTTPS://log.example',
    'log.example',
    '',
  ])('refuses the address %j', (url) => {
    expect(verdict({ logs: [{ ...LOG, url }] })).toBe('TRUST_MALFORMED');
  });

  it.each(['http://127.0.0.1:8080', 'https://log.example/eu', 'http://[::1]:9000/'])(
    'takes the address %j',
    (url) => {
      expect(verdict({ logs: [{ ...LOG, url }, LOG2, FILE.logs[2]] })).toBe('none');
    },
  );

  it.each<[string, object]>([
    [
      'one key for a log and a witness',
      { witnesses: [...FILE.witnesses, { ...WITNESS, key: keyFor('w', 4, 'eu.log.example') }] },
    ],
    [
      'one key for two witnesses',
      {
        witnesses: [WITNESS, WITNESS2, { ...WITNESS, key: keyFor('w', 4, 'witness1.example') }],
        witnessQuorum: 2,
      },
    ],
    [
      'one key for two logs',
      { logs: [...FILE.logs, { ...LOG, key: keyFor('x', 1, 'eu.log.example') }] },
    ],
    [
      'one key for a witness and a verifier',
      { verifiers: [{ ...WITNESS, key: keyFor('v', 4, 'witness1.example') }] },
    ],
    ['one key for two operators', { operators: [OPERATOR, { ...OPERATOR2, keys: OPERATOR.keys }] }],
    ['one key twice for an operator', { operators: [{ ...OPERATOR, keys: [KEY, KEY] }] }],
    [
      'one key for an operator and a log',
      {
        operators: [
          {
            ...OPERATOR,
            keys: [encodeHex(testSigner('eu.log.example', SIGNATURE_TYPE.ed25519).vkey.publicKey)],
          },
        ],
      },
    ],
  ])('refuses %s', (_, changes) => {
    expect(verdict(changes)).toBe('TRUST_KEY_DUPLICATE');
  });

  it.each([
    ['a duplicate key', (text: string) => text.replace('{', '{"logs":[],'), 'JSON_NOT_CANONICAL'],
    ['spaces', (text: string) => text.replace('{', '{ '), 'JSON_NOT_CANONICAL'],
    ['a byte order mark', (text: string) => `\ufeff${text}`, 'INPUT_NOT_UTF8'],
    ['nothing', () => '', 'JSON_MALFORMED'],
  ])('refuses %s', (_, damage, code) => {
    const bytes = encodeUtf8(damage(canonicalText(FILE)));
    expect(codeOf(() => parseTrustRoot(bytes))).toBe(code);
  });

  it('refuses any bytes with a code, or formatTrustRoot gives them back', () => {
    const small = formatTrustRoot({ ...FILE, logs: [LOG], operators: [OPERATOR] });
    fc.assert(
      fc.property(hostileBytes(small), (bytes) => {
        const trust = accepted(() => parseTrustRoot(bytes));
        if (trust !== undefined) expect(formatTrustRoot(trust.file)).toEqual(bytes);
      }),
    );
  });
});

describe('formatTrustRoot', () => {
  it('writes no trust root that nobody would accept', () => {
    expect(codeOf(() => formatTrustRoot({ ...FILE, witnessQuorum: 9 }))).toBe('TRUST_MALFORMED');
  });
});

describe('quorumTolerance', () => {
  it('is 2k - n - 1', () => {
    expect(quorumTolerance(4, 3)).toBe(1);
    expect(quorumTolerance(7, 5)).toBe(2);
    expect(quorumTolerance(3, 2)).toBe(0);
    expect(quorumTolerance(4, 2)).toBe(-1);
  });

  it('is the most dishonest witnesses with which any two quorums share an honest one', () => {
    for (let n = 1; n <= 7; n++) {
      for (let k = 1; k <= n; k++) {
        const shared = smallestOverlap(n, k);
        expect(Math.max(-1, quorumTolerance(n, k))).toBe(Math.max(-1, shared - 1));
      }
    }
  });
});

/** How many members the two quorums of k out of n that overlap least have in common. */
function smallestOverlap(n: number, k: number): number {
  const quorums = Array.from({ length: 2 ** n }, (_, set) => set).filter((set) => ones(set) === k);
  return Math.min(...quorums.map((set) => ones(set & (quorums[0] as number))));
}

function ones(set: number): number {
  return set.toString(2).replaceAll('0', '').length;
}
