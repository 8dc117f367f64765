/** All works in their order. Rounds of everything, so that a slow minute of the machine touches figure and limit alike. */
import { availableParallelism } from 'node:os';
import { measureFsck, measureOfflineFactor } from './audits.ts';
import { makeEntries } from './entries.ts';
import { baseline, type Figure, median, most, rate } from './figures.ts';
import { Generator } from './generator-process.ts';
import { loadEntries, measureDisk, measureReads, readProcessState, readSize } from './growth.ts';
import { measureHashes, measureSignatureChecks, measureSyncedWrites } from './machine.ts';
import { measureNaiveLedger } from './naive.ts';
import { type Rig, startRig } from './rig.ts';
import {
  type Bench,
  measureBatches,
  measureLatency,
  measureSingles,
  submissionFigures,
  unreachedFigures,
} from './submission.ts';

/** How much of each work. */
export interface Plan {
  readonly rounds: number;
  readonly checks: number;
  readonly batched: number;
  readonly singles: number;
  readonly naive: number;
  /** Leaves that each core hashes. */
  readonly hashes: number;
  readonly paced: number;
  readonly reads: number;
  readonly largeLog: number;
}

export const QUICK: Plan = {
  rounds: 5,
  checks: 8_000,
  batched: 4_000,
  singles: 1_500,
  naive: 100,
  hashes: 50_000,
  paced: 1_000,
  reads: 400,
  largeLog: 20_000,
};

export const FULL: Plan = {
  rounds: 7,
  checks: 40_000,
  batched: 40_000,
  singles: 15_000,
  naive: 300,
  hashes: 200_000,
  paced: 10_000,
  reads: 4_000,
  largeLog: 1_000_000,
};

type Tell = (line: string) => void;

export async function measureAll(plan: Plan, folder: string, tell: Tell): Promise<Figure[]> {
  const rig = await startRig(folder);
  const generator = new Generator(rig.seed);
  const bench = { rig, generator };
  try {
    const entryBytes = (makeEntries(rig.seed, 0, 1)[0] as Uint8Array).length;
    const rounds = await measureRounds(bench, { plan, folder, entryBytes, tell });
    tell('latency, offline verification');
    const half = median(rounds.singles) / 2;
    const latency = await measureLatency(bench, { perSecond: half, entries: plan.paced });
    const offline = await measureOffline(bench);
    const audits = await measureAudits(rig, { plan, entryBytes, tell });
    const growth = await measureGrowth(bench, { plan, entryBytes, batches: rounds.batches, tell });
    return [
      ...rounds.baselines,
      ...submissionFigures(rounds),
      rounds.loopDelay,
      ...latency,
      ...audits,
      offline,
      ...growth,
      ...unreachedFigures(),
      baseline("the load generator's own share of all cores", '', [generator.share]),
    ];
  } finally {
    await generator.close();
    await rig.stopAll();
  }
}

interface Material {
  readonly plan: Plan;
  readonly folder: string;
  readonly entryBytes: number;
  readonly tell: Tell;
}

async function measureRounds(bench: Bench, { plan, folder, entryBytes, tell }: Material) {
  const runs = {
    checks: [],
    hashes: [],
    writes: [],
    naive: [],
    batches: [],
    singles: [],
  } as Record<'checks' | 'hashes' | 'writes' | 'naive' | 'batches' | 'singles', number[]>;
  const { seed } = bench.rig;
  const delays: number[] = [];
  // The first round only warms up.
  for (let round = 0; round <= plan.rounds; round++) {
    tell(round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`);
    await readProcessState(bench.rig.url);
    const measured = {
      batches: await measureBatches(bench, plan.batched),
      checks: await measureSignatureChecks(plan.checks),
      singles: (await measureSingles(bench, { entries: plan.singles })).rate,
      hashes: await measureHashes({ count: plan.hashes, leafBytes: 1 + entryBytes }),
      writes: await measureSyncedWrites(40),
      naive: await measureNaiveLedger({
        folder,
        seed,
        generator: bench.generator,
        entries: plan.naive,
      }),
    };
    if (round === 0) continue;
    for (const [name, value] of Object.entries(measured))
      runs[name as keyof typeof runs].push(value);
    delays.push((await readProcessState(bench.rig.url)).loopDelayP99Ms);
  }
  const cores = `${availableParallelism()} cores`;
  const baselines = [
    baseline(`Ed25519 checks, ${cores}`, 'checks/s', runs.checks),
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

async function measureOffline({ rig, generator }: Bench): Promise<Figure> {
  const receipts: Uint8Array[] = [];
  for (const entry of makeEntries(rig.seed, generator.skip(20), 20)) {
    const answer = await fetch(`${rig.url}/v1/entries?wait=witnessed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: entry as Uint8Array<ArrayBuffer>,
    });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`answered ${answer.status}: ${text}`);
    const start = text.indexOf('"receipt":') + '"receipt":'.length;
    receipts.push(Buffer.from(text.slice(start, text.lastIndexOf(',"state"'))));
  }
  const factors = Array.from({ length: 9 }, () => measureOfflineFactor(rig, receipts));
  const work = 'offline verification of a receipt, against the signature checks in it';
  return most(work, median(factors), ['×', 1.3]);
}

async function measureAudits(
  rig: Rig,
  { plan, entryBytes, tell }: Omit<Material, 'folder'>,
): Promise<Figure[]> {
  await rig.stopLog();
  const full: number[] = [];
  const bare: number[] = [];
  const checks: number[] = [];
  const hashes: number[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    tell(`audit ${round + 1} of ${plan.rounds}`);
    full.push(await measureFsck(rig, true));
    checks.push(await measureSignatureChecks(plan.checks));
    bare.push(await measureFsck(rig, false));
    hashes.push(await measureHashes({ count: plan.hashes, leafBytes: 1 + entryBytes }));
  }
  await rig.startLog();
  const unit = 'entries/s';
  return [
    rate('full audit: signatures, hashes, admission', full, { unit, limits: checks, atLeast: 0.8 }),
    rate('audit of hashes alone', bare, { unit, limits: hashes, atLeast: 0.5 }),
  ];
}

async function measureGrowth(
  bench: Bench,
  { plan, entryBytes, batches, tell }: Omit<Material, 'folder'> & { readonly batches: number[] },
): Promise<Figure[]> {
  const { rig } = bench;
  tell(`a log of ${plan.largeLog} entries more`);
  await rig.stopLog();
  const small = await loadEntries(bench, 2_000);
  await rig.startLog();
  const readsBefore = await measureReads(bench, small.hashes, plan.reads);
  await rig.stopLog();
  const large = await loadEntries(bench, plan.largeLog);
  const start = await rig.startLog();
  const size = await readSize(rig.url);
  const reads = await measureReads(bench, large.hashes, plan.reads);
  const rates: number[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    rates.push(await measureBatches(bench, plan.batched));
  }
  const { rssBytes } = await readProcessState(rig.url);
  const disk = await measureDisk(bench, entryBytes);
  await rig.killLog();
  const restart = await rig.startLog();
  const at = `at ${size} entries`;
  const share = median(rates) / median(batches);
  return [
    baseline('entries through the sequencer alone', 'entries/s', [large.rate]),
    most('receipts served, p99, small log', readsBefore, ['ms', 10]),
    most(`receipts served, p99, ${at}`, reads, ['ms', 10]),
    most('the same, large log against small', reads / readsBefore, ['×', 1.5]),
    {
      ...rate(`NDJSON submission ${at}, against the small log`, [share], {
        unit: '',
        limits: [1],
        atLeast: 0.85,
      }),
    },
    most(`memory of the log ${at}, under load`, rssBytes / 1e6, ['MB', 512]),
    most(`start ${at}, after a clean stop`, start / 1000, ['s', 2]),
    most(`start ${at}, after kill -9`, restart / 1000, ['s', 5]),
    most(`disk ${at}, against entries and tiles`, disk.factor, ['×', 1.5]),
    baseline(`disk for an entry of ${entryBytes} bytes`, 'bytes', [disk.perEntry]),
  ];
}
