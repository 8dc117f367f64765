/** How fast Attestry is on this machine: each figure beside the machine's own limit, measured in the same run. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type Figure, formatComparison, formatFigures } from './bench/figures.ts';
import { loadLog } from './bench/loading.ts';
import { measureAll } from './bench/measure.ts';
import { FULL, QUICK } from './bench/plan.ts';
import { startRig } from './bench/rig.ts';

if (process.argv.includes('--tally')) {
  await import('./bench-tally.ts');
  process.exit();
}

interface Flags {
  readonly json?: string;
  readonly quick?: boolean;
  readonly compare?: string;
  readonly entries?: number;
  readonly largeLog?: string;
  readonly loadOnly?: boolean;
}

const flags = new Command('bench')
  .description('Measures a real log process with four witnesses on this machine.')
  .option('--quick', 'fewer entries: under 3 minutes')
  .option('--entries <count>', 'entries of the large log', parseCount)
  .option('--large-log <folder>', 'keep the large log there, and use it again when it is there')
  .option('--load-only', 'load that log and measure nothing; goes on where it was ended')
  .option('--json <file>', 'also write the figures as JSON')
  .option('--compare <file>', 'show the figures of an earlier --json beside these')
  .addHelpText(
    'after',
    '\nTallies: npm run bench -- --tally --help\nExample:\n  npm run bench -- --quick --json bench.json\n',
  )
  .parse()
  .opts<Flags>();

const plan = flags.quick === true ? QUICK : FULL;
const { entries = plan.largeLog } = flags;
tell(`node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}`);
const folder = await mkdtemp(join(tmpdir(), 'attestry-bench-'));
const { largeLog: largeFolder = join(folder, 'large') } = flags;
try {
  if (flags.loadOnly === true) await loadOnly();
  else await measure();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const job = { plan: { ...plan, largeLog: entries }, folder, largeFolder, tell };
  const figures = await measureAll(job);
  process.stdout.write(`${formatFigures(figures)}\n`);
  if (flags.compare !== undefined) {
    const before = JSON.parse(await readFile(flags.compare, 'utf8')) as Figure[];
    process.stdout.write(`${formatComparison(before, figures)}\n`);
  }
  if (flags.json !== undefined) {
    await writeFile(flags.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
}

async function loadOnly(): Promise<void> {
  const rig = await startRig(largeFolder);
  const { size, rate = 0 } = await loadLog(rig, entries, tell).finally(() => rig.stopAll());
  tell(`${size} entries are there; loaded at ${rate.toFixed(0)} a second`);
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1000) return count;
  throw new InvalidArgumentError('Expected a whole number of at least 1000.');
}
