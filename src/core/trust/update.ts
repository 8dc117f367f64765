/** From one version of a trust root to the next: signed by both, one step at a time, never back. */
import { AttestryError } from '../../errors.ts';
import type { SignatureEngine } from '../note/ed25519.ts';
import { parseTrustEnvelope, verifyRootSignatures } from './root-signatures.ts';
import { parseTrustRoot, type TrustRoot } from './trust-root.ts';

/**
 * The next version, signed by the thresholds of both; the version in hand where it is the same one.
 * @throws TRUST_VERSION_BACK, TRUST_VERSION_SKIPPED, TRUST_PREVIOUS_MISMATCH, TRUST_THRESHOLD_SHORT, and what `parseTrustRoot` throws
 */
export function verifyTrustRootUpdate(
  old: TrustRoot,
  newBytes: Uint8Array,
  engine?: SignatureEngine,
): TrustRoot {
  const next = parseTrustRoot(newBytes, engine);
  if (next.digest === old.digest) return next;
  verifyFollows(old, next);
  verifyRootSignatures(parseTrustEnvelope(newBytes), old.roots, engine);
  return next;
}

/** The next version, or a draft of it, if it follows the old one; signatures are not verified. @throws TRUST_VERSION_BACK, TRUST_VERSION_SKIPPED, TRUST_PREVIOUS_MISMATCH */
export function verifyFollows(old: TrustRoot, next: TrustRoot): TrustRoot {
  if (next.version <= old.version) {
    throw new AttestryError(
      'TRUST_VERSION_BACK',
      `Expected a trust root after version ${old.version}, got another one of version ${next.version}.`,
      { details: { held: old.version, got: next.version } },
    );
  }
  if (next.version !== old.version + 1) {
    throw new AttestryError(
      'TRUST_VERSION_SKIPPED',
      `Expected version ${old.version + 1} of the trust root, got ${next.version}; take the versions in between first.`,
      { details: { held: old.version, got: next.version } },
    );
  }
  if (next.file.previous !== old.digest) {
    throw new AttestryError(
      'TRUST_PREVIOUS_MISMATCH',
      `Expected version ${next.version} to follow trust root ${old.digest}, got one that follows ${next.file.previous}.`,
    );
  }
  return next;
}

/** The trust root, if it has not expired. @throws TRUST_EXPIRED */
export function verifyUnexpired(trust: TrustRoot, now: number): TrustRoot {
  if (now < trust.expires) return trust;
  throw new AttestryError(
    'TRUST_EXPIRED',
    `Version ${trust.version} of the trust root expired on ${trust.file.expires}; get the next one.`,
  );
}
