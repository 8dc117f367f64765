/** A log whose operator changes keys: a trust root in versions, each made with the command line, and who goes by them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { runCli } from './cli.ts';
import { demandEqual } from './expectation.ts';
import { type DemoKey, type LogKeys, makeNextKey } from './keys.ts';
import type { LogSite } from './log-site.ts';
import { type CosignerSite, type Network, startVerifier } from './network.ts';
import { CAREFUL, KEY_VERIFIER, ROOT_THRESHOLD, WITNESS_QUORUM } from './parties.ts';
import type { RoleProcess } from './process.ts';
import { openSideGround, openSideNode } from './side-log.ts';
import type { Stage } from './stage.ts';

/** What node, verifier and auditors go by at a time. */
export interface KeyVersion {
  readonly trustFile: string;
  readonly trust: TrustRoot;
  /** Speaks with the key that the operator uses then. */
  readonly site: LogSite;
}

export interface KeyLog {
  readonly first: KeyVersion;
  readonly verifier: CosignerSite;
  readonly oldKey: DemoKey;
  readonly newKey: DemoKey;
  /** Makes the version after this one, and starts node and verifier again with it. */
  advance(from: KeyVersion, change: readonly string[]): Promise<KeyVersion>;
  close(version: KeyVersion): Promise<void>;
}

/** The log and a verifier that follows it, running by version 1, which names the old key. */
export async function startKeyLog(stage: Stage, network: Network): Promise<KeyLog> {
  const { crew } = stage;
  const ground = await openSideGround(stage, { party: CAREFUL, verifier: KEY_VERIFIER }, 1);
  const { folder, verifier, ports } = ground;
  const [port = 0] = ports;
  const { witnesses, sideKeys } = network;
  const newKey = await makeNextKey(folder, CAREFUL.operator);
  const node = { name: 'trust-1', data: 'log', port, witnesses, quorum: WITNESS_QUORUM };
  const site = await openSideNode(stage, network, { ...ground, ...node });
  const first = { ...(await readVersion(join(folder, 'trust-1.json'))), site };
  let following: RoleProcess;
  const start = async ({ trustFile, ...version }: KeyVersion): Promise<void> => {
    [following] = await Promise.all([
      startVerifier(stage, verifier, { folder, trustFile }),
      version.site.start(),
    ]);
  };
  const close = async (version: KeyVersion): Promise<void> => {
    await Promise.all([crew.stop(following), version.site.stop()]);
  };
  await start(first);
  return {
    first,
    verifier,
    oldKey: (sideKeys.get(CAREFUL) as LogKeys).operator,
    newKey,
    close,
    async advance(from, change) {
      const read = await readVersion(await makeNextVersion(from.trustFile, change, network));
      const next = { ...read, site: from.site.under(read, newKey) };
      await close(from);
      await start(next);
      return next;
    },
  };
}

async function readVersion(trustFile: string): Promise<Omit<KeyVersion, 'site'>> {
  return { trustFile, trust: parseTrustRoot(await readFile(trustFile)) };
}

/** As a clerk drafts it, and as many holders of root keys as are needed sign it, one after another. Gives its path. */
async function makeNextVersion(
  before: string,
  [command = '', ...flags]: readonly string[],
  { roots }: Network,
): Promise<string> {
  const [, stem = '', version] = /^(.*)-(\d+)\.json$/.exec(before) ?? [];
  const path = `${stem}-${Number(version) + 1}.json`;
  let draft = `${path}.draft`;
  await attestry(['trust', command, before, ...flags, '--out', draft]);
  for (const [i, holder] of roots.slice(0, ROOT_THRESHOLD).entries()) {
    const signed = i + 1 === ROOT_THRESHOLD ? path : `${path}.signed-by-${holder.name}`;
    const keys = ['--from', before, '--key', holder.path];
    await attestry(['trust', 'sign', draft, ...keys, '--out', signed]);
    draft = signed;
  }
  return path;
}

async function attestry(args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runCli(args, false);
  demandEqual(exitCode, 0, `the exit code of attestry ${args.slice(0, 2).join(' ')} (${stderr})`);
}
