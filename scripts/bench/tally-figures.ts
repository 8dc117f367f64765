/** What tallies must reach, beside what was measured. */
import { atLeast, atMost, type Figure, told } from './figure.ts';
import type { DossierFigure } from './tally-dossier.ts';
import type { TallyGrowthRow } from './tally-growth.ts';
import type { NodeFigures } from './tally-node.ts';

/** Kibibytes, milliseconds and so on at most. */
const MOST = {
  totalsProofKiB: 64,
  totalsVerifyMs: 20,
  memoryMiB: 512,
  lagSeconds: 2,
  turnMs: 50,
  dossierKiB: 200,
  dossierBuiltMs: 200,
  dossierJudgedMs: 100,
} as const;
/** Of the rate at the smallest size. */
const LEAST_GROWTH = 0.5;

export function growthFigures(rows: readonly TallyGrowthRow[]): Figure[] {
  const [first] = rows;
  return rows.flatMap((row) => {
    const at = (work: string): string => `${work}, ${row.size} leaves`;
    const { everything, total, hourly } = row;
    const rate = row.insertionsPerSecond;
    const least = (first?.insertionsPerSecond ?? 0) * LEAST_GROWTH;
    return [
      row === first
        ? told(at('insertions'), rate, 'per second')
        : atLeast(least, at('insertions'), rate, 'per second'),
      told(at('of the last tenth'), row.lastInsertionsPerSecond, 'per second'),
      told(at('processor time for an insertion'), row.cpuMicroseconds, 'µs'),
      told(at('everything about a model of 100 statements: proof'), everything.bytes / 1024, 'KiB'),
      told(at('— verified'), everything.verifyMs, 'ms'),
      atMost(MOST.totalsProofKiB, at('one total over 720 hours: proof'), total.bytes / 1024, 'KiB'),
      atMost(MOST.totalsVerifyMs, at('— verified'), total.verifyMs, 'ms'),
      atMost(MOST.totalsProofKiB, at('720 hourly totals: proof'), hourly.bytes / 1024, 'KiB'),
      atMost(MOST.totalsVerifyMs, at('— verified'), hourly.verifyMs, 'ms'),
      atMost(MOST.memoryMiB, at('memory at its peak'), row.peakRssBytes / 2 ** 20, 'MiB'),
    ];
  });
}

export function nodeFigures(node: NodeFigures): Figure[] {
  const { paced } = node;
  const log = `a log of ${node.entries} entries`;
  return [
    told(`${log}: submitted as NDJSON`, node.loadedPerSecond, 'per second'),
    atMost(MOST.memoryMiB, `${log}: memory of its process at its peak`, node.peakMemoryMiB, 'MiB'),
    told('everything about a model of 10,000 statements: proof', node.proofBytes / 1024, 'KiB'),
    told('— the request', node.proofMs, 'ms'),
    atMost(MOST.turnMs, '— other requests meanwhile, p99', node.meanwhileMs, 'ms'),
    told('steady load', paced.statementsPerSecond, 'per second'),
    told('— for', paced.seconds, 's'),
    told('— tally behind the newest checkpoint, p50', paced.lagSeconds.p50, 's'),
    atMost(MOST.lagSeconds, '— at its worst', paced.lagSeconds.worst, 's'),
    told('— dossiers asked of two verifiers, quorum 2', paced.dossiers, ''),
    atLeast(paced.dossiers, '— of them VALID', paced.valid, ''),
    told('— the oldest behind the log by', paced.dossierLagSeconds, 's of load'),
  ];
}

export function dossierFigures(dossiers: readonly DossierFigure[]): Figure[] {
  return dossiers.flatMap((dossier) => {
    const what = `dossier over 3 logs, ${dossier.what} (${dossier.windows} windows, ${dossier.outcome})`;
    const works = [what, '— built by a warm verifier', "— judged by the CLI's core"] as const;
    const [size, built, judged] = works;
    const isRanged = dossier.what.startsWith('a month by');
    const figure = (most: number, work: string, value: number, unit: string): Figure =>
      isRanged ? atMost(most, work, value, unit) : told(work, value, unit);
    return [
      figure(MOST.dossierKiB, size, dossier.bytes / 1024, 'KiB'),
      figure(MOST.dossierBuiltMs, built, dossier.builtMs, 'ms'),
      figure(MOST.dossierJudgedMs, judged, dossier.judgedMs, 'ms'),
      atMost(MOST.turnMs, '— other requests meanwhile, p99', dossier.meanwhileMs, 'ms'),
    ];
  });
}
