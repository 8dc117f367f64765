/** The trust root that a node goes by: read at its start, and never older than the one that it took before. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
 * The trust root of the settings, if it follows the one that is kept in the data folder; then it is kept itself. The first
 * one is taken as it is. @throws FILE_UNREADABLE, TRUST_*, and what `parseTrustRoot` throws
 */
export async function takeTrustRoot(settings: TrustSettings): Promise<TrustRoot> {
  const bytes = await readTrustFile(settings.trust);
  const path = join(settings.data, KEPT_TRUST);
  const kept = await readKept(path);
  const trust =
    kept === undefined
      ? parseTrustRoot(bytes, opensslEngine)
      : verifyTrustRootUpdate(parseTrustRoot(kept, opensslEngine), bytes, opensslEngine);
  if (!settings.acceptWeakQuorum) verifyTolerance(trust, unixNow());
  if (kept === undefined || !Buffer.from(kept).equals(bytes)) {
    await makeFolder(settings.data);
    await replaceFile(path, bytes);
  }
  return trust;
}

async function readTrustFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AttestryError('FILE_UNREADABLE', `Expected the trust root ${path} to be readable.`, {
      cause,
    });
  }
}

async function readKept(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new AttestryError('FILE_UNREADABLE', `Expected ${path} to be readable.`, { cause });
  }
}
