/** What an auditor does with the page, in front of a network of real processes that serves real models. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatFocusCsv } from '../../src/core/report/focus-csv.ts';
import { judge } from '../../src/core/report/judge.ts';
import { usageRows } from '../../src/core/report/usage-rows.ts';
import { parseTrustRoot } from '../../src/core/trust/trust-root.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { HAS_CHROMIUM, openPage, useChromium, verdictOf } from './chromium.ts';
import { liedTo } from './lied-to.ts';
import { alterDossier, type Lie, lieAbout } from './lying-proxy.ts';
import { type RealNetwork, startRealNetwork } from './real-network.ts';

useChromium();

let network: RealNetwork;
beforeAll(async () => {
  if (HAS_CHROMIUM) network = await startRealNetwork();
}, 120_000);
afterAll(() => network?.close(), 60_000);

const at = (hash: string): string => `${network.url}/#/${hash}`;
const modelFile = (name: string): string => join(network.folder, name);

async function choose(page: Page, label: string, path: string): Promise<void> {
  await page.getByLabel(label).setInputFiles(path);
}

async function bytesOf(download: Promise<Download>): Promise<Buffer> {
  return await readFile(await (await download).path());
}

/** A file of the verifier's. */
async function served(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(`${network.url}/v1/${path}`)).arrayBuffer());
}

async function judgeHere(bytes: Uint8Array) {
  const trust = parseTrustRoot(await readFile(network.trustFile));
  return judge(bytes, { trust, now: Math.floor(Date.now() / 1000), engine: opensslEngine });
}

/** What a proxy before the verifier changes, where the page says so, and in which words. */
function alterations(): readonly (readonly [lie: Lie, place: string, words: string])[] {
  const usage = `/v1/models/${network.models.language}/usage`;
  return [
    [
      lieAbout(usage, (said: object) => ({ ...said, outcome: 'INVALID' })),
      '[data-doubts="1"]',
      'the outcome is INVALID; the proofs give VALID',
    ],
    [
      lieAbout(usage, ({ rows, ...said }: { rows: { totals: object }[] }) => ({
        ...said,
        rows: rows.map((row) => ({ ...row, totals: { ...row.totals, requests: '1' } })),
      })),
      '[data-doubts="1"]',
      'usage totals that it states are not those',
    ],
    [
      alterDossier(({ tally }) => ({
        tally: { ...tally, proof: `${tally.proof.slice(0, 40)}AAAA${tally.proof.slice(44)}` },
      })),
      '.problems',
      'TALLY_PROOF_INVALID',
    ],
    [
      alterDossier(({ entries }) => ({ entries: entries.slice(1) })),
      '.problems',
      'DOSSIER_INCOMPLETE',
    ],
    [
      alterDossier(({ entries: [first, ...others] }) => ({
        entries: [{ ...first, proof: first?.proof.with(0, 'A'.repeat(43).concat('=')) }, ...others],
      })),
      '.problems',
      'INCLUSION_ROOT_MISMATCH',
    ],
  ];
}

describe.skipIf(!HAS_CHROMIUM)('an auditor', { timeout: 60_000 }, () => {
  it('drops a model file and reads that it is authentic; nothing is uploaded', async () => {
    const { page, errors, requests } = await openPage();
    await page.goto(network.url);
    await choose(page, 'Choose a file', modelFile('face_detection_full_range.tflite'));
    expect(await verdictOf(page)).toBe('authentic');
    expect(page.url()).toContain(network.models.vision);
    const text = (await page.textContent('main')) ?? '';
    for (const operator of ['rhine-cloud', 'potomac-compute', 'straits-cloud']) {
      expect(text).toContain(operator);
    }
    expect(text).toContain('No withdrawal on any of the 3 nodes');
    expect(text).toContain('No evaluation on any of the 3 nodes');
    for (const { method, url, body } of requests) {
      expect([method, body]).toEqual(['GET', '']);
      expect(url.startsWith(network.url)).toBe(true);
    }
    expect(errors).toEqual([]);
  });

  it('opens a line to its proof: the tree, hashes, cosignatures, and the raw JSON', async () => {
    const { page } = await openPage();
    await page.goto(at(`model/${network.models.vision}`));
    await verdictOf(page);
    await page.locator('.row').first().click();
    await page.waitForSelector('dialog svg.tree');
    const shown = (await page.textContent('dialog')) ?? '';
    const report = await judgeHere(await served(`models/${network.models.vision}/dossier`));
    expect(shown).toContain(report.logs[0]?.witnesses[0]?.name);
    expect(shown).toContain('"predicateType": "https://attestry.dev/deployment/v1"');
    expect(shown).toMatch(/— log\.rhine-cloud\.example\/eu-central /);
    // The path ends in the root that the checkpoint states, in base64.
    const root = await page.locator('dialog .hash code').nth(1).textContent();
    expect(shown).toContain(Buffer.from(root ?? '', 'hex').toString('base64'));
  });

  it('drops a file with one bit flipped and reads that no node knows it', async () => {
    const { page } = await openPage();
    await page.goto(network.url);
    await choose(page, 'Choose a file', modelFile('face_detection_full_range.flipped.tflite'));
    expect(await verdictOf(page)).toBe('unknown');
    expect(await page.textContent('.verdict')).toContain('all 3 nodes prove');
  });

  it('drops a folder and reads that it is the one that was stated', async () => {
    const { page } = await openPage();
    await page.goto(network.url);
    await choose(page, 'Choose a folder', modelFile('face-detection'));
    expect(await verdictOf(page)).toBe('authentic');
    expect(page.url()).toContain(network.models.folder);
  });

  it('drops a file with the mouse', async () => {
    const { page } = await openPage();
    await page.goto(network.url);
    const file = await readFile(modelFile('face_detection_full_range.tflite'));
    await page.evaluate((base64) => {
      const transfer = new DataTransfer();
      transfer.items.add(
        new File([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], 'dropped.tflite'),
      );
      const drop = new DragEvent('drop', {
        dataTransfer: transfer,
        bubbles: true,
        cancelable: true,
      });
      document.querySelector('.drop')?.dispatchEvent(drop);
    }, file.toString('base64'));
    expect(await verdictOf(page)).toBe('authentic');
  });

  it('reads who withdrew a model, and how another was trained and tested', async () => {
    const { page } = await openPage();
    await page.goto(at(`model/${network.models.withdrawn}`));
    expect(await verdictOf(page)).toBe('withdrawn');
    expect(await page.textContent('.verdict')).toContain('rhine-cloud withdrew it');
    await page.goto(at(`model/${network.models.classifier}`));
    await page.waitForSelector('.summaries');
    const summaries = (await page.textContent('.summaries')) ?? '';
    expect(summaries).toContain('iris');
    expect(summaries).toContain('accuracy');
  });

  it('is told when a proxy alters a verdict, totals, a tally, a list or a proof', async () => {
    const tell = await liedTo(network.url);
    const verdicts: string[] = [];
    for (const [lie, place, words] of alterations()) {
      const page = await tell(lie, network.models.language);
      await page.locator(place, { hasText: words }).waitFor();
      verdicts.push(await verdictOf(page));
    }
    expect(verdicts).toEqual(['recorded', 'recorded', 'invalid', 'invalid', 'invalid']);
  });

  it('sees usage of which every number is what the proofs give', async () => {
    const { page } = await openPage();
    await page.goto(at(`usage/${network.models.language}`));
    await page.waitForSelector('.chart canvas');
    expect(await page.textContent('main')).toContain('Recomputed from the proofs of 3 nodes');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Proofs of/ }).click();
    const report = await judgeHere(await bytesOf(saved));
    expect(report.outcome).toBe('VALID');
    const rows = await page.locator('.table').first().locator('tbody tr').all();
    const expected = usageRows(report.proven, 'region');
    expect(rows).toHaveLength(expected.length);
    for (const [i, row] of rows.entries()) {
      const cells = await row.locator('th, td').allTextContents();
      const totals = expected[i]?.totals;
      const [key, requests, input, , cached, , output] = cells.map((cell) =>
        cell.replaceAll(',', ''),
      );
      expect([key, requests, input, cached, output]).toEqual([
        expected[i]?.key,
        totals?.requests,
        totals?.inputTokens,
        totals?.inputCachedTokens,
        totals?.outputTokens,
      ]);
    }
    const csv = page.waitForEvent('download');
    await page.getByRole('button', { name: /^CSV of/ }).click();
    expect((await bytesOf(csv)).toString()).toBe(`${formatFocusCsv(report)}\n`);
    for (const name of ['Operator', 'Model', 'Output tokens']) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.waitForSelector('.chart canvas');
    }
    await page.getByRole('button', { name: 'Choose' }).click();
    await page.getByLabel('From (UTC)').fill('2000-01-01T00:00');
    await page.waitForSelector('.own-range .problem');
  });

  it('watches the network: verified lanes, which grow as it grows', async () => {
    const { page } = await openPage();
    await page.goto(at('network'));
    await page.waitForSelector('[data-live=true]');
    const checked = page.locator('.lane[data-checked=yes]');
    await expect.poll(() => checked.count(), { timeout: 10_000 }).toBe(3);
    expect(await page.locator('[data-doubts]').count()).toBe(0);
    const entries = page.locator('.lane', { hasText: 'us-east' }).locator('dd').first();
    const before = Number(await entries.textContent());
    network.record(network.models.withdrawn);
    await expect
      .poll(async () => Number(await entries.textContent()), { timeout: 20_000 })
      .toBe(before + 1);
    expect(await page.textContent('.happenings')).toContain(`has grown to ${before + 1} entries`);
  });

  it('reads what a verifier caught, takes the evidence away, and verifies it in the page', async () => {
    const { url, trustFile, origin } = network.caught;
    const { page, requests } = await openPage();
    await page.goto(`${url}/#/findings`);
    const finding = page.locator('.finding', { hasText: origin });
    await finding.locator('[data-verdict=equivocation]').waitFor();
    expect(await finding.textContent()).toContain(
      'leaves out entry 1, a statement of kind revocation',
    );
    const saved = page.waitForEvent('download');
    await finding.getByRole('button', { name: 'Save the evidence' }).click();
    const evidence = await bytesOf(saved);
    const asked = requests.length;
    await page.context().setOffline(true);
    await page.getByRole('link', { name: 'Verify' }).click();
    const files = page.getByLabel('Choose files');
    await files.setInputFiles([
      jsonFile('trust.json', await readFile(trustFile)),
      jsonFile('finding.json', evidence),
    ]);
    expect(await verdictOf(page)).toBe('equivocation');
    expect(await page.textContent('.problems')).toContain('TALLY_CONTRADICTION');
    await files.setInputFiles([jsonFile('altered.json', altered(evidence, '"entry":"'))]);
    await page.waitForSelector('[data-verdict=invalid]');
    expect(requests.slice(asked).filter(({ url: of }) => of.includes('/v1/'))).toEqual([]);
  });

  it('takes away the dossier, the report on paper, and usage as CSV', async () => {
    const { page } = await openPage();
    await page.goto(at(`model/${network.models.language}`));
    await page.waitForSelector('[data-usage=checked]');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: /all proofs/ }).click();
    const report = await judgeHere(await bytesOf(saved));
    expect([report.outcome, report.model]).toEqual(['VALID', network.models.language]);
    const csv = page.waitForEvent('download');
    await page.getByRole('button', { name: /FOCUS/ }).click();
    expect((await bytesOf(csv)).toString()).toContain('ChargePeriodStart');
    await page.getByRole('link', { name: /Report/ }).click();
    const paper = (await page.textContent('.paper')) ?? '';
    const trust = parseTrustRoot(await readFile(network.trustFile));
    for (const text of ['On record', trust.digest, network.models.language, 'attestry verify']) {
      expect(paper).toContain(text);
    }
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.top').isVisible()).toBe(false);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    // A4 in points.
    expect(pdf).toMatch(/\/MediaBox ?\[0 0 59[45][.\d]* 84[12][.\d]*\]/);
  });

  it('verifies files that were sent, with the network pulled', async () => {
    const dossier = await served(`models/${network.models.vision}/dossier`);
    const origin = encodeURIComponent('log.potomac-compute.example/us-east');
    const receipt = await served(`entries/${origin}/0/receipt`);
    const { page, requests } = await openPage();
    await page.goto(at('verify'));
    await page.waitForSelector('.drop');
    await page.context().setOffline(true);
    const asked = requests.length;
    const files = page.getByLabel('Choose files');
    const trust = jsonFile('trust.json', await readFile(network.trustFile));
    await files.setInputFiles([trust, jsonFile('dossier.json', Buffer.from(dossier))]);
    expect(await verdictOf(page)).toBe('recorded');
    await choose(page, 'Choose a file', modelFile('face_detection_full_range.tflite'));
    await page.waitForSelector('[data-verdict=authentic]');
    await choose(page, 'Choose a file', modelFile('face_detection_full_range_sparse.tflite'));
    await page.waitForSelector('[data-verdict=differs]');
    await files.setInputFiles([jsonFile('altered.json', altered(dossier, '"payload":"'))]);
    await page.waitForSelector('[data-verdict=invalid]');
    await page.reload().catch(() => undefined);
    expect(requests.slice(asked).filter(({ url }) => url.includes('/v1/'))).toEqual([]);
    await page.context().setOffline(false);
    await page.goto(at('verify'));
    await files.setInputFiles([jsonFile('receipt.json', Buffer.from(receipt))]);
    expect(await verdictOf(page)).toBe('recorded');
    await files.setInputFiles([jsonFile('note.txt', Buffer.from('hello'))]);
    await page.waitForSelector('.note.bad');
  });
});

/** A file as it is dropped into the page. */
function jsonFile(name: string, buffer: Buffer) {
  return { name, mimeType: 'application/json', buffer };
}

/** The file with another character a little after the start of something that is signed. */
function altered(file: Uint8Array, start: string): Buffer {
  const bytes = Buffer.from(file);
  const at = bytes.indexOf(start) + 200;
  bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
  return bytes;
}
