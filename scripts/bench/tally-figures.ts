/** What tallies must reach, beside what was measured. */
import { baseline, type Figure, least, most } from './figures.ts';
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
    const floor = (first?.insertionsPerSecond ?? 0) * LEAST_GROWTH;
    return [
      row === first
        ? baseline(at('insertions'), 'per second', [rate])
        : least(at('insertions'), rate, ['per second', floor]),
      baseline(at('of the last tenth'), 'per second', [row.lastInsertionsPerSecond]),
      baseline(at('processor time for an insertion'), 'µs', [row.cpuMicroseconds]),
      baseline(at('everything about a model of 100 statements: proof'), 'KiB', [
        everything.bytes / 1024,
      ]),
      baseline(at('— verified'), 'ms', [everything.verifyMs]),
      most(at('one total over 720 hours: proof'), total.bytes / 1024, ['KiB', MOST.totalsProofKiB]),
      most(at('— verified'), total.verifyMs, ['ms', MOST.totalsVerifyMs]),
      most(at('720 hourly totals: proof'), hourly.bytes / 1024, ['KiB', MOST.totalsProofKiB]),
      most(at('— verified'), hourly.verifyMs, ['ms', MOST.totalsVerifyMs]),
      most(at('memory at its peak'), row.peakRssBytes / 2 ** 20, ['MiB', MOST.memoryMiB]),
    ];
  });
}

export function nodeFigures(node: NodeFigures): Figure[] {
  const { paced } = node;
  const log = `a log of ${node.entries} entries`;
  return [
    baseline(`${log}: submitted as NDJSON`, 'per second', [node.loadedPerSecond]),
    most(`${log}: its process's own memory at its peak`, node.memory.ownMiB, [
      'MiB',
      MOST.memoryMiB,
    ]),
    baseline('— with the program and mapped files of the database', 'MiB', [
      node.memory.residentMiB,
    ]),
    baseline('everything about a model of 10,000 statements: proof', 'KiB', [
      node.proofBytes / 1024,
    ]),
    baseline('— the request', 'ms', [node.proofMs]),
    most('— other requests meanwhile, p99', node.meanwhileMs, ['ms', MOST.turnMs]),
    baseline('steady load', 'per second', [paced.statementsPerSecond]),
    baseline('— for', 's', [paced.seconds]),
    baseline('— tally behind the newest checkpoint, p50', 's', [paced.lagSeconds.p50]),
    most('— at its worst', paced.lagSeconds.worst, ['s', MOST.lagSeconds]),
    baseline('— dossiers asked of two verifiers, quorum 2', '', [paced.dossiers]),
    least('— of them VALID', paced.valid, ['', paced.dossiers]),
    baseline('— the oldest behind the log by', 's of load', [paced.dossierLagSeconds]),
  ];
}

export function dossierFigures(dossiers: readonly DossierFigure[]): Figure[] {
  return dossiers.flatMap((dossier) => {
    const what = `dossier over 3 logs, ${dossier.what} (${dossier.windows} windows, ${dossier.outcome})`;
    const works = [what, '— built by a warm verifier', "— judged by the CLI's core"] as const;
    const [size, built, judged] = works;
    const isRanged = dossier.what.startsWith('a month by');
    const figure = (limit: number, work: string, value: number, unit: string): Figure =>
      isRanged ? most(work, value, [unit, limit]) : baseline(work, unit, [value]);
    return [
      figure(MOST.dossierKiB, size, dossier.bytes / 1024, 'KiB'),
      figure(MOST.dossierBuiltMs, built, dossier.builtMs, 'ms'),
      figure(MOST.dossierJudgedMs, judged, dossier.judgedMs, 'ms'),
      most('— other requests meanwhile, p99', dossier.meanwhileMs, ['ms', MOST.turnMs]),
    ];
  });
}
