/** All works in their order. */
import { join } from 'node:path';
import { measureAudits, measureOffline } from './audits.ts';
import { makeEntries } from './entries.ts';
import { baseline, type Figure, median } from './figures.ts';
import { measureFollowing } from './following.ts';
import { measureGreedy } from './greedy.ts';
import { largeFigures, readingFigures } from './growth.ts';
import { MemoryWatch } from './memory.ts';
import { type OpenBench, openBench } from './open-bench.ts';
import { measureOverload } from './overload.ts';
import type { Plan } from './plan.ts';
import { measureRounds } from './rounds.ts';
import { measureLatency, submissionFigures } from './submission.ts';

export interface Job {
  readonly plan: Plan;
  /** For everything that is made. */
  readonly folder: string;
  /** Of the large log, which may be there already. */
  readonly largeFolder: string;
  readonly tell: (line: string) => void;
}

export async function measureAll(job: Job): Promise<Figure[]> {
  const { plan, folder, tell } = job;
  const small = await openBench(join(folder, 'small'), plan.smallLog, tell);
  try {
    const sizes = await measureSizes(job, small);
    const { rounds, entryBytes } = sizes;
    const latency = await measureUnderLoad(small, job, median(rounds.singles));
    const folders = { audited: join(folder, 'audited'), large: job.largeFolder };
    const audits = await measureAudits(folders, { plan, entryBytes, tell });
    tell(`a verifier that follows three logs, ${plan.following} s`);
    const following = await measureFollowing(join(folder, 'following'), plan.following);
    return [
      ...rounds.baselines,
      ...submissionFigures(rounds),
      rounds.loopDelay,
      ...latency,
      ...audits,
      ...sizes.growth,
      ...following,
      baseline("the load generator's own share of all cores", '', [small.generator.share]),
    ];
  } finally {
    await small.close();
  }
}

/** The rounds, and what a large log takes more than a small one. */
async function measureSizes({ plan, folder, largeFolder, tell }: Job, small: OpenBench) {
  const large = await openBench(largeFolder, plan.largeLog, tell);
  try {
    const [first] = makeEntries(small.rig.source, { from: 0, count: 1 });
    const entryBytes = (first as Uint8Array).length;
    tell('receipts served');
    const reads = await readingFigures({ small, large }, plan);
    const watch = new MemoryWatch(large.rig.pid);
    try {
      const rounds = await measureRounds({ small, large }, { plan, folder, entryBytes, tell });
      const growth = await largeFigures(large, { rounds, entryBytes, watch });
      return { rounds, entryBytes, growth: [...reads, ...growth] };
    } finally {
      await watch.stop();
    }
  } finally {
    await large.close();
  }
}

/** One entry a request: at half of what the log takes, at ten times what it takes, and with a greedy operator. */
async function measureUnderLoad(
  small: OpenBench,
  { plan, tell }: Job,
  capacity: number,
): Promise<Figure[]> {
  tell('latency, offline verification');
  const latency = await measureLatency(small, { perSecond: capacity / 2, entries: plan.paced });
  const offline = await measureOffline(small);
  tell(`overload, ${plan.overload} s`);
  const overload = await measureOverload(small, { capacity, seconds: plan.overload });
  tell('one greedy operator');
  const greedy = await measureGreedy(small, { capacity, ...plan.greedy });
  return [...latency, offline, ...overload, ...greedy];
}
