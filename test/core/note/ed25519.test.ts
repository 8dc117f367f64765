import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes/equal.ts';
import { decodeHex, encodeHex } from '../../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import {
  parsePublicKey,
  parseSignature,
  publicKeyOf,
  type SignatureEngine,
  signatureHolds,
  signEd25519,
  verifySignature,
} from '../../../src/core/note/ed25519.ts';
import { codeOf } from '../../helpers/code-of.ts';
import {
  cofactoredSignature,
  mixedOrderKey,
  SMALL_ORDER_KEYS,
  withLargeScalar,
} from '../../helpers/forgeries.ts';
import { readJson, sharedVectors } from '../../helpers/vectors.ts';

const SEED = decodeHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 32);
const KEY = publicKeyOf(SEED);
const MESSAGE = encodeUtf8('a message');
const SIGNATURE = signEd25519(SEED, MESSAGE);

/** The code with which a key, message and signature from outside are refused. */
function verdict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): string {
  return codeOf(() =>
    verifySignature({ publicKey: parsePublicKey(publicKey), message, signature }),
  );
}

function withBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte));
}

const P = 2n ** 255n - 19n;
const encodeY = (y: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((y >> BigInt(8 * i)) & 255n));

describe('signEd25519', () => {
  it('gives the first signature of RFC 8032 section 7.1', () => {
    expect(encodeHex(KEY)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(encodeHex(signEd25519(SEED, new Uint8Array(0)))).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
        '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
  });
});

describe('parsePublicKey', () => {
  it('admits the key of any seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const key = publicKeyOf(seed);
        expect(parsePublicKey(key)).toEqual(key);
      }),
      { numRuns: 10 },
    );
  });

  it('refuses keys that are not 32 bytes', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(codeOf(() => parsePublicKey(new Uint8Array(length)))).toBe('KEY_MALFORMED');
    }
  });

  it('refuses every point of small order', () => {
    expect(SMALL_ORDER_KEYS).toHaveLength(8);
    for (const key of SMALL_ORDER_KEYS) {
      expect(codeOf(() => parsePublicKey(key))).toBe('KEY_MALFORMED');
    }
  });

  it('refuses a key with a torsion component', () => {
    expect(codeOf(() => parsePublicKey(mixedOrderKey(KEY)))).toBe('KEY_MALFORMED');
  });

  it('refuses encodings that are not canonical, and what is no point at all', () => {
    // y = p + 1 is the neutral element's y = 1 again; x = 0 with the sign bit set is "minus zero".
    const minusZero = withBit(encodeY(1n), 255);
    for (const key of [encodeY(P), encodeY(P + 1n), encodeY(P + 3n), minusZero, encodeY(2n)]) {
      expect(codeOf(() => parsePublicKey(key))).toBe('KEY_MALFORMED');
    }
  });
});

describe('parseSignature', () => {
  it('refuses signatures that are not 64 bytes', () => {
    for (const length of [0, 63, 65, 128]) {
      expect(codeOf(() => parseSignature(new Uint8Array(length)))).toBe('SIGNATURE_MALFORMED');
    }
  });

  it('refuses S that is not below the group order', () => {
    expect(codeOf(() => parseSignature(withLargeScalar(SIGNATURE)))).toBe('SIGNATURE_MALFORMED');
    const order = withLargeScalar(concatBytes(SIGNATURE.subarray(0, 32), new Uint8Array(32)));
    expect(codeOf(() => parseSignature(order))).toBe('SIGNATURE_MALFORMED');
    order[32] = (order[32] as number) - 1;
    expect(codeOf(() => parseSignature(order))).toBe('none');
  });

  it('refuses R whose y is not below the field prime', () => {
    for (const y of [P, P + 1n, P + 18n, 2n ** 255n + P]) {
      const signature = concatBytes(encodeY(y), SIGNATURE.subarray(32));
      expect(codeOf(() => parseSignature(signature))).toBe('SIGNATURE_MALFORMED');
    }
    const largest = concatBytes(encodeY(P - 1n), SIGNATURE.subarray(32));
    expect(codeOf(() => parseSignature(largest))).toBe('none');
  });
});

describe('verifySignature', () => {
  it('accepts an honest signature and gives back the claim', () => {
    const claim = { publicKey: KEY, message: MESSAGE, signature: SIGNATURE };
    expect(verifySignature(claim)).toBe(claim);
  });

  it('refuses any flipped bit of key, message or signature', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(71), fc.nat(511), (keyBit, messageBit, signatureBit) => {
        expect(verdict(withBit(KEY, keyBit), MESSAGE, SIGNATURE)).not.toBe('none');
        expect(verdict(KEY, withBit(MESSAGE, messageBit), SIGNATURE)).toBe('SIGNATURE_INVALID');
        expect(verdict(KEY, MESSAGE, withBit(SIGNATURE, signatureBit))).not.toBe('none');
      }),
      { numRuns: 15 },
    );
  });

  it('refuses the signature of zeros without failing otherwise', () => {
    expect(verdict(KEY, MESSAGE, new Uint8Array(64))).toBe('SIGNATURE_INVALID');
  });

  it('asks the engine only about signatures of canonical form', () => {
    const yes: SignatureEngine = { name: 'yes', verify: () => true };
    const claim = { publicKey: KEY, message: MESSAGE, signature: withLargeScalar(SIGNATURE) };
    expect(codeOf(() => verifySignature(claim, yes))).toBe('SIGNATURE_MALFORMED');
    expect(signatureHolds(claim, yes)).toBe(false);
    expect(signatureHolds({ ...claim, signature: new Uint8Array(64) }, yes)).toBe(true);
  });

  it('judges by the cofactorless equation', () => {
    const signature = cofactoredSignature(SEED, MESSAGE);
    expect(ed25519.verify(signature, MESSAGE, KEY, { zip215: true })).toBe(true);
    expect(verdict(KEY, MESSAGE, signature)).toBe('SIGNATURE_INVALID');
  });
});

interface SpeccheckCase {
  readonly message: string;
  readonly pub_key: string;
  readonly signature: string;
}

interface WycheproofFile {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[];
  }[];
}

const folder = sharedVectors('ed25519');

describe.skipIf(folder === undefined)('public Ed25519 vectors', () => {
  it('refuses all twelve cases on which implementations disagree', () => {
    const cases = readJson<readonly SpeccheckCase[]>(`${folder}/speccheck-cases.json`);
    expect(cases).toHaveLength(12);
    for (const { pub_key, message, signature } of cases) {
      const judged = verdict(decodeHex(pub_key), decodeHex(message), decodeHex(signature));
      expect(['KEY_MALFORMED', 'SIGNATURE_MALFORMED', 'SIGNATURE_INVALID']).toContain(judged);
    }
  });

  it('gives the verdict of Wycheproof on every case', () => {
    const file = readJson<WycheproofFile>(`${folder}/wycheproof-ed25519.json`);
    const judged = file.testGroups.flatMap(({ publicKey, tests }) =>
      tests.map(({ tcId, msg, sig, result }) => {
        const code = verdict(decodeHex(publicKey.pk), decodeHex(msg), decodeHex(sig));
        return { tcId, wanted: result, got: code === 'none' ? 'valid' : 'invalid' };
      }),
    );
    expect(judged.length).toBeGreaterThan(100);
    expect(judged.filter(({ wanted, got }) => wanted !== got)).toEqual([]);
  });
});
