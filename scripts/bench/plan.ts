/** How much of each work. */
export interface Plan {
  readonly rounds: number;
  readonly checks: number;
  readonly batched: number;
  readonly singles: number;
  readonly naive: number;
  /** Leaves that each core hashes. */
  readonly hashes: number;
  readonly paced: number;
  readonly reads: number;
  readonly smallLog: number;
  readonly largeLog: number;
  /** Entries of the log of which everything is audited. */
  readonly audited: number;
  /** Seconds during which a verifier follows three logs under load. */
  readonly following: number;
  /** Seconds of overload. */
  readonly overload: number;
  /** Rounds with a greedy operator and without, and the seconds of each. */
  readonly greedy: { readonly rounds: number; readonly seconds: number };
}

export const QUICK: Plan = {
  rounds: 5,
  checks: 6_000,
  batched: 12_000,
  singles: 3_000,
  naive: 100,
  hashes: 100_000,
  paced: 1_500,
  reads: 300,
  smallLog: 10_000,
  largeLog: 16_000,
  audited: 40_000,
  following: 8,
  overload: 6,
  greedy: { rounds: 2, seconds: 2 },
};

export const FULL: Plan = {
  rounds: 7,
  checks: 40_000,
  batched: 40_000,
  singles: 15_000,
  naive: 300,
  hashes: 200_000,
  paced: 10_000,
  reads: 2_000,
  smallLog: 10_000,
  largeLog: 1_000_000,
  audited: 400_000,
  following: 60,
  overload: 60,
  greedy: { rounds: 5, seconds: 10 },
};
