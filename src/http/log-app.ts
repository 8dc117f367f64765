/** The HTTP side of a log: submissions, receipts, and the c2sp.org/tlog-tiles resources. */
import type { Log } from '../log/log.ts';
import type { LogTally } from '../log/log-tally.ts';
import { VERSION } from '../version.ts';
import { type AppOptions, createApp } from './app.ts';
import type { App } from './app-type.ts';
import { addHealthRoutes, type Health } from './health.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { logMetrics } from './log-metrics.ts';
import { addLogReadRoutes } from './log-read-routes.ts';
import { addSubmissionRoutes } from './submission-routes.ts';
import { addTallyRoutes } from './tally-routes.ts';
import { addTileRoutes } from './tile-routes.ts';

export interface LogAppOptions extends Pick<AppOptions, 'limits' | 'log' | 'trustedProxies'> {
  /** Seconds after which the newest checkpoint counts as too old for a healthy log. */
  readonly maxCheckpointAgeSeconds: number;
  /** How long a submitter may wait for witnesses; less than the connection's own time-outs. Default: 10 s. */
  readonly witnessWaitMs?: number;
  /** Unix seconds. */
  readonly now: () => number;
  /** Served where the log keeps one. */
  readonly tally?: LogTally;
}

const WITNESS_WAIT_MS = 10_000;

/** The app of a log node. */
export async function createLogApp(log: Log, options: LogAppOptions): Promise<App> {
  const { maxCheckpointAgeSeconds, witnessWaitMs = WITNESS_WAIT_MS, now, tally, ...base } = options;
  const app = await createApp({
    ...base,
    api: {
      title: `Attestry log ${log.origin}`,
      description: 'Takes signed statements about AI models, logs them, and proves what it logged.',
      version: VERSION,
    },
  });
  const limits = { ...DEFAULT_LIMITS, ...base.limits };
  addSubmissionRoutes(app, log, {
    witnessWaitMs,
    mostUnderWay: limits.submissionsUnderWay,
    mostLargeBytes: limits.largeSubmissionBytes,
  });
  addLogReadRoutes(app, log);
  addTileRoutes(app, log);
  if (tally !== undefined) addTallyRoutes(app, tally);
  addHealthRoutes(app, {
    registry: logMetrics(log, { now, tally }),
    health: () => healthOf(log, now() - maxCheckpointAgeSeconds),
  });
  return app;
}

function healthOf(log: Log, oldest: number): Health {
  const newest = publishedAt(log);
  const ok = newest !== undefined && newest >= oldest;
  const detail =
    newest === undefined
      ? 'no checkpoint has reached the quorum since the start'
      : `the newest quorum of cosignatures is of ${new Date(newest * 1000).toISOString()}`;
  return { ok, checks: { checkpoint: { ok, detail } } };
}

/** Unix seconds by which the quorum had last cosigned, since the start. */
function publishedAt(log: Log): number | undefined {
  const { witnesses, quorum } = log.status();
  const times = witnesses
    .flatMap(({ lastCosignedAt }) => lastCosignedAt ?? [])
    .sort((a, b) => b - a);
  return times[quorum - 1];
}
