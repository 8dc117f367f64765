/** The fourth log, which is there to be forked: folders, ports and the trust roots of everyone concerned. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeWitnessKey } from './keys.ts';
import { LogSite } from './log-site.ts';
import {
  type CosignerSite,
  type Network,
  type TrustedParties,
  trustRootFile,
  writeTrustRoot,
} from './network.ts';
import { FORK_VERIFIER, FORKED, WITNESS_QUORUM } from './parties.ts';
import { findFreePorts, urlOf } from './ports.ts';
import type { Stage } from './stage.ts';

export interface ForkedLog {
  readonly folder: string;
  /** As the trust root describes it, with all witnesses. */
  readonly honest: LogSite;
  /** As the operator runs it to cheat, each with half of the witnesses; the first in the data folder of the honest one. */
  readonly halves: readonly [LogSite, LogSite];
  /** What its verifier and the auditors go by. */
  readonly trustFile: string;
  readonly verifier: CosignerSite;
}

interface Shown {
  readonly name: string;
  readonly data: string;
  readonly port: number;
  readonly witnesses: readonly CosignerSite[];
  readonly quorum: number;
  readonly verifier: CosignerSite;
}

export async function prepareForkedLog(stage: Stage, network: Network): Promise<ForkedLog> {
  const folder = join(stage.folder, 'fork');
  await mkdir(join(folder, 'output'), { recursive: true });
  const [port = 0, otherPort = 0, verifierPort = 0] = await findFreePorts(3);
  const { witnesses } = network;
  const half = witnesses.length / 2;
  const show = (shown: Shown): Promise<LogSite> => openSite(stage, network, { folder, ...shown });
  const key = await makeWitnessKey(folder, FORK_VERIFIER.name);
  const verifier = { party: FORK_VERIFIER, key, url: urlOf(verifierPort) };
  const honest = { name: 'trust', data: 'log', port, witnesses, quorum: WITNESS_QUORUM, verifier };
  const one = { ...honest, name: 'one', witnesses: witnesses.slice(0, half), quorum: half };
  const other = { ...one, name: 'other', data: 'copy', port: otherPort };
  return {
    folder,
    honest: await show(honest),
    halves: [await show(one), await show({ ...other, witnesses: witnesses.slice(half) })],
    trustFile: join(folder, 'trust.json'),
    verifier,
  };
}

async function openSite(
  { crew }: Stage,
  { forkedKeys: keys, roots }: Network,
  { folder, name, data, port, ...trusted }: Shown & { readonly folder: string },
): Promise<LogSite> {
  const parties: TrustedParties = {
    logs: [{ party: FORKED, keys, url: urlOf(port) }],
    roots,
    ...trusted,
  };
  const trustFile = join(folder, `${name}.json`);
  return new LogSite({
    party: FORKED,
    keys,
    port,
    data: join(folder, data),
    output: join(folder, 'output', `${name}.txt`),
    trustFile,
    trust: await writeTrustRoot(trustFile, trustRootFile(parties), roots),
    crew,
  });
}
