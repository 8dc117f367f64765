/** The envelope of a trust root, and the signatures of root keys on it. */
import { AttestryError } from '../../errors.ts';
import { type PublicKey, type SignatureEngine, verifySignature } from '../note/ed25519.ts';
import { type DsseEnvelope, type DsseFormat, dsseParser } from '../statement/dsse.ts';

export const TRUST_PAYLOAD_TYPE = 'application/vnd.attestry.trust-root+json';
// 256 logs, 256 witnesses and 4,096 operators need less.
const LARGEST_TRUST_ROOT_BYTES = 16 * 1024 * 1024;

const FORMAT: DsseFormat = {
  payloadType: TRUST_PAYLOAD_TYPE,
  // None in a draft; the keys of two versions where root keys change.
  signatures: { min: 0, max: 64 },
  malformed: 'TRUST_MALFORMED',
  otherType: 'TRUST_MALFORMED',
};
const parseFields = dsseParser(FORMAT);

/** Who may sign a trust root. */
export interface TrustedRoots {
  /** By keyid. */
  readonly keys: ReadonlyMap<string, PublicKey>;
  readonly threshold: number;
}

/** The envelope; no signature is verified. @throws TRUST_MALFORMED, JSON_*, SIGNATURE_DUPLICATE, INPUT_TOO_LARGE */
export function parseTrustEnvelope(bytes: Uint8Array): DsseEnvelope {
  if (bytes.length > LARGEST_TRUST_ROOT_BYTES) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected a trust root of at most ${LARGEST_TRUST_ROOT_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  return parseFields(bytes);
}

/**
 * The keyids of the root keys that have signed, at least the threshold. Signatures of other keys are not looked at: the
 * next version's, or the last one's, may stand there. @throws TRUST_THRESHOLD_SHORT, SIGNATURE_*
 */
export function verifyRootSignatures(
  envelope: DsseEnvelope,
  roots: TrustedRoots,
  engine?: SignatureEngine,
): readonly string[] {
  const signed = rootSigners(envelope, roots, engine);
  if (signed.length >= roots.threshold) return signed;
  throw new AttestryError(
    'TRUST_THRESHOLD_SHORT',
    `Expected the signatures of ${roots.threshold} of ${roots.keys.size} root keys on the trust root, got ${signed.length}.`,
    { details: { expected: roots.threshold, got: signed.length } },
  );
}

/** The keyids of the root keys that have signed, however few. @throws SIGNATURE_* for one of them that is wrong */
export function rootSigners(
  { message, signatures }: DsseEnvelope,
  roots: TrustedRoots,
  engine?: SignatureEngine,
): readonly string[] {
  return signatures.flatMap(({ keyid, signature }) => {
    const publicKey = roots.keys.get(keyid);
    if (publicKey === undefined) return [];
    verifySignature({ publicKey, message, signature }, engine);
    return [keyid];
  });
}
