/** The auditor: fetches files from the verifier once, and judges them alone, with the command line and the trust root. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_BY_OUTCOME } from '../../src/cli/exit-code.ts';
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
}

export interface Expected {
  readonly outcome: Outcome;
  /** Of the problem that decides. */
  readonly code?: AttestryErrorCode;
}

export interface VerifyOptions {
  /** File, folder or shard in hand. */
  readonly model?: string;
  /** The model in hand is the shard that this file proves. */
  readonly shardProof?: string;
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
      'The auditor works with the network shut: each attestry command runs in a network namespace that leads nowhere (unshare). A test connection from there to the verifier failed.',
    );
  } else {
    narrator.say(
      'This machine cannot shut the network for one process (no unshare). Instead the auditor gets a trust root whose URLs all lead nowhere.',
    );
  }
  const offline = async (trustFile: string): Promise<string> =>
    shut ? trustFile : await leadNowhere(trustFile, folder, roots);
  const run = async (file: string, { model, shardProof, trustFile }: VerifyOptions) =>
    await runCli(
      [
        'verify',
        file,
        ...['--trust', await offline(trustFile ?? ownTrustFile)],
        ...(model === undefined ? [] : ['--model', model]),
        ...(shardProof === undefined ? [] : ['--shard-proof', shardProof]),
        '--json',
      ],
      shut,
    );
  return {
    folder,
    async keep(name, bytes) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      return path;
    },
    async verify(file, expected, options = {}) {
      const { exitCode, stdout, stderr } = await run(file, options);
      demand(stdout.startsWith('{'), `a report on ${file}, got ${stderr || stdout}`);
      return requireReport(JSON.parse(stdout) as Report, exitCode, expected);
    },
  };
}

function requireReport(report: Report, exitCode: number | null, expected: Expected): Report {
  const { outcome, code } = expected;
  const found = report.problems.map((problem) => problem.code);
  demand(
    report.outcome === outcome,
    `outcome ${outcome}, got ${report.outcome} with ${found.join(', ') || 'no problem'}`,
  );
  demandEqual(exitCode, EXIT_BY_OUTCOME[outcome], 'the exit code of attestry verify');
  if (code !== undefined) demand(found.includes(code), `${code}, got ${found.join(', ')}`);
  return report;
}

async function leadNowhere(
  trustFile: string,
  folder: string,
  roots: Network['roots'],
): Promise<string> {
  const { file } = parseTrustRoot(await readFile(trustFile));
  const path = join(folder, 'trust-without-urls.json');
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
