import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { KEPT_TRUST, takeTrustRoot } from '../../nodes/kept-trust.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import type { TrustRootFile } from '../../src/core/trust/trust-file.ts';
import { parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { rootSeed, signTrust } from '../helpers/signed-trust.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

/** The first four versions, of which each follows the one before. */
const VERSIONS: Uint8Array[] = [signTrust(makeNetwork().file)];
while (VERSIONS.length < 4) VERSIONS.push(signTrust(afterThe(VERSIONS.at(-1) as Uint8Array)));

function afterThe(bytes: Uint8Array): TrustRootFile {
  const { file, version, digest } = parseTrustRoot(bytes);
  return { ...file, version: version + 1, previous: digest };
}

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

async function write(name: string, version: number | Uint8Array): Promise<void> {
  const bytes = typeof version === 'number' ? VERSIONS[version - 1] : version;
  await writeFile(join(folder, name), bytes as Uint8Array);
}

/** The version that a node goes by after a start with this file. */
async function startWith(name: string): Promise<number> {
  const data = join(folder, 'data');
  const settings = { trust: join(folder, name), data, acceptWeakQuorum: false };
  const { version } = await takeTrustRoot(settings);
  expect(parseTrustRoot(await readFile(join(data, KEPT_TRUST))).version).toBe(version);
  return version;
}

describe('takeTrustRoot', () => {
  it('takes the first version as it is, then the next one, and none before', async () => {
    await write('trust.json', 2);
    expect(await startWith('trust.json')).toBe(2);
    await write('trust.json', 3);
    expect(await startWith('trust.json')).toBe(3);
    await write('trust.json', 2);
    await expect(startWith('trust.json')).rejects.toMatchObject({ code: 'TRUST_VERSION_BACK' });
    await expect(startWith('nowhere.json')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('takes the versions that it missed from beside the newest, in one start', async () => {
    await write('trust.json', 1);
    await startWith('trust.json');
    await write('trust.json', 4);
    await expect(startWith('trust.json')).rejects.toMatchObject({
      code: 'TRUST_VERSION_SKIPPED',
      details: { held: 1, got: 4 },
    });
    await write('trust-2.json', 2);
    await expect(startWith('trust.json')).rejects.toMatchObject({ details: { held: 2, got: 4 } });
    await write('trust-3.json', 3);
    expect(await startWith('trust.json')).toBe(4);
  });

  it('takes no step that the version before has not signed', async () => {
    await write('trust.json', 1);
    await startWith('trust.json');
    const second = afterThe(VERSIONS[0] as Uint8Array);
    const roots = { keys: [encodeHex(publicKeyOf(rootSeed(2)))], threshold: 1 };
    const foreign = signTrust({ ...second, roots }, [rootSeed(2)]);
    await write('trust-2.json', foreign);
    await write('trust.json', signTrust(afterThe(foreign), [rootSeed(2)]));
    await expect(startWith('trust.json')).rejects.toMatchObject({ code: 'TRUST_THRESHOLD_SHORT' });
  });
});
