/** The fourth log, which is there to be forked: the trust roots of everyone concerned. */
import { join } from 'node:path';
import type { LogSite } from './log-site.ts';
import type { CosignerSite, Network } from './network.ts';
import { FORK_VERIFIER, FORKED, WITNESS_QUORUM } from './parties.ts';
import { openSideGround, openSideNode, type SideNode } from './side-log.ts';
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

export async function prepareForkedLog(stage: Stage, network: Network): Promise<ForkedLog> {
  const parties = { party: FORKED, verifier: FORK_VERIFIER };
  const ground = await openSideGround(stage, parties, 2);
  const [port = 0, otherPort = 0] = ground.ports;
  const { witnesses } = network;
  const half = witnesses.length / 2;
  const open = (node: SideNode): Promise<LogSite> =>
    openSideNode(stage, network, { ...ground, ...node });
  const honest = { name: 'trust', data: 'log', port, witnesses, quorum: WITNESS_QUORUM };
  const one = { ...honest, name: 'one', witnesses: witnesses.slice(0, half), quorum: half };
  const other = { ...one, name: 'other', data: 'copy', port: otherPort };
  return {
    folder: ground.folder,
    honest: await open(honest),
    halves: [await open(one), await open({ ...other, witnesses: witnesses.slice(half) })],
    trustFile: join(ground.folder, 'trust.json'),
    verifier: ground.verifier,
  };
}
