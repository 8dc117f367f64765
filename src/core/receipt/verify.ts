/** The one function that judges a receipt. */
import { AttestryError } from '../../errors.ts';
import { formatTime, parseTime } from '../bytes/time.ts';
import { verifyInclusion } from '../merkle/inclusion.ts';
import { parseCheckpoint } from '../note/checkpoint.ts';
import { CLOCK_SKEW_SECONDS } from '../note/cosignature.ts';
import { type AdmittedEntry, admitEntry } from '../statement/admission.ts';
import { verifyKeyStanding } from '../statement/standing.ts';
import { contextOf } from '../statement/statement.ts';
import {
  type VerificationRules,
  verifyFreshness,
  verifyParsedWitnessed,
  type WitnessedCheckpoint,
} from '../trust/quorum.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import { verifyUnexpired } from '../trust/update.ts';
import type { Receipt } from './receipt.ts';

export interface VerifiedReceipt extends AdmittedEntry {
  readonly index: number;
  readonly checkpoint: WitnessedCheckpoint;
}

/** The statement and where it stands. @throws the code of the first check that fails, in the order of the phases */
export function verifyReceipt(receipt: Receipt, rules: VerificationRules): VerifiedReceipt {
  const { envelope, proof } = receipt;
  const signed = parseCheckpoint(proof.checkpoint);
  const { origin } = signed.checkpoint;
  const admitted = admitEntry(envelope.entry, { ...rules, origin, index: proof.index });
  const checkpoint = { ...verifyParsedWitnessed(signed, rules), note: proof.checkpoint };
  const { size, root } = checkpoint.checkpoint;
  // The leaf comes from the very bytes whose signature was verified: a proof of another entry cannot stand in.
  const { index } = verifyInclusion(
    { leafHash: admitted.entryHash, index: proof.index, size, root, proof: proof.proof },
    rules.hashes?.node,
  );
  const verified = verifySighting({ ...admitted, index, checkpoint }, rules.trust);
  verifyFreshness(checkpoint, rules);
  verifyUnexpired(rules.trust, rules.now);
  return verified;
}

/**
 * The entry, if it is not dated after the witnesses saw it, and if its keys counted where and when they did.
 * @throws STATEMENT_TIME_FUTURE, KEY_REVOKED, KEY_OUT_OF_WINDOW
 */
export function verifySighting(verified: VerifiedReceipt, trust: TrustRoot): VerifiedReceipt {
  const { checkpoint, envelope, index, statement } = verified;
  const { issuedAt } = contextOf(statement);
  if (parseTime(issuedAt) > checkpoint.witnessedAt + CLOCK_SKEW_SECONDS) {
    throw new AttestryError(
      'STATEMENT_TIME_FUTURE',
      `Expected issuedAt not after ${formatTime(checkpoint.witnessedAt)}, when witnesses saw it, got ${issuedAt}.`,
    );
  }
  const seen = { origin: checkpoint.log.origin, index, time: checkpoint.witnessedAt };
  verifyKeyStanding(envelope.signatures, seen, trust);
  return verified;
}
