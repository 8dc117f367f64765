/** A checkpoint that a quorum of witnesses has seen: what every proof stands on. */
import { AttestryError } from '../../errors.ts';
import { formatTime } from '../bytes/time.ts';
import type { TreeHashes } from '../merkle/hash.ts';
import {
  type Checkpoint,
  parseCheckpoint,
  type SignedCheckpoint,
  verifyParsedCheckpoint,
} from '../note/checkpoint.ts';
import { type Cosignature, verifyCosignatures } from '../note/cosignature.ts';
import type { SignatureEngine } from '../note/ed25519.ts';
import type { Note } from '../note/note.ts';
import { isFinal, verifyRetirement } from './retirement.ts';
import type { TrustedLog, TrustedWitness, TrustRoot } from './trust-root.ts';
import { isWithin, type Window } from './window.ts';

export interface VerificationRules {
  readonly trust: TrustRoot;
  /** The verifier's clock, unix seconds. */
  readonly now: number;
  /** Seconds since the quorum saw a checkpoint after which it counts as stale. Default: it never does. */
  readonly maxAge?: number;
  /** Checks signatures; the pure one where none is given. */
  readonly engine?: SignatureEngine;
  /** Hashes entries and the ways from them to a root; the pure ones where none are given. */
  readonly hashes?: TreeHashes;
}

export interface WitnessedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The signed note, verbatim. */
  readonly note: string;
  readonly log: TrustedLog;
  readonly cosignatures: readonly Cosignature[];
  /**
   * Unix seconds: the quorum-th smallest cosignature time, the first of each organisation counted. At least so many had seen the checkpoint by then,
   * whatever the dishonest ones among them claim.
   */
  readonly witnessedAt: number;
}

/** The checkpoint, signed by its log and cosigned by the quorum. @throws CHECKPOINT_*, COSIGNATURE_*, QUORUM_SHORT, LOG_OUT_OF_WINDOW, LOG_RETIRED */
export function verifyWitnessedCheckpoint(
  note: string,
  rules: VerificationRules,
): WitnessedCheckpoint {
  return { ...verifyParsedWitnessed(parseCheckpoint(note), rules), note };
}

/** The same of a note that is parsed already. @throws what `verifyWitnessedCheckpoint` throws of one that is in form */
export function verifyParsedWitnessed(
  signed: SignedCheckpoint,
  rules: VerificationRules,
): Omit<WitnessedCheckpoint, 'note'> {
  const { trust } = rules;
  const { checkpoint } = signed;
  const log = verifyByLog(signed, rules);
  const cosignatures = countedCosignatures(signed.note, trust.witnesses, rules);
  const times = timesByOrganisation(cosignatures, trust.witnesses);
  const witnessedAt = times[trust.witnessQuorum - 1];
  if (witnessedAt === undefined) {
    throw new AttestryError(
      'QUORUM_SHORT',
      `Expected cosignatures of witnesses of ${trust.witnessQuorum} organisations on the checkpoint of ${log.origin}, got ${times.length}.`,
      { details: { expected: trust.witnessQuorum, got: times.length } },
    );
  }
  verifyRetirement(checkpoint, log);
  if (!isWithin(witnessedAt, log.window)) {
    throw new AttestryError(
      'LOG_OUT_OF_WINDOW',
      `The trust root takes no checkpoint of ${log.origin} that was witnessed at ${formatTime(witnessedAt)}.`,
    );
  }
  return { checkpoint, log, cosignatures, witnessedAt };
}

/**
 * The right cosignatures of witnesses or verifiers, each of a time within its party's window: one that was made outside of
 * it is as good as none. @throws COSIGNATURE_*
 */
export function countedCosignatures(
  note: Note,
  parties: readonly TrustedWitness[],
  rules: Pick<VerificationRules, 'now' | 'engine'>,
): readonly Cosignature[] {
  const cosignatures = verifyCosignatures(note, {
    witnesses: parties.map(({ vkey }) => vkey),
    now: rules.now,
    ...engineOf(rules),
  });
  const windows = new Map(parties.map(({ name, window }) => [name, window]));
  return cosignatures.filter(({ name, time }) => isWithin(time, windows.get(name) as Window));
}

/** When each organisation cosigned first, in ascending order: two parties of one organisation count as one. */
export function timesByOrganisation(
  cosignatures: readonly Cosignature[],
  parties: readonly TrustedWitness[],
): readonly number[] {
  const organisations = new Map(parties.map(({ name, operator }) => [name, operator]));
  const earliest = new Map<string, number>();
  for (const { name, time } of cosignatures) {
    const organisation = organisations.get(name) as string;
    earliest.set(organisation, Math.min(time, earliest.get(organisation) ?? time));
  }
  return [...earliest.values()].sort((a, b) => a - b);
}

/** How many organisations have cosigned, each counted once. @throws COSIGNATURE_* */
export function countOrganisations(
  note: Note,
  parties: readonly TrustedWitness[],
  rules: Pick<VerificationRules, 'now' | 'engine'>,
): number {
  return timesByOrganisation(countedCosignatures(note, parties, rules), parties).length;
}

/** The checkpoint, signed by a log of the trust root; witnesses are not asked for. @throws CHECKPOINT_* */
export function verifyLogCheckpoint(
  note: string,
  rules: VerificationRules,
): { readonly log: TrustedLog; readonly checkpoint: Checkpoint } {
  const signed = parseCheckpoint(note);
  return { log: verifyByLog(signed, rules), checkpoint: signed.checkpoint };
}

/** The log of the trust root that signed it. */
function verifyByLog(signed: SignedCheckpoint, rules: VerificationRules): TrustedLog {
  const log = rules.trust.logs.get(signed.checkpoint.origin);
  const vkeys = log === undefined ? [] : [log.vkey];
  verifyParsedCheckpoint(signed, { vkeys, ...engineOf(rules) });
  return log as TrustedLog;
}

/** The checkpoint, if it is as fresh as the rules ask for. @throws CHECKPOINT_STALE */
export function verifyFreshness(
  checkpoint: WitnessedCheckpoint,
  { now, maxAge = Number.POSITIVE_INFINITY }: VerificationRules,
): WitnessedCheckpoint {
  const age = now - checkpoint.witnessedAt;
  // A log that is retired shows its final checkpoint for ever.
  if (age > maxAge && !isFinal(checkpoint.checkpoint, checkpoint.log)) {
    throw new AttestryError(
      'CHECKPOINT_STALE',
      `Expected a checkpoint of ${checkpoint.log.origin} witnessed in the last ${maxAge} s, got one witnessed ${age} s ago.`,
      { details: { expected: maxAge, got: age } },
    );
  }
  return checkpoint;
}

/** The engine as an option that may be absent. */
export function engineOf(rules: Pick<VerificationRules, 'engine'>): {
  readonly engine?: SignatureEngine;
} {
  return rules.engine === undefined ? {} : { engine: rules.engine };
}
