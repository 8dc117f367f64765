/** How many dishonest witnesses, or verifiers, a quorum tolerates. */
import type { TrustedWitness } from './trust-root.ts';

/** How many dishonest organisations a quorum of `quorum` out of `organisations` tolerates: any two quorums share an honest one. */
export function quorumTolerance(organisations: number, quorum: number): number {
  return 2 * quorum - organisations - 1;
}

/** The organisations that run these parties. */
export function organisationsOf(
  parties: readonly Pick<TrustedWitness, 'operator'>[],
): ReadonlySet<string> {
  return new Set(parties.map(({ operator }) => operator));
}

export interface Tolerance {
  readonly quorum: number;
  /** Whose windows have not ended: one that is to begin counts already. */
  readonly organisations: number;
  /** Of them, how many may be dishonest; below 0 where two quorums need not share anyone. */
  readonly dishonest: number;
}

/** What a quorum of these parties tolerates from `now` on, unix seconds. */
export function toleranceOf(
  parties: readonly TrustedWitness[],
  quorum: number,
  now: number,
): Tolerance {
  const standing = parties.filter(({ window }) => window.until > now);
  const organisations = organisationsOf(standing).size;
  return { quorum, organisations, dishonest: quorumTolerance(organisations, quorum) };
}
