/** Keys and signatures that lenient verifiers accept. */
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../../src/core/bytes/equal.ts';

const { Point } = ed25519;

/** The eight points of small order, in canonical encoding. */
export const SMALL_ORDER_KEYS: readonly Uint8Array[] = ED25519_TORSION_SUBGROUP.map((hex) =>
  Point.fromHex(hex).toBytes(),
);

/** The key with a point of order 8 added: the cofactored equation cannot tell them apart. */
export function mixedOrderKey(publicKey: Uint8Array): Uint8Array {
  const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1] as string);
  return Point.fromBytes(publicKey).add(torsion).toBytes();
}

/** The signature with the group order added to S: the same scalar, another spelling. */
export function withLargeScalar(signature: Uint8Array): Uint8Array {
  const scalar = numberOf(signature.subarray(32)) + Point.Fn.ORDER;
  return concatBytes(signature.subarray(0, 32), littleEndian(scalar));
}

/** A signature whose R has a point of order 8 in it: the cofactored equation holds, the cofactorless one does not. */
export function cofactoredSignature(seed: Uint8Array, message: Uint8Array): Uint8Array {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const nonce = 12_345_678_901_234_567_890n;
  const r = mixedOrderKey(Point.BASE.multiply(nonce).toBytes());
  const challenge = numberOf(sha512(concatBytes(r, pointBytes, message)));
  return concatBytes(r, littleEndian(Point.Fn.create(nonce + challenge * scalar)));
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}
