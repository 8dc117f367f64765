/** The log that shows each of two verifiers another history: a network of its own, whose witnesses are the operator's friends. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrustRootFile } from '../../src/core/trust/trust-file.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { type LogKeys, makeLogKeys, makeWitnessKey } from './keys.ts';
import { LogSite } from './log-site.ts';
import { type CosignerSite, type Network, trustRootFile, writeTrustRoot } from './network.ts';
import type { CosignerParty, LogParty } from './parties.ts';
import { findFreePorts, urlOf } from './ports.ts';
import type { Crew, RoleProcess } from './process.ts';
import type { Stage } from './stage.ts';

export const SPLIT: LogParty = {
  origin: 'log.janus-cloud.example/lab-3',
  operator: 'janus-cloud',
  operatorName: 'Janus Cloud',
  region: 'lab-3',
  jurisdiction: 'NLD',
};

/** Both dishonest, which is more than the quorum of two tolerates. */
export const SPLIT_WITNESSES: readonly [CosignerParty, CosignerParty] = [
  { name: 'witness.janus-friends.example', operator: 'Friends of Janus' },
  { name: 'witness.janus-family.example', operator: 'Family of Janus' },
];

const VERIFIERS: readonly [CosignerParty, CosignerParty] = [
  { name: 'verifier.north-watch.example', operator: 'North Watch' },
  { name: 'verifier.south-watch.example', operator: 'South Watch' },
];

export interface SplitLog {
  readonly folder: string;
  /** Names the log, its witnesses and both verifiers. */
  readonly trustFile: string;
  readonly verifiers: readonly [CosignerSite, CosignerSite];
  /** One of the histories; all are shown under the same addresses, so one at a time. */
  history(name: string): History;
}

export interface History {
  readonly site: LogSite;
  /** Starts the log and the witnesses, which remember nothing of any other history. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function prepareSplitLog(
  { folder: parent, crew }: Stage,
  { roots }: Network,
): Promise<SplitLog> {
  const folder = join(parent, 'split');
  await mkdir(join(folder, 'output'), { recursive: true });
  const [port = 0, ...ports] = await findFreePorts(5);
  const keys = await makeLogKeys(folder, SPLIT);
  const open = async (party: CosignerParty, i: number): Promise<CosignerSite> => {
    const key = await makeWitnessKey(folder, party.name);
    return { party, key, url: urlOf(ports[i] as number) };
  };
  const witnesses = await Promise.all(SPLIT_WITNESSES.map(open));
  const verifiers = [await open(VERIFIERS[0], 2), await open(VERIFIERS[1], 3)] as const;
  const parties = { logs: [{ party: SPLIT, keys, url: urlOf(port) }], witnesses, roots };
  const [one, other] = [verifiers[0], verifiers[1]].map((verifier) =>
    trustRootFile({ ...parties, quorum: witnesses.length, verifier }),
  ) as [TrustRootFile, TrustRootFile];
  const trustFile = join(folder, 'trust.json');
  const both = [...(one.verifiers ?? []), ...(other.verifiers ?? [])];
  const trust = await writeTrustRoot(trustFile, { ...one, verifiers: both }, roots);
  const shown = { folder, trustFile, trust, keys, witnesses, crew, port };
  return { folder, trustFile, verifiers, history: (name) => openHistory(name, shown) };
}

interface Shown {
  readonly folder: string;
  readonly trustFile: string;
  readonly trust: TrustRoot;
  readonly keys: LogKeys;
  readonly witnesses: readonly CosignerSite[];
  readonly crew: Crew;
  readonly port: number;
}

function openHistory(name: string, { folder, witnesses, ...shown }: Shown): History {
  const { crew, trust } = shown;
  const site = new LogSite({
    ...shown,
    party: SPLIT,
    data: join(folder, `log-${name}`),
    output: join(folder, 'output', `log-${name}.txt`),
  });
  const logs = trust.file.logs.map(({ key }) => key).join(',');
  const startWitness = ({ party, key, url }: CosignerSite): Promise<RoleProcess> =>
    crew.start({
      role: 'witness',
      name: `the witness of ${party.operator}`,
      settings: {
        key: key.path,
        data: join(folder, `${party.name}-${name}`),
        logs,
        port: new URL(url).port,
      },
      output: join(folder, 'output', `${party.name}-${name}.txt`),
    });
  let started: readonly RoleProcess[] = [];
  return {
    site,
    start: async () => {
      [started] = await Promise.all([Promise.all(witnesses.map(startWitness)), site.start()]);
    },
    stop: async () => {
      await Promise.all([site.stop(), ...started.map((witness) => crew.stop(witness))]);
    },
  };
}
