/** Kills a log node and its verifier under load, as often as asked, and says what was checked and what did not hold. */
import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type CampaignReport, type Control, runCampaign } from './kill-cycles/campaign.ts';
import { CHECKED } from './kill-cycles/checks.ts';

interface Flags {
  readonly cycles: number;
  readonly seed: number;
  readonly nodes: number;
  readonly startLimit: number;
  readonly control?: Control;
}

const PROGRAMS = fileURLToPath(new URL('../nodes', import.meta.url));
const START_LIMIT_MS = 3_000;

const flags = new Command('kill-cycles')
  .description(
    'SIGKILL for a log node and its verifier under load at random moments; after each restart an outsider checks what they kept. Exit code 1 if anything does not hold.',
  )
  .option('--cycles <n>', 'kills of each node and its verifier', parseCount, 50)
  .option(
    '--seed <n>',
    'makes the same moments and the same load again',
    parseCount,
    randomInt(1e9),
  )
  .option('--nodes <n>', 'nodes side by side, with seeds one apart', parseCount, 1)
  .option(
    '--start-limit <ms>',
    'how long a start may take; more where others use the machine',
    parseCount,
    START_LIMIT_MS,
  )
  .addOption(
    new Option('--control <kind>', 'breaks it on purpose: the campaign must fail').choices([
      'lost',
    ]),
  )
  .addHelpText('after', '\nExample:\n  node dist/scripts/kill-cycles.js --cycles 1000 --seed 7\n')
  .parse()
  .opts<Flags>();

const folder = await mkdtemp(join(tmpdir(), 'attestry-kill-'));
try {
  const reports = await Promise.all(
    Array.from({ length: flags.nodes }, (_, i) => runOne(flags.seed + i)),
  );
  process.exitCode = reports.some(({ violations }) => violations.length > 0) ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function runOne(seed: number): Promise<CampaignReport> {
  const own = join(folder, `${seed}`);
  await mkdir(own);
  const { cycles, control, startLimit } = flags;
  const report = await runCampaign({
    programs: PROGRAMS,
    folder: own,
    cycles,
    seed,
    control,
    startLimitMs: startLimit,
    onCycle: (done, size) => {
      if (done % 10 === 0) process.stderr.write(`seed ${seed}: ${done} cycles, ${size} entries\n`);
    },
  });
  print(seed, report);
  return report;
}

function print(seed: number, report: CampaignReport): void {
  const lines = [
    `seed ${seed}: ${report.cycles} kills, ${report.entries} entries, ${report.acknowledged} acknowledged, ${report.cutOff} cut off, ${report.checkpoints} checkpoints, starts of ${report.medianStartMs} ms, the slowest ${report.slowestStartMs} ms; behind the entries when killed: ${report.talliesBehind.log} tallies of the log, ${report.talliesBehind.verifier} of the verifier`,
    'Checked after each kill:',
    ...CHECKED.map((check) => `  ${check}`),
    'Checked at the end: a full fsck of the data folder.',
    `${report.violations.length} violations`,
    ...report.violations.map((violation) => `  ${violation}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function parseCount(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of at most nine digits.');
}
