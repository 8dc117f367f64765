/**
 * Commitments to a customer. The log never sees one, only hashes of receipts that hold one; a receipt does not say who the
 * customer is to anyone without the salt, and to no one at all once the salt is destroyed.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { AttestryError } from '../../errors.ts';
import { encodeHex } from '../bytes/hex.ts';
import { formatCanonicalJson, type Json } from '../bytes/json.ts';
import { digest, literal, object, type Reader } from '../bytes/shape.ts';

export const COMMITMENT_ALGORITHM = 'hmac-sha256-salted';
export const SALT_BYTES = 32;

export interface CustomerCommitment {
  readonly algorithm: typeof COMMITMENT_ALGORITHM;
  /** Hex HMAC-SHA256. */
  readonly value: string;
}

export const customerCommitment: Reader<CustomerCommitment> = object<CustomerCommitment>({
  algorithm: literal(COMMITMENT_ALGORITHM),
  value: digest,
});

/** HMAC-SHA256 under the salt (32 random bytes, new for each receipt) of the RFC 8785 bytes of the identity. */
export function commitCustomer(identity: Json, salt: Uint8Array): CustomerCommitment {
  if (salt.length !== SALT_BYTES) {
    throw new RangeError(`Expected a salt of ${SALT_BYTES} bytes, got ${salt.length}.`);
  }
  const value = encodeHex(hmac(sha256, salt, formatCanonicalJson(identity)));
  return { algorithm: COMMITMENT_ALGORITHM, value };
}

/** The commitment, if it is to this customer. @throws CUSTOMER_MISMATCH */
export function verifyCustomer(
  commitment: CustomerCommitment,
  identity: Json,
  salt: Uint8Array,
): CustomerCommitment {
  if (commitCustomer(identity, salt).value === commitment.value) return commitment;
  throw new AttestryError(
    'CUSTOMER_MISMATCH',
    'The commitment is not to this customer under this salt.',
  );
}
