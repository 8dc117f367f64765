/**
 * Ed25519 by libsodium: twice the speed of OpenSSL, for threads that check many signatures. It is a compiled library that
 * not every system has, and its equation has differed between versions. So it is used only where it loads and judges as it
 * must on the signatures that libraries disagree about; everywhere else OpenSSL checks.
 */
import { createRequire } from 'node:module';
import { decodeHex } from '../core/bytes/hex.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { parseSignature, type SignatureEngine } from '../core/note/ed25519.ts';
import { opensslEngine, type VerifyMany } from './openssl-engine.ts';

type Sodium = typeof import('sodium-native');

// One that every library takes, and the same with a point of order 8 added to R: only the cofactored equation takes that.
const MESSAGE = encodeUtf8('attestry');
const KEY = decodeHex('0b8f291fc6831b255b099d4182f7f203261df9bbc620784967182507b0a7f1bb');
const HONEST = decodeHex(
  'eef44d87a738e14882cf2b419c4f4a782658b76ea4efdfd93a3f18eb4767a79f0206a7eb8331d6d329edde77694b1649b34d13a70d2dcd37cfe471ac813cb90a',
);
const COFACTORED_ONLY = decodeHex(
  'cbd3f448116853d334dda850c26c687a0cc834081f7315a98b75d6cedca01b08ba20c150e75565373d8be25f4b592778d7b09452ffb9c0c93c224a7fcadb000e',
);

let fastest: SignatureEngine | undefined;

/** The fastest engine of this system, on the calling thread: libsodium or OpenSSL, with the verdicts of `nobleEngine`. */
export function fastestEngine(): SignatureEngine {
  fastest ??= sodiumEngine() ?? opensslEngine;
  return fastest;
}

/** The verdicts of `verifyInPool`, given on this thread: for threads that have nothing else to do meanwhile. @throws SIGNATURE_MALFORMED */
export const verifyHere: VerifyMany = async (claims) => {
  const engine = fastestEngine();
  return claims.map(({ publicKey, message, signature }) =>
    engine.verify(publicKey, message, parseSignature(signature)),
  );
};

/** libsodium, where this system has it and it judges as OpenSSL does. */
export function sodiumEngine(load: () => Sodium = loadSodium): SignatureEngine | undefined {
  try {
    const { crypto_sign_verify_detached: fits } = load();
    const agrees = fits(HONEST, MESSAGE, KEY) && !fits(COFACTORED_ONLY, MESSAGE, KEY);
    if (!agrees) return undefined;
    return {
      name: 'libsodium',
      verify: (publicKey, message, signature) => fits(signature, message, publicKey),
    };
  } catch {
    // No build of it for this system.
    return undefined;
  }
}

function loadSodium(): Sodium {
  return createRequire(import.meta.url)('sodium-native') as Sodium;
}
