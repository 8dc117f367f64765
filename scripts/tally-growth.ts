/** How a tally grows, measured alone: the same figures as in the bench, at the sizes asked for. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { measureTallyGrowth, type ProofFigure, type TallyGrowthRow } from './bench/tally-growth.ts';

const { sizes, json } = new Command('tally-growth')
  .description('Measures a tally on a fresh store on this machine, once for each size.')
  .option('--sizes <numbers>', 'leaves, with commas between', parseSizes, [10_000, 100_000])
  .option('--json <file>', 'also write the figures as JSON')
  .addHelpText(
    'after',
    '\nExample:\n  node dist/scripts/tally-growth.js --sizes 10000,100000,1000000\n',
  )
  .parse()
  .opts<{ sizes: number[]; json?: string }>();

process.stderr.write(`node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}\n`);
const rows = await measureTallyGrowth(sizes, (size) => process.stderr.write(`${size} leaves\n`));
printTable(rows);
if (json !== undefined) await writeFile(json, `${JSON.stringify(rows, null, 2)}\n`);

function parseSizes(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((size) => Number.isInteger(size) && size >= 1000)) return numbers;
  throw new InvalidArgumentError('Expected whole numbers of at least 1000, like 10000,100000.');
}

function printTable(measured: readonly TallyGrowthRow[]): void {
  const table = new Table({
    head: ['figure', ...measured.map(({ size }) => `${size} leaves`)],
    style: { head: [], border: [] },
  });
  const add = (name: string, of: (row: TallyGrowthRow) => number, digits = 0): void => {
    table.push([name, ...measured.map((row) => of(row).toFixed(digits))]);
  };
  const addProof = (name: string, of: (row: TallyGrowthRow) => ProofFigure): void => {
    add(`${name}: bytes`, (row) => of(row).bytes);
    add(`${name}: leaves proven`, (row) => of(row).leaves);
    add(`${name}: ms to prove`, (row) => of(row).proveMs, 2);
    add(`${name}: ms to verify`, (row) => of(row).verifyMs, 2);
  };
  add('insertions per second', ({ insertionsPerSecond }) => insertionsPerSecond);
  add('in the last tenth', ({ lastInsertionsPerSecond }) => lastInsertionsPerSecond);
  add('processor µs for an insertion', ({ cpuMicroseconds }) => cpuMicroseconds);
  addProof('everything about a model of 100 statements', ({ everything }) => everything);
  addProof('one total over 720 hours', ({ total }) => total);
  addProof('720 hourly totals', ({ hourly }) => hourly);
  add('peak memory of the process, MiB', ({ peakRssBytes }) => peakRssBytes / 2 ** 20);
  process.stdout.write(`${table.toString()}\n`);
}
