/** A log that is offered ten times what it can take: what it refuses, what it takes, and whether it keeps what it took. */
import { availableParallelism } from 'node:os';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHashBySystem } from '../../src/keys/openssl-hash.ts';
import { measureFsck } from './audits.ts';
import { baseline, type Figure, least, most, percentile } from './figures.ts';
import type { AcceptedEntry, FloodReport } from './generator-process.ts';
import { withStore } from './loading.ts';
import { MemoryWatch } from './memory.ts';
import type { Rig } from './rig.ts';
import type { Bench } from './submission.ts';

const TIMES = 10;
/** Fewer than a node takes at all, so that it is the log that refuses. */
const CONNECTIONS = 900;
/** Of entries over the capacity: that was measured on fewer connections, which share less. */
const MARGIN = 2;

export interface OverloadOptions {
  /** Requests of one entry each that the log takes in a second. */
  readonly capacity: number;
  readonly seconds: number;
}

/** Of a log that runs and is warm; it is killed at the end, without a warning, and read as the kill left it. */
export async function measureOverload(
  { rig, generator }: Bench,
  { capacity, seconds }: OverloadOptions,
): Promise<Figure[]> {
  await generator.make(Math.ceil(capacity * seconds * MARGIN) + CONNECTIONS);
  const watch = new MemoryWatch(rig.pid);
  const perSecond = Math.round(TIMES * capacity);
  const flood = { url: rig.url, connections: CONNECTIONS, perSecond, seconds };
  const report = await generator.flood(flood).finally(() => watch.stop());
  await rig.killLog();
  const lost = await countLost(rig, report.accepted);
  await measureFsck(rig, false);
  return figuresOf(report, { perSecond, growth: watch.growth, lost });
}

interface Outcome {
  readonly perSecond: number;
  readonly growth: number;
  readonly lost: number;
}

function figuresOf(report: FloodReport, { perSecond, growth, lost }: Outcome): Figure[] {
  const { seconds, accepted, acceptedTimes, refusedTimes, refusedAsAsked, unsent } = report;
  const sent = acceptedTimes.length + refusedTimes.length;
  const share = (100 * refusedAsAsked) / refusedTimes.length;
  const work = `overload, ${perSecond}/s for ${seconds.toFixed(0)} s`;
  return [
    most(`${work}: accepted receipts, p99`, percentile(acceptedTimes, 0.99) / 1000, ['s', 2]),
    least('— of the refusals, 503 with Retry-After', share, ['%', 100]),
    most('— refused within, p99', percentile(refusedTimes, 0.99) / 1000, ['s', 1]),
    most('— peak of its own memory, second half against first', growth, ['×', 1.1]),
    most('— accepted entries that a kill -9 took', lost, ['', 0]),
    baseline('— accepted', 'entries/s', [accepted.length / seconds]),
    baseline('— refused', 'requests/s', [refusedTimes.length / seconds]),
    baseline('— of those due, not sent: no connection was free', '%', [
      (100 * unsent) / (sent + unsent),
    ]),
    baseline("— the generator's share of all cores", '', [
      report.cpuSeconds / seconds / availableParallelism(),
    ]),
  ];
}

async function countLost(rig: Rig, accepted: readonly AcceptedEntry[]): Promise<number> {
  return await withStore(rig, (store) => {
    const size = store.head()?.size ?? 0;
    const isThere = ({ entryHash, index }: AcceptedEntry): boolean => {
      const entry = index < size ? store.entry(index) : undefined;
      return entry !== undefined && encodeHex(leafHashBySystem(entry)) === entryHash;
    };
    return accepted.filter((entry) => !isThere(entry)).length;
  });
}
