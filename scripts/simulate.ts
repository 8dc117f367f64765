/** Simulates networks by their seeds: the real code, with everything around it made up. Exit code 1 if anything does not hold. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { BUGS } from './simulate/bugs/all.ts';
import { findBug, type Job, runSeed, type SeedResult } from './simulate/job.ts';
import { failureLines, Summary } from './simulate/summary.ts';
import { runJobs } from './simulate/workers.ts';

interface Flags {
  readonly seeds: number;
  readonly first: number;
  readonly seed?: number;
  readonly bug?: string;
  readonly bugs?: true;
  readonly threads: number;
}

/** Seeds within which a bug must be noticed. */
const MOST_SEEDS_FOR_A_BUG = 2_000;
const SEEDS_IN_A_JOB = 25;

const flags = new Command('simulate')
  .description(
    'Logs, witnesses and verifiers in one process, on virtual disks and a virtual network that fail as the seed has it. Odd seeds have a party that lies.',
  )
  .option('--seeds <n>', 'how many seeds', parseCount, 200)
  .option('--first <n>', 'the first of them', parseCount, 1)
  .option('--seed <n>', 'one seed, with its trace', parseCount)
  .option('--bug <name>', 'puts a bug into the nodes')
  .option('--bugs', 'puts each bug in, and says which seed noticed it')
  .option('--threads <n>', 'how many cores', parseCount, availableParallelism())
  .addHelpText('after', '\nExample:\n  npm run simulate -- --seeds 20000\n')
  .parse()
  .opts<Flags>();

if (flags.seed !== undefined) await replay(flags.seed);
else if (flags.bugs === true) await hunt();
else await runMany();

async function replay(seed: number): Promise<void> {
  const bug = flags.bug === undefined ? undefined : findBug(flags.bug);
  const { trace, violations, caught, lie, traceHash } = await runSeed(seed, bug);
  print(trace);
  print([`seed ${seed}: ${lie ?? 'everyone honest'}${caught.map((code) => `, ${code}`).join('')}`]);
  print(violations.map((violation) => `violation: ${violation}`));
  print([`trace ${traceHash}`]);
  process.exitCode = violations.length > 0 ? 1 : 0;
}

async function runMany(): Promise<void> {
  const { first, seeds, threads } = flags;
  const summary = new Summary();
  const start = performance.now();
  await runJobs(jobsFor(first, seeds), threads, (result) => {
    summary.add(result);
    if (result.violations.length > 0) print(failureLines(result));
  });
  const seconds = (performance.now() - start) / 1000;
  // Of all threads; the start of the program is in it.
  const { user, system } = process.cpuUsage();
  const busy = (user + system) / 1e6;
  const perCore = `${(summary.runs / busy).toFixed(1)} for each second of one core's time`;
  const speed = `${(summary.runs / seconds).toFixed(1)} seeds per second on ${threads} cores, ${perCore}`;
  print(summary.lines().sort());
  print([`${summary.runs} seeds, ${summary.events} events, ${speed}`]);
  print([`${summary.failed.length} seeds with violations`]);
  process.exitCode = summary.failed.length > 0 ? 1 : 0;
}

function jobsFor(first: number, seeds: number): Job[] {
  const jobs: Job[] = [];
  for (let seed = first; seed < first + seeds; seed += SEEDS_IN_A_JOB) {
    jobs.push({
      first: seed,
      count: Math.min(SEEDS_IN_A_JOB, first + seeds - seed),
      ...(flags.bug === undefined ? {} : { bug: flags.bug }),
    });
  }
  return jobs;
}

async function hunt(): Promise<void> {
  const results: SeedResult[] = [];
  const jobs = BUGS.map(({ name }) => ({ bug: name, first: 1, count: MOST_SEEDS_FOR_A_BUG }));
  await runJobs(jobs, flags.threads, (result) => {
    results.push(result);
    const [violation] = result.violations;
    const { bug, seed } = result;
    print([
      violation === undefined
        ? `${bug}: NOT noticed in ${seed} seeds`
        : `${bug}: seed ${seed}: ${violation}`,
    ]);
  });
  const noticed = results.filter(({ violations }) => violations.length > 0).length;
  print([`${noticed} of ${BUGS.length} bugs noticed`]);
  process.exitCode = noticed < BUGS.length ? 1 : 0;
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

function parseCount(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of at most nine digits.');
}
