/** The works that are measured round by round, with the machine's limits and the ledger by hand. */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { baseline, type Figure, median, most } from './figures.ts';
import { readProcessState } from './growth.ts';
import {
  measureHashes,
  measureSignatureChecks,
  measureSyncedWrites,
  measureThreadChecks,
} from './machine.ts';
import { measureNaiveLedger } from './naive.ts';
import type { Plan } from './plan.ts';
import { type Bench, measureBatches, measureSingles } from './submission.ts';

/** The same log at two sizes, both running. */
export interface TwoSizes {
  readonly small: Bench;
  readonly large: Bench;
}

export interface Material {
  readonly plan: Plan;
  readonly folder: string;
  readonly entryBytes: number;
  readonly tell: (line: string) => void;
}

const WORKS = [
  'batches',
  'checks',
  'threadChecks',
  'singles',
  'large',
  'hashes',
  'writes',
  'naive',
] as const;

/** The values of each work, one a round; `large` are batches too. */
export type Rounds = Record<(typeof WORKS)[number], number[]> & {
  readonly baselines: readonly Figure[];
  readonly loopDelay: Figure;
};

/** Rounds of everything, so that a slow minute of the machine touches figure and limit alike. */
export async function measureRounds(sizes: TwoSizes, material: Material): Promise<Rounds> {
  const { plan, tell } = material;
  const runs = Object.fromEntries(WORKS.map((work) => [work, [] as number[]])) as Record<
    (typeof WORKS)[number],
    number[]
  >;
  const delays: number[] = [];
  // The first round only warms up: a process goes on compiling what it does often for tens of thousands of requests.
  for (let round = 0; round <= plan.rounds; round++) {
    tell(round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`);
    const { loopDelayP99Ms, ...measured } = await measureRound(sizes, material);
    if (round === 0) continue;
    for (const work of WORKS) runs[work].push(measured[work]);
    delays.push(loopDelayP99Ms);
  }
  const cores = `${availableParallelism()} cores`;
  const baselines = [
    baseline(`Ed25519 checks by OpenSSL, ${cores}`, 'checks/s', runs.checks),
    baseline('— in threads, by the engine that a log uses', 'checks/s', runs.threadChecks),
    baseline(`SHA-256 of a leaf and a node, ${cores}`, 'leaves/s', runs.hashes),
    baseline('synced writes to level, batches of 256 × 512 B', 'rows/s', runs.writes),
    baseline(
      `ledger by hand (fastify, level, merkletreejs), first ${plan.naive}`,
      'entries/s',
      runs.naive,
    ),
  ];
  const loopDelay = most('event loop delay under load, p99', median(delays), ['ms', 50]);
  return { ...runs, baselines, loopDelay };
}

async function measureRound({ small, large }: TwoSizes, { plan, folder, entryBytes }: Material) {
  const { rig, generator } = small;
  await readProcessState(rig.url);
  // Once the logs have done what they put off of the work before, such as the tally of what was submitted last.
  const atRest = async <T>(measure: () => Promise<T>): Promise<T> => {
    await sleep(plan.restMs);
    return await measure();
  };
  const checks = await atRest(() => measureSignatureChecks(plan.checks));
  const threadChecks = await measureThreadChecks(plan.checks);
  const batches = await measureBatches(small, plan.batched);
  const singles = await atRest(() => measureSingles(small, { entries: plan.singles }));
  const { loopDelayP99Ms } = await readProcessState(rig.url);
  return {
    batches,
    checks,
    threadChecks,
    singles: singles.rate,
    loopDelayP99Ms,
    large: await atRest(() => measureBatches(large, plan.batched)),
    hashes: await atRest(() => measureHashes({ count: plan.hashes, leafBytes: 1 + entryBytes })),
    writes: await measureSyncedWrites(40),
    naive: await measureNaiveLedger({
      folder,
      seed: rig.source.seed,
      generator,
      entries: plan.naive,
    }),
  };
}
