/** Ed25519 signatures by OpenSSL: the same bytes as the pure implementation, many times faster. */
import { createPrivateKey, sign } from 'node:crypto';
import { concatBytes } from '../core/bytes/equal.ts';
import { decodeHex } from '../core/bytes/hex.ts';
import type { ReceiptSigner } from '../core/metering/usage-receipt.ts';
import { publicKeyOf } from '../core/note/ed25519.ts';
import { keyIdOf } from '../core/statement/dsse.ts';

// RFC 8410: the PKCS #8 frame around a seed of 32 bytes.
const PKCS8_PREFIX = decodeHex('302e020100300506032b657004220420');
const SEED_BYTES = 32;

/** Signs with an operator's 32-byte seed. */
export function opensslSigner(seed: Uint8Array): ReceiptSigner {
  if (seed.length !== SEED_BYTES) {
    throw new RangeError(`Expected a seed of ${SEED_BYTES} bytes, got ${seed.length}.`);
  }
  const key = createPrivateKey({
    key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)),
    format: 'der',
    type: 'pkcs8',
  });
  return {
    keyid: keyIdOf(publicKeyOf(seed)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}
