/** How many dishonest witnesses and verifiers the quorums tolerate. */
import { AttestryError } from '../../errors.ts';
import { organisationsOf } from './organisations.ts';
import type { TrustedWitness, TrustRoot } from './trust-root.ts';

/** How many dishonest organisations a quorum of `quorum` out of `organisations` tolerates: any two quorums share an honest one. */
export function quorumTolerance(organisations: number, quorum: number): number {
  return 2 * quorum - organisations - 1;
}

interface Tolerance {
  /** Whose windows have not ended: one that is to begin counts already. */
  readonly organisations: number;
  /** Of them, how many may be dishonest; below 0 where two quorums need not share anyone. */
  readonly dishonest: number;
}

/** The trust root, if its quorum tolerates a dishonest witness from `now` on, unix seconds. @throws TRUST_QUORUM_WEAK */
export function verifyTolerance(trust: TrustRoot, now: number): TrustRoot {
  const { witnesses, witnessQuorum } = trust;
  if (toleranceOf(witnesses, witnessQuorum, now).dishonest >= 1) return trust;
  throw new AttestryError(
    'TRUST_QUORUM_WEAK',
    `${describeTolerance(trust, now)[0]} Raise the quorum, add witnesses of other organisations, or say --accept-weak-quorum.`,
  );
}

/**
 * What the quorums tolerate from `now` on, in a sentence each, of witnesses first. A tally can be rebuilt by anyone, so
 * that a wrong one has a quorum of verifiers only if all of them are dishonest.
 */
export function describeTolerance(trust: TrustRoot, now: number): readonly string[] {
  const { witnesses, witnessQuorum, verifiers, verifierQuorum } = trust;
  const { organisations, dishonest } = toleranceOf(witnesses, witnessQuorum, now);
  const quorum = `A quorum of ${witnessQuorum} of ${organisations} organisations with witnesses`;
  const of =
    dishonest < 0
      ? `${quorum} tolerates nothing: two quorums need not share a witness.`
      : `${quorum} tolerates ${dishonest} dishonest ${dishonest === 1 ? 'one' : 'ones'}.`;
  if (verifierQuorum === 0) return [of];
  const standing = verifiers.filter(({ window }) => window.until > now);
  const { size } = organisationsOf(standing);
  const lying = verifierQuorum - 1;
  return [
    of,
    `A quorum of ${verifierQuorum} of ${size} organisations with verifiers tolerates ${lying} dishonest ${lying === 1 ? 'one' : 'ones'}.`,
  ];
}

/** What a quorum of these parties tolerates from `now` on, unix seconds. */
export function toleranceOf(
  parties: readonly TrustedWitness[],
  quorum: number,
  now: number,
): Tolerance {
  const standing = parties.filter(({ window }) => window.until > now);
  const organisations = organisationsOf(standing).size;
  return { organisations, dishonest: quorumTolerance(organisations, quorum) };
}
