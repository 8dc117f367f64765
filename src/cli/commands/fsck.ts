/** attestry fsck: re-reads and re-derives everything in a stopped log's data folder. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { reading } from '../../client/local-file.ts';
import { parseCheckpoint } from '../../core/note/checkpoint.ts';
import { worstOf } from '../../core/report/report.ts';
import type { TrustedLog, TrustRoot } from '../../core/trust/trust-root.ts';
import { AttestryError } from '../../errors.ts';
import { type FsckReport, fsck } from '../../log/fsck.ts';
import { SHARED_DISK } from '../../store/disk.ts';
import { openHeadLock } from '../../store/head-lock.ts';
import { openLevelLogStore } from '../../store/level-log-store.ts';
import type { LogStore } from '../../store/log-store.ts';
import { openLevelTallyStore } from '../../tally/level-tally-store.ts';
import type { TallyStore } from '../../tally/tally-store.ts';
import { addTrustOptions, defineCommand, jsonOption } from '../command.ts';
import { EXIT_BY_OUTCOME } from '../exit-code.ts';
import { readTrust, type TrustFlags } from '../input.ts';
import { formatCheck } from '../print-check.ts';
import { startProgress } from '../progress.ts';
import { say, sayJson } from '../terminal.ts';

interface FsckFlags extends TrustFlags {
  readonly lock?: string;
  readonly origin?: string;
  /** False with --no-signatures. */
  readonly signatures: boolean;
  readonly json?: boolean;
}

export function fsckCommand(): Command {
  return addTrustOptions(
    defineCommand({
      name: 'fsck',
      summary: "check a stopped log's data folder in full",
      description:
        'Re-reads every entry, tile and table of a stopped log, derives its root anew and builds its tally anew. Exit code: 0 all holds, 1 something does not.',
      examples: ['attestry fsck ./eu --trust trust.json'],
    }),
  )
    .argument('<data folder>', 'as given to attestry node --data; the node must not be running')
    .option('--lock <folder>', 'of the head lock, where it is not in the data folder')
    .option('--origin <name>', 'which log of the trust root it is (its own checkpoint says so)')
    .option('--no-signatures', 'check hashes alone: much faster, and nothing of what entries say')
    .addOption(jsonOption())
    .action(async (folder: string, flags: FsckFlags) => checkFolder(folder, flags));
}

async function checkFolder(folder: string, flags: FsckFlags): Promise<void> {
  const trust = await readTrust(flags);
  const database = join(folder, 'db');
  // Opening it would make an empty one.
  await reading(database, () => stat(database));
  const headLock = await openHeadLock(flags.lock ?? join(folder, 'lock'));
  try {
    const store = await openLevelLogStore(database, SHARED_DISK);
    let tally: TallyStore | undefined;
    try {
      tally = flags.signatures ? await openTally(folder) : undefined;
      const log = await whichLog(store, trust, flags.origin);
      const progress = await startProgress({ title: `Checking ${log.origin}`, unit: 'entries' });
      const report = await fsck({
        store,
        headLock,
        trust,
        log,
        now: Math.floor(Date.now() / 1000),
        signatures: flags.signatures,
        sharedFolder: database,
        tally,
        onProgress: progress.at,
      });
      progress.end(`Checked ${report.size} entries.`);
      printFsck(report, flags.json === true);
    } finally {
      await tally?.close();
      await store.close();
    }
  } finally {
    await headLock.close();
  }
}

/** The log's tally, if there is one: a node makes it when it first publishes. */
async function openTally(folder: string): Promise<TallyStore | undefined> {
  const path = join(folder, 'tally');
  return existsSync(path) ? await openLevelTallyStore(path) : undefined;
}

/** The log that signed the newest checkpoint in the database, unless told. */
async function whichLog(
  store: LogStore,
  trust: TrustRoot,
  origin: string | undefined,
): Promise<TrustedLog> {
  const kept = origin === undefined ? await store.latestCheckpoint('committed') : undefined;
  const name = origin ?? (kept === undefined ? '' : parseCheckpoint(kept.note).checkpoint.origin);
  const log = trust.logs.get(name);
  if (log !== undefined) return log;
  throw new AttestryError(
    'CHECKPOINT_ORIGIN_UNKNOWN',
    name === ''
      ? 'Expected a checkpoint in the database to say which log it is; say so with --origin.'
      : `Expected a log of the trust root, got ${name}.`,
  );
}

function printFsck(report: FsckReport, json: boolean): void {
  const outcome = worstOf(report.problems.map(({ code }) => code));
  if (json) sayJson({ type: 'attestry/fsck', version: 1, outcome, ...report });
  else {
    const title = `${report.origin}, ${report.size} entries`;
    say(...formatCheck({ ...report, outcome, title }));
  }
  process.exitCode = EXIT_BY_OUTCOME[outcome];
}
