/** What a log measures of itself, read when Prometheus asks. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Log } from '../log/log.ts';
import type { LogTally } from '../log/log-tally.ts';

export interface MetricsOptions {
  /** Unix seconds. */
  readonly now: () => number;
  readonly tally: LogTally | undefined;
}

export function logMetrics(log: Log, { now, tally }: MetricsOptions): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ origin: log.origin });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  gauge('attestry_log_size', 'Committed entries.', () => log.size);
  gauge(
    'attestry_log_published_size',
    'Entries under the newest witnessed checkpoint.',
    () => log.status().published?.size ?? 0,
  );
  gauge(
    'attestry_log_queued_entries',
    'Entries waiting to be committed.',
    () => log.status().queued,
  );
  counter(
    'attestry_log_accepted_total',
    'Entries added since the start.',
    () => log.status().counters.accepted,
  );
  counter(
    'attestry_log_repeated_total',
    'Submissions of entries that were there already.',
    () => log.status().counters.repeated,
  );
  counter(
    'attestry_log_batches_total',
    'Commits since the start.',
    () => log.status().counters.batches,
  );
  counter(
    'attestry_log_scrubbed_entries_total',
    'Entries re-hashed in the background since the start.',
    () => log.status().scrubbed,
  );
  if (tally !== undefined) {
    const lag = (): number => (log.status().published?.size ?? 0) - tally.status.size;
    gauge(
      'attestry_log_tally_lag_entries',
      'Published entries that the tally does not hold yet.',
      lag,
    );
    gauge(
      'attestry_log_tally_lag_seconds',
      'How far the tally is behind the newest witnessed checkpoint.',
      () => tally.status.lagSeconds,
    );
    gauge(
      'attestry_log_tally_cosigned_size',
      'Entries under the newest tally that the quorum of verifiers has cosigned.',
      () => tally.status.cosignedSize,
    );
  }
  addWitnessGauge(registry, log, now);
  return registry;
}

function addWitnessGauge(registry: Registry, log: Log, now: () => number): void {
  new Gauge({
    name: 'attestry_log_witness_age_seconds',
    help: 'Seconds since each witness last cosigned; absent before its first.',
    labelNames: ['witness'],
    registers: [registry],
    collect() {
      for (const { name, lastCosignedAt } of log.status().witnesses) {
        if (lastCosignedAt !== null) this.set({ witness: name }, now() - lastCosignedAt);
      }
    },
  });
}
