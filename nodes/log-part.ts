/** A log and its tally, opened over the folders of one process and followed by whoever serves them. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createHttpWitness } from '../src/client/http-witness.ts';
import type { TrustRoot } from '../src/core/trust/trust-root.ts';
import { fastestEngine } from '../src/keys/fastest-engine.ts';
import type { OpenedKey } from '../src/keys/key-file.ts';
import { opensslEngine } from '../src/keys/openssl-engine.ts';
import type { LogLimits } from '../src/log/limits.ts';
import { type Log, openLog } from '../src/log/log.ts';
import { LogTally } from '../src/log/log-tally.ts';
import { openHeadLock } from '../src/store/head-lock.ts';
import { openLevelLogStore } from '../src/store/level-log-store.ts';
import { openLevelTallyStore } from '../src/tally/level-tally-store.ts';
import type { FindLeaves, ReadEntries } from '../src/tally/tally.ts';
import { unixNow } from './common-settings.ts';
import { exitWithDefect, type Parts } from './process.ts';

export interface LogPartOptions {
  readonly signer: OpenedKey;
  /** Taken only once the store is locked: the newest version that was ever accepted is kept beside it. */
  readonly takeTrust: () => Promise<TrustRoot>;
  /** Folder that this log alone writes to. */
  readonly data: string;
  /** Folder of the head lock. Default: within `data`. */
  readonly lock?: string | undefined;
  readonly witnessTimeoutMs: number;
  readonly isRetiring?: boolean;
  readonly limits?: Partial<LogLimits>;
}

export interface OpenedLog {
  readonly log: Log;
  readonly trust: TrustRoot;
}

/** Opens the log. @throws STORE_LOCKED and what `openLog` throws */
export async function openLogPart(parts: Parts, options: LogPartOptions): Promise<OpenedLog> {
  const { signer, data, lock = join(data, 'lock'), witnessTimeoutMs: timeoutMs } = options;
  const headLock = parts.add(await openHeadLock(lock));
  const store = parts.add(await openLevelLogStore(join(data, 'db')));
  const trust = await options.takeTrust();
  const witnessOptions = { timeoutMs, now: unixNow, engine: opensslEngine };
  const log = await openLog({
    signer,
    trust,
    store,
    headLock,
    witnesses: trust.witnesses.map((witness) => createHttpWitness(witness, witnessOptions)),
    isRetiring: options.isRetiring ?? false,
    now: unixNow,
    clockMs: () => performance.now(),
    engine: fastestEngine(),
    limits: options.limits ?? {},
    onFatal: exitWithDefect,
  });
  return { log: parts.add(log), trust };
}

export interface TallyPartOptions {
  readonly signer: OpenedKey;
  /** Folder that this tally alone writes to. */
  readonly folder: string;
  /** What the tally is of. */
  readonly readEntries: ReadEntries;
  /** Leaves of entries that need not be read. */
  readonly findLeaves?: FindLeaves;
}

/** Opens the tally of a log, which follows it from now on. */
export async function openTallyPart(
  parts: Parts,
  { log, trust }: OpenedLog,
  { folder, ...options }: TallyPartOptions,
): Promise<LogTally> {
  return parts.add(
    new LogTally({
      ...options,
      store: parts.add(await openLevelTallyStore(folder)),
      verifiers: trust.verifiers,
      verifierQuorum: trust.verifierQuorum,
      published: () => log.status().published,
      waitForGrowth: (size, timeoutMs) => log.waitForGrowth(size, timeoutMs),
      now: unixNow,
      clockMs: () => performance.now(),
      onFatal: exitWithDefect,
    }),
  );
}
