/** What the figures are measured on: a real log process with four real witness processes, on loopback and a temporary folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatVkey } from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import { parseTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { signTrust, trustFileOf } from '../../test/helpers/signed-trust.ts';
import { makeLogKeys, makeWitnessKey } from '../demo/keys.ts';
import { findFreePorts, urlOf } from '../demo/ports.ts';
import { Crew, type RoleProcess } from '../demo/process.ts';

export const ORIGIN = 'log.bench.example';
export const OPERATOR = 'bench-operator';
const REGION = 'loopback';
const WITNESSES = 4;
const QUORUM = 3;

export interface Rig {
  readonly url: string;
  readonly data: string;
  readonly trust: TrustRoot;
  /** Of the operator whose statements are submitted. */
  readonly seed: Uint8Array;
  stopLog(): Promise<void>;
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
  const start = (
    role: 'log' | 'witness',
    name: string,
    settings: Record<string, string | number>,
  ): Promise<RoleProcess> =>
    crew.start({
      role,
      name,
      settings: {
        ...settings,
        data: join(folder, name),
        'requests-per-second': 0,
        'log-level': 'warn',
      },
      output: join(folder, `${name}.log`),
    });
  for (const { port, key } of witnesses) {
    await start('witness', key.name, { key: key.path, port, logs: formatVkey(log.log.vkey) });
  }
  const node = await start('log', 'log', {
    key: log.log.path,
    port: logPort,
    trust: trustFile,
    'operator-entries-per-second': 0,
  });
  return {
    url: urlOf(logPort),
    data: join(folder, 'log'),
    trust: parseTrustRoot(trustBytes),
    seed: log.operator.seed,
    stopLog: () => crew.stop(node),
    stopAll: () => crew.stopAll(),
  };
}
