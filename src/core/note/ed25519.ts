/**
 * Ed25519 with one verdict everywhere. Libraries disagree on odd keys and signatures; two verifiers that disagree are
 * a split in the network. So: a key is admitted only if canonical, not of small order and torsion-free; a signature is
 * judged by the cofactorless equation, with canonical R and S. Any engine behind that rule gives the same verdict.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { AttestryError } from '../../errors.ts';
import { bytesEqual, concatBytes } from '../bytes/equal.ts';
import { encodeHex } from '../bytes/hex.ts';

/** 32 bytes that `parsePublicKey` has admitted. */
export type PublicKey = Uint8Array;

/** What checks the signature equation. `publicKey` is admitted already, `signature` has canonical form. */
export interface SignatureEngine {
  readonly name: string;
  verify(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): boolean;
}

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const FIELD = Point.Fp.ORDER;

/** The key, admitted: canonical encoding, not of small order, torsion-free. @throws KEY_MALFORMED */
export function parsePublicKey(bytes: Uint8Array): PublicKey {
  if (bytes.length !== 32) {
    throw new AttestryError(
      'KEY_MALFORMED',
      `Expected an Ed25519 key of 32 bytes, got ${bytes.length}.`,
    );
  }
  let point: InstanceType<typeof Point>;
  try {
    point = Point.fromBytes(bytes, false);
  } catch (cause) {
    throw malformedKey(bytes, 'is not a canonical curve point', cause);
  }
  if (point.isSmallOrder()) throw malformedKey(bytes, 'is of small order');
  if (!point.isTorsionFree()) throw malformedKey(bytes, 'has a torsion component');
  return bytes;
}

/** The signature itself if it is 64 bytes with R a canonical point encoding, not the neutral element, and S below L. @throws SIGNATURE_MALFORMED */
export function parseSignature(signature: Uint8Array): Uint8Array {
  const problem = formProblem(signature);
  if (problem === undefined) return signature;
  throw new AttestryError('SIGNATURE_MALFORMED', `Expected an Ed25519 signature ${problem}.`);
}

function formProblem(signature: Uint8Array): string | undefined {
  if (signature.length !== 64) return `of 64 bytes, got ${signature.length}`;
  if (!isPlainlyWellFormed(signature)) {
    if (scalarOf(signature) >= ORDER) return 'with S below the group order';
    const y = littleEndian(signature.subarray(0, 32)) % (1n << 255n);
    if (y >= FIELD) return 'with a canonical R, whose y is below 2^255-19';
    // OpenSSL takes the neutral element as R before version 3.5, and refuses it from there on. No honest signer makes it.
    if (y === 1n) return 'whose R is not the neutral element';
  }
  return undefined;
}

// Nearly every signature is in order by its top bytes alone, without large integers: S below 2^252, as the group order
// is a little more than that; and y of R, without its sign bit, from 2^240 up to 2^255 - 2^240.
function isPlainlyWellFormed(signature: Uint8Array): boolean {
  const top = (((signature[31] as number) & 0x7f) << 8) | (signature[30] as number);
  return (signature[63] as number) < 0x10 && top > 0 && top < 0x7fff;
}

/** Pure JavaScript, for browsers and wherever no faster engine is given: about 600 checks a second. */
export const nobleEngine: SignatureEngine = {
  name: 'noble',
  verify(publicKey, message, signature) {
    const r = signature.subarray(0, 32);
    const challenge = littleEndian(sha512(concatBytes(r, publicKey, message))) % ORDER;
    // noble's own verify is cofactored; this is [S]B - [k]A, whose encoding must be R byte for byte.
    const point = Point.fromBytes(publicKey, false);
    const expected = Point.BASE.multiplyUnsafe(scalarOf(signature)).subtract(
      point.multiplyUnsafe(challenge),
    );
    return bytesEqual(expected.toBytes(), r);
  },
};

export interface SignatureClaim {
  readonly publicKey: PublicKey;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Whether the signature has canonical form and fits; for callers that have their own code for a bad one. */
export function signatureHolds(
  claim: SignatureClaim,
  engine: SignatureEngine = nobleEngine,
): boolean {
  return (
    formProblem(claim.signature) === undefined &&
    engine.verify(claim.publicKey, claim.message, claim.signature)
  );
}

/** The claim, if the signature verifies. @throws SIGNATURE_MALFORMED, SIGNATURE_INVALID */
export function verifySignature(
  claim: SignatureClaim,
  engine: SignatureEngine = nobleEngine,
): SignatureClaim {
  parseSignature(claim.signature);
  if (!engine.verify(claim.publicKey, claim.message, claim.signature)) {
    throw new AttestryError(
      'SIGNATURE_INVALID',
      `The signature does not verify under key ${encodeHex(claim.publicKey).slice(0, 16)}….`,
    );
  }
  return claim;
}

/** The 64-byte signature (RFC 8032, deterministic) by a 32-byte seed. */
export function signEd25519(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, seed);
}

export function publicKeyOf(seed: Uint8Array): PublicKey {
  return ed25519.getPublicKey(seed);
}

function scalarOf(signature: Uint8Array): bigint {
  return littleEndian(signature.subarray(32, 64));
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(Uint8Array.from(bytes).reverse())}`);
}

function malformedKey(bytes: Uint8Array, problem: string, cause?: unknown): AttestryError {
  return new AttestryError(
    'KEY_MALFORMED',
    `The Ed25519 key ${encodeHex(bytes)} ${problem}; make one with attestry keygen.`,
    { cause },
  );
}
