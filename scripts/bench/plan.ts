/** How much of each work. */
export interface Plan {
  readonly rounds: number;
  /** Before works of a round whose log may still be busy with the one before. */
  readonly restMs: number;
  readonly checks: number;
  readonly batched: number;
  readonly singles: number;
  readonly naive: number;
  /** Leaves that each core hashes. */
  readonly hashes: number;
  readonly paced: number;
  readonly reads: number;
  /** Reads before those that are timed. */
  readonly firstReads: number;
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
  restMs: 500,
  checks: 4_000,
  batched: 8_000,
  singles: 2_500,
  naive: 100,
  hashes: 60_000,
  paced: 1_500,
  reads: 200,
  firstReads: 4_000,
  smallLog: 10_000,
  largeLog: 16_000,
  audited: 32_000,
  following: 6,
  overload: 6,
  greedy: { rounds: 2, seconds: 1 },
};

export const FULL: Plan = {
  rounds: 7,
  restMs: 1_000,
  checks: 40_000,
  batched: 40_000,
  singles: 15_000,
  naive: 300,
  hashes: 200_000,
  paced: 10_000,
  reads: 2_000,
  firstReads: 10_000,
  smallLog: 10_000,
  largeLog: 1_000_000,
  audited: 400_000,
  following: 60,
  overload: 60,
  greedy: { rounds: 5, seconds: 10 },
};
