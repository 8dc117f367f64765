/** What tallies cost: growth at several sizes, a log with a tally under load, and dossiers over three logs. `npm run bench -- --tally`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type Figure, formatFigures } from './bench/figures.ts';
import { measureDossiers } from './bench/tally-dossier.ts';
import { dossierFigures, growthFigures, nodeFigures } from './bench/tally-figures.ts';
import { measureTallyGrowth } from './bench/tally-growth.ts';
import { measureNode } from './bench/tally-node.ts';

const PARTS = ['growth', 'node', 'dossiers'] as const;
type Part = (typeof PARTS)[number];

const options = new Command('bench --tally')
  .description(
    'Measures tallies on this machine, and says whether each figure reaches what is asked for.',
  )
  .option('--tally', 'measure tallies')
  .option('--sizes <numbers>', 'leaves to grow to', parseSizes, [10_000, 100_000, 1_000_000])
  .option('--entries <number>', 'entries of the log under load, in thousands', parseSize, 100)
  .option('--parts <names>', `of ${PARTS.join(', ')}`, parseParts, [...PARTS])
  .option('--json <file>', 'also write the figures as JSON')
  .addHelpText('after', '\nExample:\n  npm run bench -- --tally --sizes 10000,100000\n')
  .parse()
  .opts<{ sizes: number[]; entries: number; parts: readonly Part[]; json?: string }>();

process.stderr.write(`node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}\n`);
const figures: Figure[] = [];
for (const part of options.parts) {
  process.stderr.write(`${part}\n`);
  figures.push(...(await measure(part)));
}
process.stdout.write(`${formatFigures(figures)}\n`);
if (options.json !== undefined)
  await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
if (figures.some(({ ok }) => ok === false)) process.exitCode = 1;

async function measure(part: Part): Promise<Figure[]> {
  if (part === 'growth') return growthFigures(await measureTallyGrowth(options.sizes));
  const folder = await mkdtemp(join(tmpdir(), 'attestry-bench-'));
  try {
    if (part === 'dossiers') return dossierFigures(await measureDossiers(folder));
    return nodeFigures(await measureNode({ folder, entries: options.entries * 1000 }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseSizes(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((size) => Number.isInteger(size) && size >= 1000)) return numbers;
  throw new InvalidArgumentError('Expected whole numbers of at least 1000, like 10000,100000.');
}

function parseSize(text: string): number {
  const size = Number(text);
  if (Number.isInteger(size) && size >= 10) return size;
  throw new InvalidArgumentError('Expected a whole number of at least 10.');
}

function parseParts(text: string): Part[] {
  const names = text.split(',');
  const parts = PARTS.filter((part) => names.includes(part));
  if (parts.length === names.length) return parts;
  throw new InvalidArgumentError(`Expected some of ${PARTS.join(', ')}.`);
}
