/** The page where no verifier serves it: on any static host, and on a disk. */
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatDossier } from '../../src/core/dossier/dossier.ts';
import { startPeer } from '../client/peer-server.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { signTrust } from '../helpers/signed-trust.ts';
import { MODEL } from '../helpers/statements.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { HAS_CHROMIUM, openPage, useChromium, verdictOf, type Watched } from './chromium.ts';

useChromium();

/** Drops a dossier with its trust root on the page at this address, and gives the verdict. */
async function verifyAt(url: string): Promise<Watched & { readonly verdict: string }> {
  const network = makeNetwork();
  for (const log of network.logs) log.state('training');
  const logs = network.logs.map((log) => log.dossierLog(MODEL));
  const dossier = formatDossier({ model: MODEL, logs, findings: [] });
  const watched = await openPage();
  await watched.page.goto(`${url}#/verify`);
  const send = (name: string, bytes: Uint8Array) => ({
    name,
    mimeType: 'application/json',
    buffer: Buffer.from(bytes),
  });
  const files = watched.page.getByLabel('Choose files');
  await files.setInputFiles([send('dossier.json', dossier)]);
  await watched.page.waitForSelector('.note.open[role=alert]');
  await files.setInputFiles([send('trust.json', signTrust(network.file))]);
  return { ...watched, verdict: await verdictOf(watched.page) };
}

describe.skipIf(!HAS_CHROMIUM)('the page without a verifier', { timeout: 40_000 }, () => {
  it('verifies from any folder of a static host', async () => {
    const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' };
    const { url } = await startPeer(async (request, response) => {
      const path = (request.url ?? '').split('?')[0]?.replace('/some/folder/', '') ?? '';
      const body = await readFile(join('dist/page', path || 'index.html')).catch(() => undefined);
      const type = types[path.split('.').at(-1) ?? ''] ?? (path === '' ? 'text/html' : 'text/css');
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
    });
    const { verdict, page } = await verifyAt(`${url}/some/folder/`);
    expect(verdict).toBe('recorded');
    await page.goto(`${url}/some/folder/#/ask`);
    await page.waitForSelector('text=No verifier answers at this address');
  });

  it('verifies from a disk', async () => {
    const folder = join(await temporaryFolder(), 'page');
    await cp('dist/page', folder, { recursive: true });
    const { verdict, errors } = await verifyAt(pathToFileURL(join(folder, 'index.html')).href);
    expect(verdict).toBe('recorded');
    expect(errors).toEqual([]);
  });
});
