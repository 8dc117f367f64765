/** Fresh keys for everyone in the demo, each in a file that only its owner can read. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { SIGNATURE_TYPE, type SignatureType } from '../../src/core/note/vkey.ts';
import { type OpenedKey, readKeyFile, writeKeyFile } from '../../src/keys/key-file.ts';

export interface DemoKey extends OpenedKey {
  /** Where its file is. */
  readonly path: string;
}

export interface LogKeys {
  /** Signs checkpoints. */
  readonly log: DemoKey;
  /** Signs statements. */
  readonly operator: DemoKey;
}

export async function makeLogKeys(
  folder: string,
  party: { readonly origin: string; readonly operator: string; readonly region: string },
): Promise<LogKeys> {
  const { ed25519 } = SIGNATURE_TYPE;
  return {
    log: await makeKey(folder, `log-${party.region}`, { name: party.origin, type: ed25519 }),
    operator: await makeOperatorKey(folder, party.operator),
  };
}

/** The key with which an operator signs statements. */
export async function makeOperatorKey(folder: string, operator: string): Promise<DemoKey> {
  return await makeKey(folder, operator, { name: operator, type: SIGNATURE_TYPE.ed25519 });
}

/** Another key of an operator, to follow the one that it has. */
export async function makeNextKey(folder: string, operator: string): Promise<DemoKey> {
  return await makeKey(folder, `${operator}-2`, { name: operator, type: SIGNATURE_TYPE.ed25519 });
}

/** The key of someone who signs trust roots. */
export async function makeRootKey(folder: string, holder: string): Promise<DemoKey> {
  return await makeKey(folder, `root-${holder}`, { name: holder, type: SIGNATURE_TYPE.ed25519 });
}

/** The key of a witness or a verifier. */
export async function makeWitnessKey(folder: string, name: string): Promise<DemoKey> {
  return await makeKey(folder, name, { name, type: SIGNATURE_TYPE.cosignature });
}

async function makeKey(
  folder: string,
  fileName: string,
  key: { readonly name: string; readonly type: SignatureType },
): Promise<DemoKey> {
  const path = join(folder, `${fileName}.key`);
  await writeKeyFile(path, { ...key, seed: new Uint8Array(randomBytes(32)) });
  return { ...(await readKeyFile(path)), path };
}
