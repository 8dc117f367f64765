/**
 * Ed25519 by OpenSSL: ten times the speed of JavaScript. It judges by the cofactorless equation and refuses a
 * non-canonical R or S as the pure engine does, but it takes keys of small order, under which anyone can sign anything.
 * So it must only see keys that `parsePublicKey` has admitted.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { LRUCache } from 'lru-cache';
import { concatBytes } from '../core/bytes/equal.ts';
import { decodeHex } from '../core/bytes/hex.ts';
import {
  type PublicKey,
  parseSignature,
  type SignatureClaim,
  type SignatureEngine,
} from '../core/note/ed25519.ts';
import { VerifyThreads } from './verify-threads.ts';

// The DER that stands before the 32 raw bytes of an Ed25519 key, RFC 8410 sections 4 and 7.
const SPKI_PREFIX = decodeHex('302a300506032b6570032100');
const PKCS8_PREFIX = decodeHex('302e020100300506032b657004220420');

// Operators, logs and witnesses have a few keys each; a KeyObject costs about 1 KiB, and whoever sends a statement
// chooses the key, so the cache has an end.
const KEPT_KEYS = 4096;
const keptKeys = new LRUCache<string, KeyObject>({ max: KEPT_KEYS });

// Threads run compiled JavaScript only; under a runner that compiles on the way, libuv's pool gives the same verdicts.
const threads = import.meta.url.endsWith('.js')
  ? new VerifyThreads(new URL('./verify-thread.js', import.meta.url), availableParallelism())
  : undefined;

/** OpenSSL on the calling thread: the verdicts of `nobleEngine`, about 11,000 a second on one core. */
export const opensslEngine: SignatureEngine = {
  name: 'openssl',
  verify(publicKey, message, signature) {
    return verify(null, message, keyObject(publicKey), signature);
  },
};

/** Checks many signatures, in whatever order it likes; gives their verdicts in the order of the claims. */
export type VerifyMany = (claims: readonly SignatureClaim[]) => Promise<boolean[]>;

/**
 * Whether each signature fits, checked in as many threads as there are cores; the caller keeps the bytes unchanged until it
 * resolves. The public keys are admitted already. @throws SIGNATURE_MALFORMED where one has not the canonical form
 */
export const verifyInPool: VerifyMany = async (claims) => {
  for (const { signature } of claims) parseSignature(signature);
  if (threads !== undefined) return threads.verify(claims);
  return Promise.all(claims.map(verifyInLibuv));
};

function verifyInLibuv({ publicKey, message, signature }: SignatureClaim): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, message, keyObject(publicKey), signature, (error, holds) => {
      if (error === null) resolve(holds);
      else reject(error);
    });
  });
}

/** Of each list of claims, whether all of its signatures fit. All are asked for at once. */
export async function verifyEach(
  lists: readonly (readonly SignatureClaim[])[],
  verifyMany: VerifyMany,
): Promise<boolean[]> {
  const verdicts = await verifyMany(lists.flat());
  let at = 0;
  return lists.map(({ length }) => {
    at += length;
    return verdicts.slice(at - length, at).every(Boolean);
  });
}

// Making the key takes ten times as long as signing with it. It goes when its signer's seed goes.
const keptPrivateKeys = new WeakMap<Uint8Array, KeyObject>();

/**
 * The signature that `signEd25519` makes (RFC 8032 is deterministic), many times as fast. The bytes of a seed that has
 * signed must not change any more.
 */
export function signInProcess(seed: Uint8Array, message: Uint8Array): Uint8Array {
  if (seed.length !== 32) throw new RangeError(`Expected a seed of 32 bytes, got ${seed.length}.`);
  return new Uint8Array(sign(null, message, privateKeyObject(seed)));
}

function privateKeyObject(seed: Uint8Array): KeyObject {
  const kept = keptPrivateKeys.get(seed);
  if (kept !== undefined) return kept;
  const key = Buffer.from(concatBytes(PKCS8_PREFIX, seed));
  const made = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  keptPrivateKeys.set(seed, made);
  return made;
}

function keyObject(publicKey: PublicKey): KeyObject {
  const name = Buffer.from(publicKey).toString('latin1');
  const kept = keptKeys.get(name);
  if (kept !== undefined) return kept;
  const key = Buffer.from(concatBytes(SPKI_PREFIX, publicKey));
  const made = createPublicKey({ key, format: 'der', type: 'spki' });
  keptKeys.set(name, made);
  return made;
}
