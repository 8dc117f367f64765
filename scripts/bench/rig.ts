/** What the figures are measured on: a real log process with four real witness processes, on loopback and a temporary folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatVkey, type NoteSigner } from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import { parseTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { signTrust, trustFileOf } from '../../test/helpers/signed-trust.ts';
import { makeLogKeys, makeWitnessKey } from '../demo/keys.ts';
import { findFreePorts, urlOf } from '../demo/ports.ts';
import { Crew } from '../demo/process.ts';
import { NodeProcess } from '../kill-cycles/node-process.ts';
import { OPERATOR, ORIGIN } from './entries.ts';

const REGION = 'loopback';
const WITNESSES = 4;
const QUORUM = 3;

export interface Rig {
  readonly url: string;
  readonly data: string;
  readonly trust: TrustRoot;
  readonly signer: NoteSigner;
  /** Of the operator whose statements are submitted. */
  readonly seed: Uint8Array;
  /** Starts the log; gives the milliseconds until it listened. */
  startLog(): Promise<number>;
  stopLog(): Promise<void>;
  killLog(): Promise<void>;
  stopAll(): Promise<void>;
}

export async function startRig(folder: string): Promise<Rig> {
  const crew = new Crew((name, code) => process.stderr.write(`${name} ended with ${code}\n`));
  const keys = join(folder, 'keys');
  await mkdir(keys, { recursive: true });
  const log = await makeLogKeys(keys, { origin: ORIGIN, operator: OPERATOR, region: REGION });
  const [logPort = 0, ...witnessPorts] = await findFreePorts(1 + WITNESSES);
  const witnesses = await Promise.all(
    witnessPorts.map(async (port, i) => ({
      port,
      key: await makeWitnessKey(keys, `witness${i}.bench.example`),
    })),
  );
  const described = trustFileOf({
    logs: [
      { key: formatVkey(log.log.vkey), operator: OPERATOR, region: REGION, url: urlOf(logPort) },
    ],
    witnesses: witnesses.map(({ port, key }, i) => ({
      key: formatVkey(key.vkey),
      operator: `organisation ${i}`,
      url: urlOf(port),
    })),
    witnessQuorum: QUORUM,
    operators: [
      {
        id: OPERATOR,
        keys: [{ key: encodeHex(log.operator.publicKey) }],
        kinds: KINDS,
        logs: [ORIGIN],
      },
    ],
  });
  const trustBytes = signTrust(described);
  const trustFile = join(folder, 'trust.json');
  await writeFile(trustFile, trustBytes);
  const common = { 'requests-per-second': 0, 'log-level': 'warn' };
  for (const { port, key } of witnesses) {
    const { name } = key;
    const settings = { ...common, data: join(folder, name), key: key.path, port };
    await crew.start({
      role: 'witness',
      name,
      settings: { ...settings, logs: formatVkey(log.log.vkey) },
      output: join(folder, `${name}.log`),
    });
  }
  const data = join(folder, 'log');
  const logSettings = {
    ...common,
    data,
    key: log.log.path,
    port: logPort,
    trust: trustFile,
    'operator-entries-per-second': 0,
  };
  let node: NodeProcess | undefined;
  const endLog = async (how: 'stop' | 'kill'): Promise<void> => {
    await node?.[how]();
    node = undefined;
  };
  const rig: Rig = {
    url: urlOf(logPort),
    data,
    trust: parseTrustRoot(trustBytes),
    signer: log.log,
    seed: log.operator.seed,
    async startLog() {
      const started = performance.now();
      node = new NodeProcess({ program: LOG_PROGRAM, settings: logSettings });
      await node.listening;
      return performance.now() - started;
    },
    stopLog: () => endLog('stop'),
    killLog: () => endLog('kill'),
    async stopAll() {
      await endLog('stop');
      await crew.stopAll();
    },
  };
  await rig.startLog();
  return rig;
}

const LOG_PROGRAM = fileURLToPath(new URL('../../nodes/log.js', import.meta.url));
