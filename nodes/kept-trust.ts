/** The trust root that a node goes by: read at its start, and never older than the one that it took before. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { verifyTolerance } from '../src/core/trust/tolerance.ts';
import { parseTrustRoot, type TrustRoot } from '../src/core/trust/trust-root.ts';
import { verifyTrustRootUpdate } from '../src/core/trust/update.ts';
import { AttestryError } from '../src/errors.ts';
import { opensslEngine } from '../src/keys/openssl-engine.ts';
import { makeFolder, replaceFile } from '../src/store/durable-file.ts';
import { unixNow } from './common-settings.ts';

/** Name in the data folder. */
export const KEPT_TRUST = 'trust.json';

export interface TrustSettings {
  readonly trust: string;
  /** Folder that this process alone writes to. */
  readonly data: string;
  readonly acceptWeakQuorum: boolean;
}

/**
 * The trust root of the settings, if it follows the one that is kept in the data folder; then it is kept itself. Versions in
 * between are read from `trust-<version>.json` beside it. The first one is taken as it is.
 * @throws FILE_UNREADABLE, TRUST_*, and what `parseTrustRoot` throws
 */
export async function takeTrustRoot(settings: TrustSettings): Promise<TrustRoot> {
  const newest = await readTrustFile(settings.trust);
  const path = join(settings.data, KEPT_TRUST);
  const kept = await readIfThere(path);
  const trust =
    kept === undefined
      ? parseTrustRoot(newest, opensslEngine)
      : await catchUp(parseTrustRoot(kept, opensslEngine), newest, settings.trust);
  if (!settings.acceptWeakQuorum) verifyTolerance(trust, unixNow());
  if (kept === undefined || !Buffer.from(kept).equals(newest)) {
    await makeFolder(settings.data);
    await replaceFile(path, newest);
  }
  return trust;
}

/** The newest version, reached from the kept one step by step, as far as the versions in between lie beside it. */
async function catchUp(kept: TrustRoot, newest: Uint8Array, path: string): Promise<TrustRoot> {
  const { version } = parseTrustRoot(newest, opensslEngine);
  let trust = kept;
  for (let between = kept.version + 1; between < version; between++) {
    const step = await readIfThere(join(dirname(path), `trust-${between}.json`));
    if (step === undefined) break;
    trust = verifyTrustRootUpdate(trust, step, opensslEngine);
  }
  return verifyTrustRootUpdate(trust, newest, opensslEngine);
}

async function readTrustFile(path: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path);
  if (bytes !== undefined) return bytes;
  throw new AttestryError('FILE_UNREADABLE', `Expected the trust root ${path} to be readable.`);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new AttestryError('FILE_UNREADABLE', `Expected ${path} to be readable.`, { cause });
  }
}
