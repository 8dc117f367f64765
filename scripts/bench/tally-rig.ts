/** What tallies are measured on: real logs, four witnesses and verifiers that cosign, each a process, on loopback. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatVkey } from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import type { TrustRootFile } from '../../src/core/trust/trust-file.ts';
import { parseTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { signTrust, trustFileOf } from '../../test/helpers/signed-trust.ts';
import { type DemoKey, type LogKeys, makeLogKeys, makeWitnessKey } from '../demo/keys.ts';
import { findFreePorts, urlOf } from '../demo/ports.ts';
import { Crew } from '../demo/process.ts';

const WITNESSES = 4;
const WITNESS_QUORUM = 3;

export interface BenchLog {
  readonly origin: string;
  readonly operator: string;
  readonly region: string;
  readonly url: string;
  /** Of the operator whose statements are submitted. */
  readonly seed: Uint8Array;
  readonly pid: number;
}

export interface TallyRig {
  readonly logs: readonly BenchLog[];
  /** URLs. */
  readonly verifiers: readonly string[];
  readonly trust: TrustRoot;
  stop(): Promise<void>;
}

export interface TallyRigOptions {
  readonly folder: string;
  readonly regions: readonly string[];
  /** As many must have cosigned a tally. */
  readonly verifiers: number;
}

interface Party {
  readonly key: DemoKey;
  readonly port: number;
}

interface LogParty {
  readonly keys: LogKeys;
  readonly origin: string;
  readonly operator: string;
  readonly region: string;
  readonly port: number;
}

export async function startTallyRig(options: TallyRigOptions): Promise<TallyRig> {
  const { folder, regions, verifiers } = options;
  const keys = join(folder, 'keys');
  await mkdir(keys, { recursive: true });
  const ports = await findFreePorts(regions.length + WITNESSES + verifiers);
  const nextPort = (): number => ports.pop() as number;
  const parties = {
    logs: await Promise.all(
      regions.map(async (region): Promise<LogParty> => {
        const names = {
          origin: `${region}.log.bench.example`,
          operator: `operator-${region}`,
          region,
        };
        return { keys: await makeLogKeys(keys, names), ...names, port: nextPort() };
      }),
    ),
    witnesses: await makeParties(keys, 'witness', Array.from({ length: WITNESSES }, nextPort)),
    verifiers: await makeParties(keys, 'verifier', Array.from({ length: verifiers }, nextPort)),
  };
  const trustBytes = signTrust(trustRootOf(parties));
  await writeFile(join(folder, 'trust.json'), trustBytes);
  const crew = new Crew((name, code) => process.stderr.write(`${name} ended with ${code}\n`));
  const logs = await startAll(crew, folder, parties);
  return {
    logs,
    verifiers: parties.verifiers.map(({ port }) => urlOf(port)),
    trust: parseTrustRoot(trustBytes),
    stop: () => crew.stopAll(),
  };
}

interface Parties {
  readonly logs: readonly LogParty[];
  readonly witnesses: readonly Party[];
  readonly verifiers: readonly Party[];
}

async function makeParties(keys: string, name: string, ports: readonly number[]): Promise<Party[]> {
  return await Promise.all(
    ports.map(async (port, i) => ({
      port,
      key: await makeWitnessKey(keys, `${name}${i}.bench.example`),
    })),
  );
}

function trustRootOf({ logs, witnesses, verifiers }: Parties): TrustRootFile {
  const named = ({ key, port }: Party) => ({
    key: formatVkey(key.vkey),
    operator: `operator of ${key.name}`,
    url: urlOf(port),
  });
  return trustFileOf({
    logs: logs.map(({ keys, operator, region, port }) => ({
      key: formatVkey(keys.log.vkey),
      operator,
      region,
      url: urlOf(port),
    })),
    witnesses: witnesses.map(named),
    witnessQuorum: WITNESS_QUORUM,
    verifiers: verifiers.map(named),
    verifierQuorum: verifiers.length,
    operators: logs.map(({ keys, operator, origin }) => ({
      id: operator,
      keys: [{ key: encodeHex(keys.operator.publicKey) }],
      kinds: KINDS,
      logs: [origin],
    })),
  });
}

/** Witnesses first, as logs ask them, and logs before the verifiers that follow them. */
async function startAll(crew: Crew, folder: string, parties: Parties): Promise<BenchLog[]> {
  const common = { 'requests-per-second': 0, 'log-level': 'warn' };
  const trust = join(folder, 'trust.json');
  const start = (role: 'log' | 'witness' | 'verifier', key: DemoKey, settings: object) => {
    const own = { ...common, key: key.path, data: join(folder, key.name), ...settings };
    return crew.start({
      role,
      name: key.name,
      settings: own,
      output: join(folder, `${key.name}.out`),
    });
  };
  const logKeys = parties.logs.map(({ keys }) => formatVkey(keys.log.vkey)).join(',');
  for (const { key, port } of parties.witnesses)
    await start('witness', key, { port, logs: logKeys });
  const logs: BenchLog[] = [];
  for (const { keys, origin, operator, region, port } of parties.logs) {
    const settings = { port, trust, 'operator-entries-per-second': 0 };
    const { pid = 0 } = await start('log', keys.log, settings);
    logs.push({ origin, operator, region, url: urlOf(port), seed: keys.operator.seed, pid });
  }
  for (const { key, port } of parties.verifiers) await start('verifier', key, { port, trust });
  return logs;
}
