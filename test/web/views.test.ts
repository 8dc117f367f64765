/** Every view, in light and dark, narrow and wide: reachable by keyboard, without violations, with nothing out of place. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { contradiction } from '../helpers/findings.ts';
import { MODEL } from '../helpers/statements.ts';
import { expectNoOverflow, HAS_CHROMIUM, openPage, useChromium, verdictOf } from './chromium.ts';
import { PageBed, state } from './page-bed.ts';

useChromium();

const WIDTHS = [1280, 768, 390];

interface View {
  readonly hash: string;
  /** There when the view is. */
  readonly ready: string;
}

const VIEWS: readonly View[] = [
  { hash: '#/ask', ready: '.cards .card' },
  { hash: `#/model/${MODEL}`, ready: '[data-usage=checked]' },
  { hash: '#/report', ready: '.paper' },
  { hash: `#/usage/${MODEL}`, ready: '.take' },
  { hash: '#/network', ready: '.lane' },
  { hash: '#/findings', ready: '.finding [data-verdict]' },
  { hash: '#/verify', ready: '.drop' },
];

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

async function violations(page: Page): Promise<readonly string[]> {
  // The page's own policy would not let the checker run; the checker alone may pass it by.
  const result = await page.evaluate(async (source) => {
    const scope = globalThis as unknown as { axe?: { run: () => Promise<unknown> } };
    if (scope.axe === undefined) new Function(source).call(globalThis);
    // What is still coming in is paler than it will be.
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    return await scope.axe?.run();
  }, axe.source);
  return (result as AxeResult).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${html}`),
  );
}

/** All kinds of statements, and a finding. */
async function fullSite(): Promise<PageBed> {
  const site = await PageBed.make((bed) => {
    for (const kind of ['evaluation', 'deployment'] as const) state(bed, kind);
  });
  const { evidence } = contradiction(site.bed.us.log, 2);
  if (evidence.kind !== 'checkpoint-contradiction') throw new TypeError('a contradiction');
  site.bed.show(site.bed.witness(0), site.bed.us, evidence.first);
  await site.verifier.round();
  return site;
}

describe.skipIf(!HAS_CHROMIUM)('every view', { timeout: 60_000 }, () => {
  it('has no violation that axe knows, in light and dark, and fits every width', async () => {
    const { url } = await fullSite();
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, errors } = await openPage({ colorScheme, bypassCSP: true });
      await page.goto(url);
      for (const { hash, ready } of VIEWS) {
        await page.goto(`${url}/${hash}`);
        await page.waitForSelector(ready);
        expect(await violations(page), `${hash} ${colorScheme}`).toEqual([]);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 800 });
          await expectNoOverflow(page);
        }
      }
      expect(errors).toEqual([]);
    }
  });

  it('has windows without violations too: the trust root, a proof, a node', async () => {
    const { url } = await PageBed.make((bed) => state(bed, 'deployment'));
    const { page } = await openPage({ bypassCSP: true });
    await page.goto(`${url}/#/model/${MODEL}`);
    await page.waitForSelector('[data-usage=checked]');
    for (const opener of ['.trust-button', '.row', 'button.card']) {
      await page.locator(opener).first().click();
      await page.waitForSelector('dialog');
      expect(await violations(page), opener).toEqual([]);
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog', { state: 'detached' });
    }
  });

  it('is worked by keyboard alone: ask, read, open a proof, close it', async () => {
    const { url } = await PageBed.make((bed) => state(bed, 'deployment'));
    const { page } = await openPage();
    await page.goto(url);
    await page.waitForSelector('.cards .card');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('skip');
    await page.keyboard.press('Enter');
    await page.focus('#digest');
    await page.keyboard.type('not a digest');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#digest-hint[role=alert]');
    await page.fill('#digest', MODEL);
    await page.keyboard.press('Enter');
    expect(await verdictOf(page)).toBe('recorded');
    await page.waitForSelector('[data-usage=checked]');
    await page.focus('.row[tabindex="0"]');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('1');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog svg.tree');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('1');
  });

  it('keeps the colours that somebody chose', async () => {
    const { url } = await PageBed.make();
    const { page } = await openPage({ colorScheme: 'light' });
    const ground = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.goto(url);
    const light = await ground();
    await page.selectOption('.theme select', 'dark');
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await ground()).toBe(dark);
  });
});
