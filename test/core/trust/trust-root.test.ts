import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { sha256 } from '../../../src/core/merkle/hash.ts';
import { publicKeyOf } from '../../../src/core/note/ed25519.ts';
import { formatVkey, SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import { formatDsse, keyIdOf } from '../../../src/core/statement/dsse.ts';
import { PAYLOAD_TYPE, parseEnvelope, signEnvelope } from '../../../src/core/statement/envelope.ts';
import { parseTrustEnvelope, TRUST_PAYLOAD_TYPE } from '../../../src/core/trust/root-signatures.ts';
import type { TrustRootFile } from '../../../src/core/trust/trust-file.ts';
import {
  addRootSignature,
  parseTrustRoot,
  readTrustRoot,
} from '../../../src/core/trust/trust-root.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { makeNetwork, operatorSeed } from '../../helpers/fixtures.ts';
import { mixedOrderKey, SMALL_ORDER_KEYS } from '../../helpers/forgeries.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';
import { testSigner } from '../../helpers/signed-log.ts';
import { rootSeed, signAsTrust, signTrust, trustOf } from '../../helpers/signed-trust.ts';
import { MODEL } from '../../helpers/statements.ts';

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
const [{ key: KEY }] = OPERATOR.keys as [{ readonly key: string }];

const verdict = (changes: object): string =>
  codeOf(() => parseTrustRoot(signAsTrust({ ...FILE, ...changes })));
const keyFor = (name: string, type: 1 | 4, holder?: string): string =>
  formatVkey(testSigner(name, type, holder).vkey);

describe('parseTrustRoot', () => {
  it('gives who is trusted with what', () => {
    const trust = trustOf(FILE);
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
    const none = trustOf(FILE);
    expect([none.verifiers, none.verifierQuorum]).toEqual([[], 0]);
    const verifiers = [WITNESS, WITNESS2].map((witness, i) => ({
      ...witness,
      key: keyFor(`verifier${i + 1}.example`, 4),
    }));
    for (const verifierQuorum of [undefined, 0, 1, 2]) {
      const quorum = verifierQuorum === undefined ? {} : { verifierQuorum };
      const trust = trustOf({ ...FILE, verifiers, ...quorum });
      expect(trust.verifiers.map(({ name, operator }) => [name, operator])).toEqual([
        ['verifier1.example', WITNESS.operator],
        ['verifier2.example', WITNESS2.operator],
      ]);
      expect(trust.verifierQuorum).toBe(verifierQuorum ?? 0);
      expect(trust.witnesses).toHaveLength(4);
    }
  });

  it.each<[string, object]>([
    ['another type', { type: 'attestry/receipt' }],
    ['version 0', { version: 0 }],
    ['a second version that follows none', { version: 2 }],
    ['a first version that follows another', { previous: '00'.repeat(32) }],
    ['another version of the format', { type: 'attestry/trust-root/v2' }],
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
    ['an operator without keys', { operators: [{ ...OPERATOR, keys: [] }] }],
    ['an operator without kinds', { operators: [{ ...OPERATOR, kinds: [] }] }],
    ['a kind that nobody knows', { operators: [{ ...OPERATOR, kinds: ['audit'] }] }],
    ['an operator without logs', { operators: [{ ...OPERATOR, logs: [] }] }],
    ['a right on a log that it does not name', { operators: [{ ...OPERATOR, logs: ['x'] }] }],
    ['a key in capitals', { operators: [{ ...OPERATOR, keys: [{ key: KEY.toUpperCase() }] }] }],
    ['a key that is short', { operators: [{ ...OPERATOR, keys: [{ key: KEY.slice(2) }] }] }],
    [
      'a key of small order',
      {
        operators: [{ ...OPERATOR, keys: [{ key: encodeHex(SMALL_ORDER_KEYS[0] as Uint8Array) }] }],
      },
    ],
    [
      'a key of mixed order',
      {
        operators: [
          {
            ...OPERATOR,
            keys: [{ key: encodeHex(mixedOrderKey(publicKeyOf(operatorSeed('x')))) }],
          },
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
    [
      'one key twice for an operator',
      { operators: [{ ...OPERATOR, keys: [{ key: KEY }, { key: KEY }] }] },
    ],
    [
      'one key for an operator and a log',
      {
        operators: [
          {
            ...OPERATOR,
            keys: [
              {
                key: encodeHex(testSigner('eu.log.example', SIGNATURE_TYPE.ed25519).vkey.publicKey),
              },
            ],
          },
        ],
      },
    ],
  ])('refuses %s', (_, changes) => {
    expect(verdict(changes)).toBe('TRUST_KEY_DUPLICATE');
  });

  it.each([
    [
      'a duplicate key',
      (text: string) => text.replace(/^{("\w+":)/, '{$1[],$1'),
      'JSON_NOT_CANONICAL',
    ],
    ['spaces', (text: string) => text.replace('{', '{ '), 'JSON_NOT_CANONICAL'],
    ['a byte order mark', (text: string) => `\ufeff${text}`, 'INPUT_NOT_UTF8'],
    ['nothing', () => '', 'JSON_MALFORMED'],
  ])('refuses %s in the payload, and around it', (_, damage, code) => {
    const payload = encodeUtf8(damage(canonicalText(FILE)));
    expect(codeOf(() => parseTrustRoot(signAsTrust(payload)))).toBe(code);
    const envelope = encodeUtf8(damage(decodeUtf8(signTrust(FILE))));
    expect(codeOf(() => parseTrustRoot(envelope))).toBe(code);
  });

  it('refuses any bytes with a code, or they are the envelope that it gives back', () => {
    const small = signTrust({ ...FILE, logs: [LOG], operators: [OPERATOR] });
    fc.assert(
      fc.property(hostileBytes(small), (bytes) => {
        const trust = accepted(() => parseTrustRoot(bytes));
        if (trust !== undefined) expect(trust.digest).toBe(readTrustRoot(small).digest);
      }),
    );
  });

  it('gives windows, revocations and the models that an operator may speak about', () => {
    const window = { validFrom: '2026-01-01T00:00:00Z', validUntil: '2027-01-01T00:00:00Z' };
    const revoked = { 'eu.log.example': 7 };
    const trust = trustOf({
      ...FILE,
      logs: [{ ...LOG, ...window }],
      witnesses: FILE.witnesses.map((witness) => ({ ...witness, ...window })),
      operators: [{ ...OPERATOR, models: [MODEL], keys: [{ key: KEY, revoked, ...window }] }],
    });
    const seconds = { from: 1_767_225_600, until: 1_798_761_600 };
    expect(trust.logs.get('eu.log.example')?.window).toEqual(seconds);
    expect(trust.witnesses.map((witness) => witness.window)).toEqual(Array(4).fill(seconds));
    const [key] = [...trust.operatorKeys.values()];
    expect(key).toMatchObject({ window: seconds, operator: { models: new Set([MODEL]) } });
    expect(key?.revoked).toEqual(new Map(Object.entries(revoked)));
    const [plain] = [...trustOf(FILE).operatorKeys.values()];
    const always = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };
    expect([plain?.window, plain?.revoked, plain?.operator.models]).toEqual([
      always,
      undefined,
      undefined,
    ]);
  });

  it.each<[string, object]>([
    [
      'a window that ends before it begins',
      { validFrom: '2027-01-01T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' },
    ],
    [
      'a window without length',
      { validFrom: '2026-01-01T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' },
    ],
    ['a window that is no time', { validUntil: 'tomorrow' }],
    ['a revocation on another log', { revoked: { 'us.log.example': 1 } }],
    ['a revocation on no log', { revoked: {} }],
    [
      'a revocation on more than the logs of the operator',
      { revoked: { 'eu.log.example': 1, 'us.log.example': 1 } },
    ],
    ['a revocation at a size below zero', { revoked: { 'eu.log.example': -1 } }],
  ])('refuses %s', (_, fields) => {
    const operators = [{ ...OPERATOR, keys: [{ key: KEY, ...fields }] }];
    expect(verdict({ operators })).toBe('TRUST_MALFORMED');
  });

  it('takes one operator twice, with other keys and other rights', () => {
    const [first, second] = OPERATOR.keys as [(typeof OPERATOR.keys)[0], (typeof OPERATOR.keys)[0]];
    const trust = trustOf({
      ...FILE,
      operators: [
        { ...OPERATOR, keys: [first] },
        { ...OPERATOR, keys: [second], models: [MODEL] },
      ],
    });
    expect([...trust.operatorKeys.values()].map(({ operator }) => operator.models?.size)).toEqual([
      undefined,
      1,
    ]);
  });

  it('counts witnesses and verifiers of one organisation as one where it bounds the quorums', () => {
    const { operator } = WITNESS;
    const witnesses = FILE.witnesses.map((witness) => ({ ...witness, operator }));
    expect(verdict({ witnesses })).toBe('TRUST_MALFORMED');
    expect(verdict({ witnesses, witnessQuorum: 1 })).toBe('none');
    const verifiers = [1, 2].map((i) => ({ ...WITNESS, key: keyFor(`verifier${i}.example`, 4) }));
    expect(verdict({ verifiers, verifierQuorum: 2 })).toBe('TRUST_MALFORMED');
    expect(verdict({ verifiers, verifierQuorum: 1 })).toBe('none');
  });
});

describe('the signatures of root keys', () => {
  const roots = { keys: [1, 2, 3].map((i) => encodeHex(publicKeyOf(rootSeed(i)))), threshold: 2 };
  const file = { ...FILE, roots };
  const signedBy = (...numbers: readonly number[]): string =>
    codeOf(() => parseTrustRoot(signAsTrust(file, numbers.map(rootSeed))));

  it('are asked for up to the threshold', () => {
    expect(signedBy()).toBe('TRUST_THRESHOLD_SHORT');
    expect(signedBy(1)).toBe('TRUST_THRESHOLD_SHORT');
    expect(signedBy(3, 1)).toBe('none');
    expect(signedBy(1, 2, 3)).toBe('none');
  });

  it('count once for a key, and not at all for a stranger', () => {
    expect(signedBy(1, 1)).toBe('SIGNATURE_DUPLICATE');
    expect(signedBy(1, 4)).toBe('TRUST_THRESHOLD_SHORT');
    expect(signedBy(1, 2, 4)).toBe('none');
  });

  it('are wrong under another payload, even beside enough that are right', () => {
    const others = parseTrustEnvelope(
      signTrust({ ...file, version: 1, expires: '2099-01-01T00:00:00Z' }, [1, 2, 3].map(rootSeed)),
    );
    const { payload, signatures } = parseTrustEnvelope(signTrust(file, [1, 2].map(rootSeed)));
    const third = others.signatures.filter(
      ({ keyid }) => !signatures.some((one) => one.keyid === keyid),
    );
    const mixed = formatDsse(
      { payload, signatures: [...signatures, ...third] },
      TRUST_PAYLOAD_TYPE,
    );
    expect(codeOf(() => parseTrustRoot(mixed))).toBe('SIGNATURE_INVALID');
    const moved = formatDsse({ payload, signatures: others.signatures }, TRUST_PAYLOAD_TYPE);
    expect(codeOf(() => parseTrustRoot(moved))).toBe('SIGNATURE_INVALID');
  });

  it('are not those of a statement, and the other way round', () => {
    const bytes = signTrust(FILE);
    expect(codeOf(() => parseEnvelope(bytes))).toBe('ENVELOPE_PAYLOAD_TYPE');
    const { entry } = signEnvelope(formatCanonicalJson(FILE), [rootSeed()]);
    expect(codeOf(() => parseTrustRoot(entry))).toBe('TRUST_MALFORMED');
    const dressed = decodeUtf8(entry).replace(PAYLOAD_TYPE, TRUST_PAYLOAD_TYPE);
    expect(codeOf(() => parseTrustRoot(encodeUtf8(dressed)))).toBe('SIGNATURE_INVALID');
  });

  it('are added one after the other, in any order, to the same digest', () => {
    const draft = signTrust(file, []);
    const one = addRootSignature(addRootSignature(draft, rootSeed(1)), rootSeed(3));
    const other = addRootSignature(addRootSignature(draft, rootSeed(3)), rootSeed(1));
    expect(one).toEqual(other);
    expect(parseTrustRoot(one).digest).toBe(readTrustRoot(draft).digest);
    expect(codeOf(() => addRootSignature(one, rootSeed(1)))).toBe('SIGNATURE_DUPLICATE');
  });

  it.each<[string, object]>([
    ['no root keys', { keys: [], threshold: 0 }],
    ['a threshold of none', { ...roots, threshold: 0 }],
    ['a threshold above all', { ...roots, threshold: 4 }],
  ])('cannot be asked of %s', (_, changed) => {
    expect(verdict({ roots: changed })).toBe('TRUST_MALFORMED');
  });

  it('cannot be those of a key that has another role, nor twice of one', () => {
    const [first = ''] = roots.keys;
    expect(verdict({ roots: { keys: [first, KEY], threshold: 1 } })).toBe('TRUST_KEY_DUPLICATE');
    expect(verdict({ roots: { keys: [first, first], threshold: 1 } })).toBe('TRUST_KEY_DUPLICATE');
  });
});
