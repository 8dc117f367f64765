/** Submitting to a log process: rates and latencies. */

import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { verifyInclusion } from '../../src/core/merkle/inclusion.ts';
import { verifyCheckpoint } from '../../src/core/note/checkpoint.ts';
import { nobleEngine } from '../../src/core/note/ed25519.ts';
import { parseReceipt } from '../../src/core/receipt/receipt.ts';
import { type Figure, most, percentile, type Runs, rate } from './figures.ts';
import type { Generator, LoadReport } from './generator-process.ts';
import type { Rig } from './rig.ts';
import { ORIGIN } from './rig-parties.ts';

const BATCH = 500;
const BATCH_CONNECTIONS = 8;
const SINGLE_CONNECTIONS = 64;
// Requests that come when they are due need a connection each for as long as they wait. More than 512 at once, should they all
// come at the same moment, a log refuses.
const PACED_CONNECTIONS = 500;
const SAMPLES = 5;

export interface Bench {
  readonly rig: Rig;
  readonly generator: Generator;
}

/** Entries a second, in NDJSON requests of 500 on 8 connections, each answered with its committed receipt. */
export async function measureBatches({ rig, generator }: Bench, entries: number): Promise<number> {
  await generator.make(entries);
  const sent = await generator.send({
    url: rig.url,
    connections: BATCH_CONNECTIONS,
    entries,
    perRequest: BATCH,
    sampleEvery: Math.ceil(entries / BATCH / SAMPLES),
  });
  demand(sent, '200', entries / BATCH);
  for (const sample of sent.samples) {
    const lines = sample.trimEnd().split('\n');
    const refused = lines.find((line) => line.startsWith('{"error"'));
    if (refused !== undefined) throw new Error(`refused: ${refused}`);
    verifySample(rig, lines.at(-1) ?? '');
  }
  return entries / sent.seconds;
}

export interface SingleLoad {
  readonly entries: number;
  readonly wait?: 'witnessed';
  readonly perSecond?: number;
}

/** One entry a request on 64 connections. */
export async function measureSingles(
  { rig, generator }: Bench,
  { entries, ...load }: SingleLoad,
): Promise<{ readonly rate: number; readonly times: Runs }> {
  await generator.make(entries);
  const sent = await generator.send({
    url: rig.url,
    connections: load.perSecond === undefined ? SINGLE_CONNECTIONS : PACED_CONNECTIONS,
    entries,
    sampleEvery: Math.ceil(entries / SAMPLES),
    ...load,
  });
  demand(sent, '201', entries);
  for (const sample of sent.samples) verifySample(rig, sample);
  return { rate: entries / sent.seconds, times: sent.times };
}

/** Committed and witnessed receipts at half of the load that the log takes. */
export async function measureLatency(
  bench: Bench,
  { perSecond, entries }: { readonly perSecond: number; readonly entries: number },
): Promise<Figure[]> {
  const committed = await measureSingles(bench, { entries, perSecond });
  const witnessed = await measureSingles(bench, { entries, perSecond, wait: 'witnessed' });
  const at = `at half load (${perSecond.toFixed(0)}/s)`;
  return [
    most(`committed receipt ${at}, p50`, percentile(committed.times, 0.5), ['ms', 60]),
    most(`committed receipt ${at}, p99`, percentile(committed.times, 0.99), ['ms', 250]),
    most(`witnessed receipt (3 of 4) ${at}, p99`, percentile(witnessed.times, 0.99), ['ms', 1000]),
  ];
}

function demand(sent: LoadReport, status: string, count: number): void {
  if (sent.statuses[status] === Math.ceil(count)) return;
  throw new Error(`answered ${JSON.stringify(sent.statuses)}: ${sent.refusals[0]}`);
}

/** A committed receipt lacks the witnesses' cosignatures; all else of it is verified, in core. */
function verifySample({ trust }: Rig, line: string): void {
  const { receipt } = JSON.parse(line) as { receipt: unknown };
  const { envelope, proof } = parseReceipt(encodeUtf8(JSON.stringify(receipt)));
  const vkey = trust.logs.get(ORIGIN)?.vkey;
  if (vkey === undefined) throw new RangeError('Expected the log in its own trust root.');
  const { checkpoint } = verifyCheckpoint(proof.checkpoint, { vkeys: [vkey], engine: nobleEngine });
  verifyInclusion({ ...checkpoint, ...proof, leafHash: leafHash(envelope.entry) });
}

/** The rates of both ways of submitting, beside the signature checks of the same rounds. */
export function submissionFigures(runs: {
  readonly checks: Runs;
  readonly batches: Runs;
  readonly singles: Runs;
}): Figure[] {
  const limits = runs.checks;
  const unit = 'entries/s';
  return [
    rate('NDJSON submission, committed', runs.batches, { unit, limits, atLeast: 0.7 }),
    rate('single POST, 64 connections, committed', runs.singles, { unit, limits, atLeast: 0.4 }),
  ];
}
