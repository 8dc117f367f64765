/** The auditor: fetches files from the verifier once, and judges them alone, with the command line and the trust root. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EXIT_BY_OUTCOME } from '../../src/cli/exit-code.ts';
import type { InvoiceReport } from '../../src/core/metering/invoice-report.ts';
import type { Report } from '../../src/core/report/report.ts';
import type { TrustRootFile } from '../../src/core/trust/trust-file.ts';
import { parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import type { AttestryErrorCode, Outcome } from '../../src/errors.ts';
import { canReach, canShutNetwork, runCli } from './cli.ts';
import { demand, demandEqual } from './expectation.ts';
import { type Network, writeTrustRoot } from './network.ts';
import type { Stage } from './stage.ts';

export interface Auditor {
  /** Where the files lie that the auditor keeps. */
  readonly folder: string;
  /** Keeps a file. Gives its path. */
  keep(name: string, bytes: Uint8Array): Promise<string>;
  /** The report of `attestry verify`, if it ends as expected. */
  verify(file: string, expected: Expected, options?: VerifyOptions): Promise<Report>;
  /** The report of `attestry invoice check`, if it ends as expected. */
  checkInvoice(file: string, expected: Expected, options: InvoiceOptions): Promise<InvoiceReport>;
  /** What `attestry` prints with these arguments. This one command asks the network. */
  ask(args: readonly string[]): Promise<string>;
}

export interface Expected {
  readonly outcome: Outcome;
  /** Of a problem, or of a line of an invoice. */
  readonly code?: AttestryErrorCode;
}

export interface VerifyOptions {
  /** File, folder or shard in hand. */
  readonly model?: string;
  /** The model in hand is the shard that this file proves. */
  readonly shardProof?: string;
  /** Default: the network's. */
  readonly trustFile?: string;
  /** Its quorum may tolerate no dishonest witness. */
  readonly acceptWeakQuorum?: true;
}

export interface InvoiceOptions {
  /** Those that the customer has kept. */
  readonly receipts: string;
  readonly dossier?: string;
  /** Default: the network's. */
  readonly trustFile?: string;
}

/** The discard service: nothing of this demo, and usually nothing at all, listens there. */
const NOWHERE = 'http://127.0.0.1:9';

/** Says how the network is kept away, after trying that it is. */
export async function openAuditor(
  { folder: parent, narrator }: Stage,
  { trustFile: ownTrustFile, verifier, roots }: Network,
): Promise<Auditor> {
  const folder = join(parent, 'audit');
  await mkdir(folder);
  const shut = canShutNetwork();
  if (shut) {
    demand(await canReach(verifier.url, false), 'the verifier to be reachable before');
    demand(!(await canReach(verifier.url, true)), 'no network where it is shut');
    narrator.say(
      'The auditor judges with the network shut: attestry runs in a network namespace that leads nowhere (unshare). A test connection from there to the verifier failed.',
    );
  } else {
    narrator.say(
      'This machine cannot shut the network for one process (no unshare). Instead the auditor gets a trust root whose URLs all lead nowhere.',
    );
  }
  const judge = async <T extends Judgement>(
    args: readonly string[],
    expected: Expected,
    trustFile: string = ownTrustFile,
  ): Promise<T> => {
    const trust = shut ? trustFile : await leadNowhere(trustFile, folder, roots);
    const run = await runCli([...args, '--trust', trust, '--json'], shut);
    demand(run.stdout.startsWith('{'), `a report of ${args[0]}, got ${run.stderr || run.stdout}`);
    return requireJudgement(JSON.parse(run.stdout) as T, run.exitCode, expected);
  };
  return {
    folder,
    async keep(name, bytes) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      return path;
    },
    verify: (file, expected, { model, shardProof, trustFile, acceptWeakQuorum } = {}) =>
      judge<Report>(
        [
          ...['verify', file, ...flag('--model', model), ...flag('--shard-proof', shardProof)],
          ...(acceptWeakQuorum ? ['--accept-weak-quorum'] : []),
        ],
        expected,
        trustFile,
      ),
    checkInvoice: (file, expected, { receipts, dossier, trustFile }) =>
      judge<InvoiceReport>(
        ['invoice', 'check', file, '--receipts', receipts, ...flag('--dossier', dossier)],
        expected,
        trustFile,
      ),
    async ask(args) {
      const { exitCode, stdout, stderr } = await runCli(args, false);
      demandEqual(exitCode, 0, `the exit code of attestry ${args[0]} (${stderr.trim()})`);
      return stdout;
    },
  };
}

type Judgement = Pick<Report, 'outcome'> & {
  readonly problems: readonly { readonly code: AttestryErrorCode }[];
  readonly lines?: readonly { readonly code: AttestryErrorCode | null }[];
};

function requireJudgement<T extends Judgement>(
  report: T,
  exitCode: number | null,
  { outcome, code }: Expected,
): T {
  const found = [...report.problems, ...(report.lines ?? [])].flatMap((held) => held.code ?? []);
  demand(
    report.outcome === outcome,
    `outcome ${outcome}, got ${report.outcome} with ${found.join(', ') || 'no problem'}`,
  );
  demandEqual(exitCode, EXIT_BY_OUTCOME[outcome], 'the exit code of attestry');
  if (code !== undefined) demand(found.includes(code), `${code}, got ${found.join(', ')}`);
  return report;
}

function flag(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [name, value];
}

async function leadNowhere(
  trustFile: string,
  folder: string,
  roots: Network['roots'],
): Promise<string> {
  const { file } = parseTrustRoot(await readFile(trustFile));
  const path = join(folder, `nowhere-${basename(trustFile)}`);
  const away = <T extends { readonly url: string }>(party: T): T => ({ ...party, url: NOWHERE });
  const unreachable: TrustRootFile = {
    ...file,
    logs: file.logs.map(away),
    witnesses: file.witnesses.map(away),
    verifiers: (file.verifiers ?? []).map(away),
  };
  await writeTrustRoot(path, unreachable, roots);
  return path;
}
