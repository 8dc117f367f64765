/** The log that shows each of two verifiers another history: a network of its own, whose only witness is the operator's. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { type DemoKey, type LogKeys, makeLogKeys, makeWitnessKey } from './keys.ts';
import { LogSite } from './log-site.ts';
import { type CosignerSite, type Network, trustRootFile, writeTrustRoot } from './network.ts';
import type { CosignerParty, LogParty } from './parties.ts';
import { findFreePorts, urlOf } from './ports.ts';
import type { Crew, RoleOptions } from './process.ts';
import type { Stage } from './stage.ts';

export const SPLIT: LogParty = {
  origin: 'log.janus-cloud.example/lab-3',
  operator: 'janus-cloud',
  operatorName: 'Janus Cloud',
  region: 'lab-3',
  jurisdiction: 'NLD',
};

export const SPLIT_WITNESS: CosignerParty = {
  name: 'witness.janus-friends.example',
  operator: 'Friends of Janus',
};

const VERIFIERS: readonly [CosignerParty, CosignerParty] = [
  { name: 'verifier.north-watch.example', operator: 'North Watch' },
  { name: 'verifier.south-watch.example', operator: 'South Watch' },
];

/** One witness tolerates no dishonest one, and whoever goes by such a trust root has to say so. */
const WEAK: RoleOptions['settings'] = { 'accept-weak-quorum': 'true' };

export interface SplitLog {
  readonly folder: string;
  /** Names the log, its witness and both verifiers. */
  readonly trustFile: string;
  readonly verifiers: readonly [CosignerSite, CosignerSite];
  /** Of log and verifiers. */
  readonly settings: RoleOptions['settings'];
  /** One of the histories; all are shown under the same addresses, so one at a time. */
  history(name: string): History;
}

export interface History {
  readonly site: LogSite;
  /** Starts the log and the witness, which remember nothing of any other history. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function prepareSplitLog(
  { folder: parent, crew }: Stage,
  { roots }: Network,
): Promise<SplitLog> {
  const folder = join(parent, 'split');
  await mkdir(join(folder, 'output'), { recursive: true });
  const [logPort = 0, witnessPort = 0, ...verifierPorts] = await findFreePorts(4);
  const [keys, witnessKey, ...verifierKeys] = await Promise.all([
    makeLogKeys(folder, SPLIT),
    makeWitnessKey(folder, SPLIT_WITNESS.name),
    ...VERIFIERS.map(({ name }) => makeWitnessKey(folder, name)),
  ]);
  const siteOf = (i: 0 | 1): CosignerSite => ({
    party: VERIFIERS[i],
    key: verifierKeys[i] as DemoKey,
    url: urlOf(verifierPorts[i] as number),
  });
  const verifiers = [siteOf(0), siteOf(1)] as const;
  const witness = { party: SPLIT_WITNESS, key: witnessKey, url: urlOf(witnessPort) };
  const parties = { logs: [{ party: SPLIT, keys, url: urlOf(logPort) }], witnesses: [witness] };
  const [one, other] = verifiers.map((verifier) =>
    trustRootFile({ ...parties, quorum: 1, verifier, roots }),
  );
  const trustFile = join(folder, 'trust.json');
  const both = [...(one?.verifiers ?? []), ...(other?.verifiers ?? [])];
  if (one === undefined) throw new RangeError('Expected two verifiers.');
  const trust = await writeTrustRoot(trustFile, { ...one, verifiers: both }, roots);
  const shown = { folder, trustFile, trust, keys, witness, crew, port: logPort, settings: WEAK };
  const history = (name: string): History => openHistory(name, shown);
  return { folder, trustFile, verifiers, settings: WEAK, history };
}

interface Shown {
  readonly folder: string;
  readonly trustFile: string;
  readonly trust: TrustRoot;
  readonly keys: LogKeys;
  readonly witness: CosignerSite;
  readonly crew: Crew;
  readonly port: number;
  readonly settings: RoleOptions['settings'];
}

function openHistory(name: string, { folder, witness, ...shown }: Shown): History {
  const { crew } = shown;
  const site = new LogSite({
    ...shown,
    party: SPLIT,
    data: join(folder, `log-${name}`),
    output: join(folder, 'output', `log-${name}.txt`),
  });
  const witnessOptions = {
    role: 'witness',
    name: `the witness of ${witness.party.operator}`,
    settings: {
      key: witness.key.path,
      data: join(folder, `witness-${name}`),
      logs: shown.trust.file.logs.map(({ key }) => key).join(','),
      port: new URL(witness.url).port,
    },
    output: join(folder, 'output', `witness-${name}.txt`),
  } as const;
  let stopWitness = async (): Promise<void> => undefined;
  return {
    site,
    start: async () => {
      const [started] = await Promise.all([crew.start(witnessOptions), site.start()]);
      stopWitness = () => crew.stop(started);
    },
    stop: async () => {
      await Promise.all([site.stop(), stopWitness()]);
    },
  };
}
