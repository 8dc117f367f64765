/** A checkpoint that a quorum of witnesses has seen: what every proof stands on. */
import { AttestryError } from '../../errors.ts';
import { type Checkpoint, parseCheckpoint, verifyCheckpoint } from '../note/checkpoint.ts';
import { type Cosignature, verifyCosignatures } from '../note/cosignature.ts';
import type { SignatureEngine } from '../note/ed25519.ts';
import type { TrustedLog, TrustRoot } from './trust-root.ts';

export interface VerificationRules {
  readonly trust: TrustRoot;
  /** The verifier's clock, unix seconds. */
  readonly now: number;
  /** Seconds since the quorum saw a checkpoint after which it counts as stale. Default: it never does. */
  readonly maxAge?: number;
  /** Checks signatures; the pure one where none is given. */
  readonly engine?: SignatureEngine;
}

export interface WitnessedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The signed note, verbatim. */
  readonly note: string;
  readonly log: TrustedLog;
  readonly cosignatures: readonly Cosignature[];
  /**
   * Unix seconds: the quorum-th smallest cosignature time. At least quorum witnesses had seen the checkpoint by then,
   * whatever the dishonest ones among them claim.
   */
  readonly witnessedAt: number;
}

/** The checkpoint, signed by its log and cosigned by the quorum. @throws CHECKPOINT_*, COSIGNATURE_*, QUORUM_SHORT */
export function verifyWitnessedCheckpoint(
  note: string,
  rules: VerificationRules,
): WitnessedCheckpoint {
  const { log, checkpoint } = verifyLogCheckpoint(note, rules);
  const { trust } = rules;
  const cosignatures = verifyCosignatures(parseCheckpoint(note).note, {
    witnesses: trust.witnesses.map((witness) => witness.vkey),
    now: rules.now,
    ...engineOf(rules),
  });
  const times = cosignatures.map((cosignature) => cosignature.time).sort((a, b) => a - b);
  const witnessedAt = times[trust.witnessQuorum - 1];
  if (witnessedAt === undefined) {
    throw new AttestryError(
      'QUORUM_SHORT',
      `Expected cosignatures of ${trust.witnessQuorum} witnesses on the checkpoint of ${log.origin}, got ${times.length}.`,
      { details: { expected: trust.witnessQuorum, got: times.length } },
    );
  }
  return { checkpoint, note, log, cosignatures, witnessedAt };
}

/** The checkpoint, signed by a log of the trust root; witnesses are not asked for. @throws CHECKPOINT_* */
export function verifyLogCheckpoint(
  note: string,
  rules: VerificationRules,
): { readonly log: TrustedLog; readonly checkpoint: Checkpoint } {
  const { origin } = parseCheckpoint(note).checkpoint;
  const log = rules.trust.logs.get(origin);
  const vkeys = log === undefined ? [] : [log.vkey];
  const { checkpoint } = verifyCheckpoint(note, { vkeys, ...engineOf(rules) });
  return { log: log as TrustedLog, checkpoint };
}

/** The checkpoint, if it is as fresh as the rules ask for. @throws CHECKPOINT_STALE */
export function verifyFreshness(
  checkpoint: WitnessedCheckpoint,
  { now, maxAge = Number.POSITIVE_INFINITY }: VerificationRules,
): WitnessedCheckpoint {
  const age = now - checkpoint.witnessedAt;
  if (age > maxAge) {
    throw new AttestryError(
      'CHECKPOINT_STALE',
      `Expected a checkpoint of ${checkpoint.log.origin} witnessed in the last ${maxAge} s, got one witnessed ${age} s ago.`,
      { details: { expected: maxAge, got: age } },
    );
  }
  return checkpoint;
}

/** The engine as an option that may be absent. */
export function engineOf(rules: VerificationRules): { readonly engine?: SignatureEngine } {
  return rules.engine === undefined ? {} : { engine: rules.engine };
}
