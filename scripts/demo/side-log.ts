/**
 * A log beside the network, which is there to be attacked: what is proven against a log stays proven, so it has a trust root
 * and a verifier of its own. Its witnesses are those of the network.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogKeys, makeWitnessKey } from './keys.ts';
import { LogSite } from './log-site.ts';
import {
  type CosignerSite,
  type Network,
  type TrustedParties,
  trustRootFile,
  writeTrustRoot,
} from './network.ts';
import type { CosignerParty, LogParty } from './parties.ts';
import { findFreePorts, urlOf } from './ports.ts';
import type { Stage } from './stage.ts';

/** Where a side log's files are, and who takes part. */
export interface SideGround {
  readonly folder: string;
  readonly party: LogParty;
  readonly verifier: CosignerSite;
  /** Free ones for nodes. */
  readonly ports: readonly number[];
}

/** One node of the log, as a trust root shows it. */
export interface SideNode extends Pick<TrustedParties, 'witnesses' | 'quorum'> {
  /** Names the trust root. */
  readonly name: string;
  /** Name of the data folder. */
  readonly data: string;
  readonly port: number;
}

export async function openSideGround(
  stage: Stage,
  { party, verifier }: { readonly party: LogParty; readonly verifier: CosignerParty },
  nodes: number,
): Promise<SideGround> {
  const folder = join(stage.folder, party.operator);
  await mkdir(join(folder, 'output'), { recursive: true });
  const [verifierPort = 0, ...ports] = await findFreePorts(1 + nodes);
  const key = await makeWitnessKey(folder, verifier.name);
  return { folder, party, verifier: { party: verifier, key, url: urlOf(verifierPort) }, ports };
}

/** The node, with a trust root that names it. */
export async function openSideNode(
  { crew }: Stage,
  { sideKeys, roots }: Network,
  ground: SideGround & SideNode,
): Promise<LogSite> {
  const { folder, party, verifier, name, data, port, witnesses, quorum } = ground;
  const keys = sideKeys.get(party) as LogKeys;
  const logs = [{ party, keys, url: urlOf(port) }];
  const trustFile = join(folder, `${name}.json`);
  const file = trustRootFile({ logs, witnesses, quorum, verifier, roots });
  return new LogSite({
    party,
    keys,
    port,
    data: join(folder, data),
    output: join(folder, 'output', `${name}.txt`),
    trustFile,
    trust: await writeTrustRoot(trustFile, file, roots),
    crew,
  });
}
