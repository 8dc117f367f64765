/** What a verifier measures of the logs that it follows, read when Prometheus asks. */
import { Counter, Gauge, Registry } from 'prom-client';
import { FINDING_KINDS } from '../core/finding/finding.ts';
import type { LogStatus, Verifier } from '../verifier/verifier.ts';

export function verifierMetrics(verifier: Verifier): Registry {
  const registry = new Registry();
  const gauge = (
    name: string,
    help: string,
    read: (status: LogStatus) => number | undefined,
  ): void => {
    new Gauge({
      name: `attestry_verifier_${name}`,
      help,
      labelNames: ['origin'],
      registers: [registry],
      collect() {
        this.reset();
        for (const status of verifier.logs()) {
          const value = read(status);
          if (value !== undefined) this.set({ origin: status.log.origin }, value);
        }
      },
    });
  };
  gauge(
    'log_size',
    'Entries under the newest verified checkpoint.',
    ({ facts }) => facts.current?.checkpoint.size ?? 0,
  );
  gauge('mirrored_size', 'Entries mirrored so far.', ({ mirroredSize }) => mirroredSize);
  gauge(
    'lag_seconds',
    'Seconds since the quorum cosigned the newest verified checkpoint; absent before the first.',
    ({ facts }) => facts.current && verifier.now() - facts.current.witnessedAt,
  );
  gauge(
    'unverified_seconds',
    'Seconds since all that the log publishes was last verified; absent before the first time.',
    ({ facts }) => facts.verifiedAt && verifier.now() - facts.verifiedAt,
  );
  gauge('log_followed', '1 while the log is followed without a problem, else 0.', ({ state }) =>
    Number(state === 'followed'),
  );
  gauge(
    'refused_entries',
    'Logged entries that admission refuses.',
    ({ refusedEntries }) => refusedEntries,
  );
  countVerified(registry, verifier);
  countFindings(registry, verifier);
  return registry;
}

function countVerified(registry: Registry, verifier: Verifier): void {
  new Counter({
    name: 'attestry_verifier_entries_verified_total',
    help: 'Entries verified since the start.',
    labelNames: ['origin'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { log, verifiedEntries } of verifier.logs()) {
        this.inc({ origin: log.origin }, verifiedEntries);
      }
    },
  });
}

function countFindings(registry: Registry, verifier: Verifier): void {
  new Gauge({
    name: 'attestry_verifier_findings',
    help: 'Findings held.',
    labelNames: ['origin', 'kind'],
    registers: [registry],
    collect() {
      for (const { log } of verifier.logs()) {
        for (const kind of FINDING_KINDS) {
          const count = verifier.findings.countOf(log.origin, kind);
          this.set({ origin: log.origin, kind }, count);
        }
      }
    },
  });
}
