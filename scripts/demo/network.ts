/** The network: keys, trust root, and a process for each log node, each witness and the verifier. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { formatVkey } from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import { TRUST_ROOT_TYPE, type TrustRootFile } from '../../src/core/trust/trust-file.ts';
import { parseTrustRoot, signTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { AttestryError } from '../../src/errors.ts';
import { type DemoKey, type LogKeys, makeLogKeys, makeRootKey, makeWitnessKey } from './keys.ts';
import { LogSite } from './log-site.ts';
import {
  type CosignerParty,
  LOG_PARTIES,
  type LogParty,
  ROOT_HOLDERS,
  ROOT_THRESHOLD,
  SIDE_PARTIES,
  VERIFIER,
  VERIFIER_QUORUM,
  WITNESS_PARTIES,
  WITNESS_QUORUM,
} from './parties.ts';
import { findFreePorts, urlOf } from './ports.ts';
import type { RoleOptions, RoleProcess } from './process.ts';
import type { Stage } from './stage.ts';

export interface Network {
  readonly trust: TrustRoot;
  readonly trustFile: string;
  readonly sites: readonly LogSite[];
  readonly witnesses: readonly CosignerSite[];
  readonly verifier: CosignerSite;
  /** Of the logs that are there to be attacked: the witnesses know their keys, the trust root does not name them. */
  readonly sideKeys: ReadonlyMap<LogParty, LogKeys>;
  /** Of those who sign trust roots. */
  readonly roots: readonly DemoKey[];
}

/** A witness or a verifier. */
export interface CosignerSite {
  readonly party: CosignerParty;
  readonly key: DemoKey;
  readonly url: string;
}

interface LogKeysOf {
  readonly party: LogParty;
  readonly keys: LogKeys;
}

interface Keys {
  readonly logs: readonly LogKeysOf[];
  readonly witnesses: readonly DemoKey[];
  readonly verifier: DemoKey;
  readonly side: ReadonlyMap<LogParty, LogKeys>;
  readonly roots: readonly DemoKey[];
}

const ATTEMPTS = 3;
const VALID_SECONDS = 365 * 86_400;
/** Often, so that nobody has to wait for the verifier. */
const POLL_MS = 500;

export async function startNetwork(stage: Stage): Promise<Network> {
  const { narrator } = stage;
  narrator.chapter('A network');
  const network = await startTogether(stage);
  const { sites, witnesses, trust } = network;
  narrator.say("Open this in a browser: the auditor's page, which verifies everything itself.");
  narrator.show([pageOf(network)]);
  const regions = sites.map(({ party }) => `${party.operatorName} in ${party.region}`).join(', ');
  narrator.say(`Three operators run a log node each: ${regions}.`);
  const names = witnesses.map(({ party }) => party.operator).join(', ');
  narrator.say(
    `Four others witness them: ${names}. ${trust.witnessQuorum} of them must agree. The verifier of ${network.verifier.party.operator} follows all logs.`,
  );
  narrator.say(
    `Each of the eight is a process with a folder and keys of its own. Ready after ${narrator.elapsed().toFixed(1)} s.`,
  );
  return network;
}

/** Starts everything, and once more on other ports when another process was quicker to take one. */
async function startTogether(stage: Stage): Promise<Network> {
  const keys = await makeKeys(stage);
  for (let attempt = 1; ; attempt++) {
    const folder = join(stage.folder, 'network');
    await mkdir(join(folder, 'output'), { recursive: true });
    try {
      return await startOnFreePorts(stage, keys, folder);
    } catch (error) {
      if (attempt === ATTEMPTS || !isPortTaken(error)) throw error;
      await stage.crew.stopAll();
      // Nothing has been recorded yet.
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Where a person starts. */
function pageOf({ verifier }: Pick<Network, 'verifier'>): string {
  return `${verifier.url}/`;
}

/** Where everyone listens, the page first. */
export function describeNetwork(network: Network): readonly string[] {
  const { verifier, sites, witnesses } = network;
  const witnessLines = witnesses.map(
    ({ party, url }) => `witness   ${url}/docs  ${party.operator}`,
  );
  return [
    `page      ${pageOf(network)}  what an auditor opens`,
    `verifier  ${verifier.url}/v1/models (its API: ${verifier.url}/docs)`,
    ...sites.map(
      ({ party, url }) => `log       ${url}/checkpoint  ${party.region}, ${party.operatorName}`,
    ),
    ...witnessLines,
  ];
}

/** The site of a region. */
export function siteOf(network: Network, party: LogParty): LogSite {
  const site = network.sites.find((candidate) => candidate.party === party);
  if (site === undefined) throw new RangeError(`Expected a log in ${party.region}.`);
  return site;
}

export interface TrustedParties {
  readonly logs: readonly (LogKeysOf & { readonly url: string })[];
  readonly witnesses: readonly CosignerSite[];
  readonly quorum: number;
  readonly verifier: CosignerSite;
  readonly roots: readonly DemoKey[];
}

/** A trust root in which every log's operator may say everything on its own log and nothing elsewhere. */
export function trustRootFile(parties: TrustedParties): TrustRootFile {
  const { logs, witnesses, quorum, verifier, roots } = parties;
  const cosigner = ({ party, key, url }: CosignerSite) => ({
    key: formatVkey(key.vkey),
    operator: party.operator,
    url,
  });
  return {
    type: TRUST_ROOT_TYPE,
    version: 1,
    expires: formatTime(Math.floor(Date.now() / 1000) + VALID_SECONDS),
    roots: {
      keys: roots.map(({ publicKey }) => encodeHex(publicKey)),
      threshold: ROOT_THRESHOLD,
    },
    logs: logs.map(({ party, keys, url }) => ({
      key: formatVkey(keys.log.vkey),
      operator: party.operator,
      region: party.region,
      url,
    })),
    witnesses: witnesses.map(cosigner),
    witnessQuorum: quorum,
    verifiers: [cosigner(verifier)],
    verifierQuorum: VERIFIER_QUORUM,
    operators: logs.map(({ party, keys }) => ({
      id: party.operator,
      keys: [{ key: encodeHex(keys.operator.publicKey) }],
      kinds: KINDS,
      logs: [party.origin],
    })),
  };
}

/** Has as many as are needed sign a trust root, writes it, and reads it as everyone does. */
export async function writeTrustRoot(
  path: string,
  file: TrustRootFile,
  roots: readonly DemoKey[],
): Promise<TrustRoot> {
  const signers = roots.slice(0, file.roots.threshold);
  const bytes = signTrustRoot(
    file,
    signers.map(({ seed }) => seed),
  );
  await writeFile(path, bytes);
  return parseTrustRoot(bytes);
}

async function makeKeys({ folder }: Stage): Promise<Keys> {
  const path = join(folder, 'keys');
  await mkdir(path, { mode: 0o700 });
  const keysOf = async (party: LogParty) => [party, await makeLogKeys(path, party)] as const;
  return {
    logs: (await Promise.all(LOG_PARTIES.map(keysOf))).map(([party, keys]) => ({ party, keys })),
    witnesses: await Promise.all(WITNESS_PARTIES.map(({ name }) => makeWitnessKey(path, name))),
    verifier: await makeWitnessKey(path, VERIFIER.name),
    side: new Map(await Promise.all(SIDE_PARTIES.map(keysOf))),
    roots: await Promise.all(ROOT_HOLDERS.map((holder) => makeRootKey(path, holder))),
  };
}

async function startOnFreePorts(stage: Stage, keys: Keys, folder: string): Promise<Network> {
  const [verifierPort = 0, ...ports] = await findFreePorts(
    1 + LOG_PARTIES.length + WITNESS_PARTIES.length,
  );
  const logPorts = ports.slice(0, LOG_PARTIES.length);
  const witnesses = WITNESS_PARTIES.map((party, i): CosignerSite => {
    const port = ports[LOG_PARTIES.length + i] as number;
    return { party, key: keys.witnesses[i] as DemoKey, url: urlOf(port) };
  });
  const verifier = { party: VERIFIER, key: keys.verifier, url: urlOf(verifierPort) };
  const logs = keys.logs.map((log, i) => ({ ...log, url: urlOf(logPorts[i] as number) }));
  const trustFile = join(folder, 'trust.json');
  const { roots } = keys;
  const trust = await writeTrustRoot(
    trustFile,
    trustRootFile({ logs, witnesses, quorum: WITNESS_QUORUM, verifier, roots }),
    roots,
  );
  const sites = keys.logs.map(({ party, keys: own }, i) => {
    const data = join(folder, `log-${party.region}`);
    const output = join(folder, 'output', `log-${party.region}.txt`);
    const port = logPorts[i] as number;
    return new LogSite({
      party,
      keys: own,
      port,
      data,
      output,
      trustFile,
      trust,
      crew: stage.crew,
    });
  });
  const network = {
    trust,
    trustFile,
    sites,
    witnesses,
    verifier,
    sideKeys: keys.side,
    roots,
  };
  await startProcesses(stage, network, folder);
  return network;
}

async function startProcesses(stage: Stage, network: Network, folder: string): Promise<void> {
  const { crew } = stage;
  const side = [...network.sideKeys.values()].map(({ log }) => log.vkey);
  const vkeys = [...network.trust.logs.values()].map(({ vkey }) => vkey);
  const logs = [...vkeys, ...side].map(formatVkey).join(',');
  await Promise.all([
    ...network.witnesses.map(({ party, key, url }) =>
      crew.start({
        role: 'witness',
        name: `the witness of ${party.operator}`,
        settings: { key: key.path, data: join(folder, party.name), logs, port: portOf(url) },
        output: join(folder, 'output', `${party.name}.txt`),
      }),
    ),
    ...network.sites.map((site) => site.start()),
    startVerifier(stage, network.verifier, { folder, trustFile: network.trustFile }),
  ]);
}

/** Where a verifier keeps its folder, what it trusts, and its settings beside the usual ones. */
export interface VerifierPlace {
  readonly folder: string;
  readonly trustFile: string;
  readonly settings?: RoleOptions['settings'];
}

export async function startVerifier(
  { crew }: Stage,
  { party, key, url }: CosignerSite,
  { folder, trustFile, settings }: VerifierPlace,
): Promise<RoleProcess> {
  return await crew.start({
    role: 'verifier',
    name: `the verifier of ${party.operator}`,
    settings: {
      trust: trustFile,
      key: key.path,
      data: join(folder, party.name),
      port: portOf(url),
      'poll-interval-ms': POLL_MS,
      ...settings,
    },
    output: join(folder, 'output', `${party.name}.txt`),
  });
}

function portOf(url: string): string {
  return new URL(url).port;
}

function isPortTaken(error: unknown): boolean {
  return (
    error instanceof AttestryError &&
    error.code === 'CONFIG_INVALID' &&
    error.message.includes('EADDRINUSE')
  );
}
