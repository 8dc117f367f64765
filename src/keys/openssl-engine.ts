/**
 * Ed25519 by OpenSSL: ten times the speed of JavaScript. It judges by the cofactorless equation and refuses a
 * non-canonical R or S as the pure engine does, but it takes keys of small order, under which anyone can sign anything.
 * So it must only see keys that `parsePublicKey` has admitted.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { concatBytes } from '../core/bytes/equal.ts';
import { decodeHex } from '../core/bytes/hex.ts';
import { type PublicKey, parseSignature, type SignatureEngine } from '../core/note/ed25519.ts';

// The DER that stands before the 32 raw bytes of an Ed25519 key, RFC 8410 sections 4 and 7.
const SPKI_PREFIX = decodeHex('302a300506032b6570032100');
const PKCS8_PREFIX = decodeHex('302e020100300506032b657004220420');

// Operators, logs and witnesses have a few keys each; a KeyObject costs about 1 KiB, and whoever sends a statement
// chooses the key, so the cache has an end.
const KEPT_KEYS = 4096;
// More than libuv's pool has threads, so that none waits for the event loop; bounded, because each job holds its message.
const JOBS_IN_FLIGHT = 64;

const keptKeys = new LRUCache<string, KeyObject>({ max: KEPT_KEYS });
const inPool = pLimit(JOBS_IN_FLIGHT);

/** OpenSSL on the calling thread: the verdicts of `nobleEngine`, about 11,000 a second on one core. */
export const opensslEngine: SignatureEngine = {
  name: 'openssl',
  verify(publicKey, message, signature) {
    return verify(null, message, keyObject(publicKey), signature);
  },
};

/** Checks many signatures, in whatever order it likes. The verdict is `verifyInPool`'s. */
export type VerifyMany = typeof verifyInPool;

/**
 * Whether the signature fits, checked in libuv's thread pool, at most 64 at once; the caller keeps the bytes unchanged
 * until it resolves. `publicKey` is admitted already. @throws SIGNATURE_MALFORMED
 */
export function verifyInPool(
  publicKey: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return inPool(async () => {
    parseSignature(signature);
    return await poolJob(publicKey, message, signature);
  });
}

/** The signature that `signEd25519` makes (RFC 8032 is deterministic), about ten times as fast. */
export function signInProcess(seed: Uint8Array, message: Uint8Array): Uint8Array {
  if (seed.length !== 32) throw new RangeError(`Expected a seed of 32 bytes, got ${seed.length}.`);
  const key = Buffer.from(concatBytes(PKCS8_PREFIX, seed));
  return new Uint8Array(
    sign(null, message, createPrivateKey({ key, format: 'der', type: 'pkcs8' })),
  );
}

function poolJob(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, message, keyObject(key), signature, (error, holds) => {
      if (error === null) resolve(holds);
      else reject(error);
    });
  });
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
