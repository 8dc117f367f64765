/** What a worker is asked to do, and what it tells. */
import { BUGS } from './bugs/all.ts';
import type { Bug } from './bugs/bug.ts';
import { LIES } from './lies/all.ts';
import type { Behaviour } from './lies/behaviour.ts';
import { type Outcome, type RunOptions, simulate } from './scenario.ts';
import { RIGHT } from './wiring.ts';

/** Runs of one seed after another: as the seed has it, or with a bug until it is noticed. */
export interface Job {
  readonly first: number;
  readonly count: number;
  readonly bug?: string;
}

export interface SeedResult {
  readonly seed: number;
  readonly bug: string | null;
  /** Who lied in the run. */
  readonly lie: string | null;
  readonly violations: readonly string[];
  readonly caught: readonly string[];
  readonly traceHash: string;
  readonly events: number;
}

/** Odd seeds have somebody who lies, each kind in its turn; in even ones everyone is honest. */
function lieOf(seed: number): Behaviour | undefined {
  return seed % 2 === 0 ? undefined : LIES[((seed - 1) / 2) % LIES.length];
}

export function findBug(name: string): Bug {
  const bug = BUGS.find((candidate) => candidate.name === name);
  if (bug === undefined) throw new RangeError(`Expected the name of a bug, got ${name}.`);
  return bug;
}

/** The run of a seed; the bug, if there is one, brings the lie that it needs. */
export async function runSeed(seed: number, bug?: Bug): Promise<Outcome & { lie: string | null }> {
  const behaviour = bug === undefined ? lieOf(seed) : bug.lie;
  const options: RunOptions = {
    wiring: { ...RIGHT, ...bug?.wiring },
    ...(behaviour === undefined ? {} : { behaviour }),
  };
  return { ...(await simulate(seed, options)), lie: behaviour?.name ?? null };
}

/** Tells of every run; a job with a bug ends with the first run that notices it. */
export async function runJob(job: Job, tell: (result: SeedResult) => void): Promise<void> {
  const bug = job.bug === undefined ? undefined : findBug(job.bug);
  for (let seed = job.first; seed < job.first + job.count; seed++) {
    const { trace, ...result } = await runSeed(seed, bug);
    const isOver = bug !== undefined && result.violations.length > 0;
    const isLast = isOver || seed === job.first + job.count - 1;
    if (bug === undefined || isLast) tell({ ...result, bug: bug?.name ?? null });
    if (isOver) return;
  }
}
