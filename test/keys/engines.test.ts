import { existsSync } from 'node:fs';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/core/bytes/equal.ts';
import { decodeHex, encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import {
  nobleEngine,
  parsePublicKey,
  publicKeyOf,
  type SignatureClaim,
  type SignatureEngine,
  signatureHolds,
  signEd25519,
  verifySignature,
} from '../../src/core/note/ed25519.ts';
import { AttestryError } from '../../src/errors.ts';
import { fastestEngine, sodiumEngine } from '../../src/keys/fastest-engine.ts';
import { opensslEngine, signInProcess, verifyInPool } from '../../src/keys/openssl-engine.ts';
import { readJson, sharedVectors } from '../helpers/vectors.ts';

interface SpeccheckCase {
  readonly message: string;
  readonly pub_key: string;
  readonly signature: string;
}

interface WycheproofFile {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
const SEED = new Uint8Array(32).fill(7);
const KEY = publicKeyOf(SEED);
const SECRET = ed25519.utils.getExtendedPublicKey(SEED).scalar;
const MESSAGE = encodeUtf8('a message');
const TORSION = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex));

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

function mod(value: bigint): bigint {
  return ((value % L) + L) % L;
}

/** A signature whose S fits this encoding of R = [r]B, for the key given: what a lenient verifier may accept. */
function forge(rBytes: Uint8Array, r: bigint, publicKey = KEY, secret = SECRET): SignatureClaim {
  const k = mod(numberOf(sha512(concatBytes(rBytes, publicKey, MESSAGE))));
  const s = littleEndian(mod(r + k * secret));
  return { publicKey, message: MESSAGE, signature: concatBytes(rBytes, s) };
}

function judge(claim: SignatureClaim, engine: SignatureEngine): string {
  return verdictOf(() => {
    parsePublicKey(claim.publicKey);
    verifySignature(claim, engine);
  });
}

function verdictOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AttestryError) return error.code;
    throw error;
  }
  return 'VALID';
}

async function judgeInPool(claim: SignatureClaim): Promise<string> {
  try {
    parsePublicKey(claim.publicKey);
    const [holds] = await verifyInPool([claim]);
    return holds ? 'VALID' : 'SIGNATURE_INVALID';
  } catch (error) {
    if (error instanceof AttestryError) return error.code;
    throw error;
  }
}

const sodium = sodiumEngine();

/** The verdict of all ways to check; fails when they differ. */
async function agreedVerdict(claim: SignatureClaim): Promise<string> {
  const verdict = judge(claim, nobleEngine);
  expect(judge(claim, opensslEngine), 'openssl').toBe(verdict);
  expect(await judgeInPool(claim), 'pool').toBe(verdict);
  if (sodium !== undefined) expect(judge(claim, sodium), 'libsodium').toBe(verdict);
  if (verdict !== 'KEY_MALFORMED') {
    expect(signatureHolds(claim, opensslEngine)).toBe(verdict === 'VALID');
  }
  return verdict;
}

describe('opensslEngine, sodiumEngine and nobleEngine', () => {
  const good = { publicKey: KEY, message: MESSAGE, signature: signEd25519(SEED, MESSAGE) };
  const r = 12_345_678_901_234_567_890n;
  const R = Point.BASE.multiply(r);

  test('accept an honest signature, also one with a known nonce', async () => {
    expect(await agreedVerdict(good)).toBe('VALID');
    expect(await agreedVerdict(forge(R.toBytes(), r))).toBe('VALID');
  });

  test('refuse an honest signature for another message or key', async () => {
    expect(await agreedVerdict({ ...good, message: encodeUtf8('another') })).toBe(
      'SIGNATURE_INVALID',
    );
    const other = publicKeyOf(new Uint8Array(32).fill(8));
    expect(await agreedVerdict({ ...good, publicKey: other })).toBe('SIGNATURE_INVALID');
  });

  test('refuse S + L, which is S again for a lenient verifier', async () => {
    const s = numberOf(good.signature.subarray(32));
    for (const lifted of [s + L, s + 2n * L, L, 2n ** 256n - 1n]) {
      const signature = concatBytes(good.signature.subarray(0, 32), littleEndian(lifted));
      expect(await agreedVerdict({ ...good, signature })).toBe('SIGNATURE_MALFORMED');
    }
  });

  test('refuse R = the neutral element in all its spellings', async () => {
    const sign = 2n ** 255n;
    expect(await agreedVerdict(forge(littleEndian(1n), 0n))).toBe('SIGNATURE_MALFORMED');
    expect(await agreedVerdict(forge(littleEndian(1n + P), 0n))).toBe('SIGNATURE_MALFORMED');
    expect(await agreedVerdict(forge(littleEndian(1n + P + sign), 0n))).toBe('SIGNATURE_MALFORMED');
    // A negative zero for x.
    expect(await agreedVerdict(forge(littleEndian(1n + sign), 0n))).toBe('SIGNATURE_MALFORMED');
  });

  test('refuse R with a torsion component, which a cofactored verifier accepts', async () => {
    for (const torsion of TORSION.slice(1)) {
      const claim = forge(R.add(torsion).toBytes(), r);
      expect(await agreedVerdict(claim)).toBe('SIGNATURE_INVALID');
      expect(ed25519.verify(claim.signature, MESSAGE, KEY)).toBe(true);
    }
  });

  test('refuse a key with a torsion component before any signature is looked at', async () => {
    for (const torsion of TORSION.slice(1)) {
      const mixed = Point.fromBytes(KEY).add(torsion).toBytes();
      expect(await agreedVerdict(forge(R.toBytes(), r, mixed))).toBe('KEY_MALFORMED');
    }
  });

  test('refuse keys of small order, under which one signature fits every message', async () => {
    const sign = 2n ** 255n;
    const spellings = [0n, 1n, P - 1n, P, P + 1n].flatMap((y) => [y, y + sign]).map(littleEndian);
    for (const key of [...TORSION.map((point) => point.toBytes()), ...spellings]) {
      const claim = forge(littleEndian(1n), 0n, key, 0n);
      expect(await agreedVerdict(claim)).toBe('KEY_MALFORMED');
    }
    // Libraries by themselves take it: the rule for keys, not the equation, keeps it out.
    const anyone = forge(littleEndian(1n), 0n, littleEndian(1n), 0n);
    expect(ed25519.verify(anyone.signature, anyone.message, anyone.publicKey)).toBe(true);
  });

  test('refuse keys that are no points, or not 32 bytes', async () => {
    for (const key of [
      littleEndian(2n),
      littleEndian(P + 3n),
      KEY.subarray(1),
      new Uint8Array(33),
    ]) {
      expect(await agreedVerdict({ ...good, publicKey: key })).toBe('KEY_MALFORMED');
    }
  });

  test('refuse signatures that are not 64 bytes', async () => {
    for (const signature of [new Uint8Array(0), good.signature.subarray(1), new Uint8Array(65)]) {
      expect(await agreedVerdict({ ...good, signature })).toBe('SIGNATURE_MALFORMED');
    }
  });

  test('give one verdict on every flip of a bit', async () => {
    const parts = fc.constantFrom('publicKey', 'message', 'signature');
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(), fc.nat(7), async (part, at, bit) => {
        const flipped = Uint8Array.from(good[part]);
        const i = at % flipped.length;
        flipped[i] = (flipped[i] as number) ^ (1 << bit);
        expect(await agreedVerdict({ ...good, [part]: flipped })).not.toBe('VALID');
      }),
      { numRuns: 150 },
    );
  });

  test('give one verdict on any bytes at all', async () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    await fc.assert(
      fc.asyncProperty(bytes(32), bytes(64), async (publicKey, signature) => {
        await agreedVerdict({ publicKey, message: MESSAGE, signature });
        await agreedVerdict({ publicKey: KEY, message: MESSAGE, signature });
      }),
      { numRuns: 50 },
    );
  });
});

describe('opensslEngine, sodiumEngine and nobleEngine on public vectors', () => {
  const vectors = sharedVectors('ed25519');

  test.skipIf(vectors === undefined)(
    'refuse all 12 cases on which implementations differ',
    async () => {
      const cases = readJson<SpeccheckCase[]>(`${vectors}/speccheck-cases.json`);
      expect(cases).toHaveLength(12);
      for (const { pub_key, message, signature } of cases) {
        const claim = {
          publicKey: decodeHex(pub_key),
          message: decodeHex(message),
          signature: decodeHex(signature),
        };
        expect(await agreedVerdict(claim)).not.toBe('VALID');
      }
    },
  );

  test.skipIf(vectors === undefined)('give the result that Wycheproof expects', async () => {
    const file = readJson<WycheproofFile>(`${vectors}/wycheproof-ed25519.json`);
    let seen = 0;
    for (const { publicKey, tests } of file.testGroups) {
      for (const { tcId, msg, sig, result } of tests) {
        const claim = {
          publicKey: decodeHex(publicKey.pk),
          message: decodeHex(msg),
          signature: decodeHex(sig),
        };
        const verdict = await agreedVerdict(claim);
        expect(verdict === 'VALID', `case ${tcId}: ${verdict}`).toBe(result === 'valid');
        seen++;
      }
    }
    expect(seen).toBe(file.numberOfTests);
  });
});

describe('verifyInPool', () => {
  test('answers hundreds of checks asked at once, each with its own verdict', async () => {
    const checks = Array.from({ length: 400 }, (_, i) => {
      const message = encodeUtf8(`message ${i}`);
      const signature = signEd25519(SEED, i % 5 === 0 ? MESSAGE : message);
      return verifyInPool([{ publicKey: KEY, message, signature }]);
    });
    const expected = Array.from({ length: 400 }, (_, i) => i % 5 !== 0);
    expect((await Promise.all(checks)).flat()).toEqual(expected);
  });
});

describe('signInProcess', () => {
  test('makes the very signature of signEd25519', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array(),
        (seed, message) => {
          expect(encodeHex(signInProcess(seed, message))).toBe(
            encodeHex(signEd25519(seed, message)),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('signs every message of one seed with its key, and those of another with the other', () => {
    const seeds = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
    const messages = [MESSAGE, new Uint8Array(3), MESSAGE];
    for (const message of messages)
      for (const seed of seeds) {
        expect(signInProcess(seed, message)).toEqual(signEd25519(seed, message));
      }
  });

  test('throws RangeError for a seed that is not 32 bytes', () => {
    expect(() => signInProcess(new Uint8Array(31), MESSAGE)).toThrow(RangeError);
  });
});

describe('sodiumEngine', () => {
  const fitsAs = (verdict: (claim: SignatureClaim) => boolean) => () => ({
    crypto_sign_verify_detached: (
      signature: Uint8Array,
      message: Uint8Array,
      publicKey: Uint8Array,
    ) => verdict({ publicKey, message, signature }),
  });

  test('is there on the systems that it is built for', () => {
    const built = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'];
    const isMusl = existsSync('/etc/alpine-release');
    if (isMusl || !built.includes(`${process.platform}-${process.arch}`)) return;
    expect(sodium?.name).toBe('libsodium');
    expect(fastestEngine().name).toBe('libsodium');
  });

  test('is not used where it cannot be loaded', () => {
    const absent = (): never => {
      throw new Error('no build for this system');
    };
    expect(sodiumEngine(absent)).toBeUndefined();
  });

  test('is not used where it judges by the cofactored equation, or by none', () => {
    const cofactored = fitsAs(({ publicKey, message, signature }) =>
      ed25519.verify(signature, message, publicKey),
    );
    expect(sodiumEngine(cofactored)).toBeUndefined();
    expect(sodiumEngine(fitsAs(() => true))).toBeUndefined();
    expect(sodiumEngine(fitsAs(() => false))).toBeUndefined();
    const cofactorless = fitsAs((claim) => signatureHolds(claim, nobleEngine));
    expect(sodiumEngine(cofactorless)).toBeDefined();
  });
});
