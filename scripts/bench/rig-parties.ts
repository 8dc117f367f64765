/** Who takes part in what is measured: their keys, their addresses and the trust root that names them, kept in a folder. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatVkey } from '../../src/core/note/vkey.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import { parseTrustRoot, type TrustRoot } from '../../src/core/trust/trust-root.ts';
import { type OpenedKey, readKeyFile } from '../../src/keys/key-file.ts';
import { signTrust, trustFileOf } from '../../test/helpers/signed-trust.ts';
import { makeLogKeys, makeOperatorKey, makeWitnessKey } from '../demo/keys.ts';
import { findFreePorts, urlOf } from '../demo/ports.ts';

export const ORIGIN = 'log.bench.example';
export const REGION = 'loopback';
const OPERATOR = 'bench-operator';
/** One who adds more than an operator may. */
const GREEDY = 'greedy-operator';
const WITNESSES = 4;
const QUORUM = 3;
const TRUST_FILE = 'trust.json';

export interface Party {
  readonly key: OpenedKey;
  /** Of its key file. */
  readonly path: string;
  readonly port: number;
}

export interface RigParties {
  readonly log: Party;
  readonly witnesses: readonly Party[];
  readonly operator: OpenedKey;
  readonly greedy: OpenedKey;
  readonly trust: TrustRoot;
  readonly trustFile: string;
}

/** Those of the folder; made if they are not there. */
export async function takeParties(folder: string): Promise<RigParties> {
  const trustFile = join(folder, TRUST_FILE);
  // Written last: where it is, everything is.
  if (!existsSync(trustFile)) await makeParties(folder, trustFile);
  const trust = parseTrustRoot(await readFile(trustFile));
  const keys = join(folder, 'keys');
  const party = async (name: string, url: string | undefined): Promise<Party> => {
    if (url === undefined) throw new RangeError(`Expected ${name} in the trust root.`);
    const path = join(keys, `${name}.key`);
    return { key: await readKeyFile(path), path, port: Number(new URL(url).port) };
  };
  return {
    log: await party(`log-${REGION}`, trust.logs.get(ORIGIN)?.url),
    witnesses: await Promise.all(trust.witnesses.map(({ name, url }) => party(name, url))),
    operator: await readKeyFile(join(keys, `${OPERATOR}.key`)),
    greedy: await readKeyFile(join(keys, `${GREEDY}.key`)),
    trust,
    trustFile,
  };
}

async function makeParties(folder: string, trustFile: string): Promise<void> {
  const keys = join(folder, 'keys');
  await mkdir(keys, { recursive: true });
  const { log, operator } = await makeLogKeys(keys, {
    origin: ORIGIN,
    operator: OPERATOR,
    region: REGION,
  });
  const greedy = await makeOperatorKey(keys, GREEDY);
  const [logPort = 0, ...witnessPorts] = await findFreePorts(1 + WITNESSES);
  const witnesses = await Promise.all(
    witnessPorts.map(async (port, i) => ({
      key: formatVkey((await makeWitnessKey(keys, `witness${i}.bench.example`)).vkey),
      operator: `organisation ${i}`,
      url: urlOf(port),
    })),
  );
  const described = trustFileOf({
    logs: [{ key: formatVkey(log.vkey), operator: OPERATOR, region: REGION, url: urlOf(logPort) }],
    witnesses,
    witnessQuorum: QUORUM,
    operators: [operator, greedy].map(({ name, publicKey }) => ({
      id: name,
      keys: [{ key: encodeHex(publicKey) }],
      kinds: KINDS,
      logs: [ORIGIN],
    })),
  });
  await writeFile(trustFile, signTrust(described));
}
