/** How fast a log is here, beside how fast this machine checks signatures: the limit that nothing can pass. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import { makeEntries } from './bench/load.ts';
import { type Rig, startRig } from './bench/rig.ts';
import {
  measureAudit,
  measureBatches,
  measureSignatureChecks,
  measureSingles,
  percentile,
} from './bench/works.ts';

if (process.argv.includes('--tally')) {
  await import('./bench-tally.ts');
  process.exit();
}

interface Figure {
  readonly work: string;
  readonly figure: number;
  readonly unit: string;
  /** The machine's own rate in the same unit, where there is one. */
  readonly limit: number | null;
  readonly ratio: number | null;
}

const RUNS = 5;
const SIGNATURES = 20_000;
const BATCHED = 5_000;
const SINGLE = 2_000;
const PACED = 300;

const { json } = new Command('bench')
  .description(
    'Measures a real log process with four witnesses on this machine; medians of five runs.',
  )
  .option('--json <file>', 'also write the figures as JSON')
  .addHelpText(
    'after',
    '\nTallies: npm run bench -- --tally --help\nExample:\n  npm run bench -- --json bench.json\n',
  )
  .parse()
  .opts<{ json?: string }>();

const folder = await mkdtemp(join(tmpdir(), 'attestry-bench-'));
const rig = await startRig(folder);
try {
  process.stderr.write(
    `node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}\n`,
  );
  const figures = await measure(rig);
  printTable(figures);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await rig.stopAll();
  await rm(folder, { recursive: true, force: true });
}

/** Rounds of everything, one after the other, so that a slow minute of the machine touches every work alike. */
async function measure(rig: Rig): Promise<Figure[]> {
  const rates = { checks: [] as number[], batches: [] as number[], singles: [] as number[] };
  let made = 0;
  const fresh = (count: number): Uint8Array[] => {
    made += count;
    return makeEntries(rig.seed, made - count, count);
  };
  for (let run = 0; run < RUNS; run++) {
    process.stderr.write(`round ${run + 1} of ${RUNS}\n`);
    rates.checks.push(await measureSignatureChecks(SIGNATURES));
    rates.batches.push(await measureBatches(rig, fresh(BATCHED)));
    rates.singles.push((await measureSingles(rig, fresh(SINGLE))).rate);
  }
  const committed = await measureSingles(rig, fresh(PACED), { width: 4 });
  const witnessed = await measureSingles(rig, fresh(PACED), { width: 4, wait: 'witnessed' });
  await rig.stopLog();
  const audit = await measureAudit(rig);
  const limit = percentile(rates.checks, 0.5);
  const rate = (work: string, figure: number): Figure => ({
    work,
    figure,
    unit: 'per second',
    limit,
    ratio: figure / limit,
  });
  const time = (work: string, figure: number): Figure => ({
    work,
    figure,
    unit: 'ms',
    limit: null,
    ratio: null,
  });
  return [
    rate('Ed25519 checks, all cores (the limit)', limit),
    rate('entries submitted as NDJSON, committed', percentile(rates.batches, 0.5)),
    rate('entries submitted one by one, 64 connections, committed', percentile(rates.singles, 0.5)),
    time('committed receipt, 4 connections, p50', percentile(committed.times, 0.5)),
    time('committed receipt, 4 connections, p99', percentile(committed.times, 0.99)),
    time('witnessed receipt (3 of 4), 4 connections, p50', percentile(witnessed.times, 0.5)),
    time('witnessed receipt (3 of 4), 4 connections, p99', percentile(witnessed.times, 0.99)),
    rate('entries fully audited', audit),
  ];
}

function printTable(figures: readonly Figure[]): void {
  const table = new Table({
    head: ['work', 'figure', 'unit', 'of the limit'],
    style: { head: [], border: [] },
  });
  for (const { work, figure, unit, ratio } of figures) {
    table.push([
      work,
      figure.toFixed(unit === 'ms' ? 1 : 0),
      unit,
      ratio === null ? '' : `${(ratio * 100).toFixed(0)} %`,
    ]);
  }
  process.stdout.write(`${table.toString()}\n`);
}
