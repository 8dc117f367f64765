import { describe, expect, it } from 'vitest';
import type { Statement } from '../../src/core/statement/statement.ts';
import { quickEntry } from '../helpers/quick-entry.ts';
import { digestOf } from '../helpers/statements.ts';
import { expectNoOverflow, HAS_CHROMIUM, openPage, useChromium, verdictOf } from './chromium.ts';
import { hostileStatements } from './hostile-statements.ts';
import { HOSTILE_STRINGS } from './hostile-strings.ts';
import { PageBed } from './page-bed.ts';
import { scrollRows, scrollToRow } from './scrolling.ts';

useChromium();

const HOSTILE = digestOf('hostile');
const ROWS_OPENED = 12;
/** Rows from one that is opened to the next: over all strings and kinds. */
const STEP = 11;

describe.skipIf(!HAS_CHROMIUM)('200 hostile strings in every field', { timeout: 90_000 }, () => {
  it('run nothing, fetch nothing, and push nothing out of its place', async () => {
    const site = await PageBed.make(({ eu }) => {
      const statements: readonly Statement[] = hostileStatements(eu.log.context, HOSTILE);
      for (const statement of statements) eu.log.append(quickEntry(statement));
    });
    const { page, errors, requests } = await openPage();
    await page.goto(`${site.url}/#/model/${HOSTILE}`);
    await page.waitForSelector('[data-usage=checked]', { timeout: 60_000 });
    expect(await verdictOf(page)).toBe('recorded');
    expect(new Set(HOSTILE_STRINGS).size).toBe(200);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await expectNoOverflow(page);
      // Every row is drawn once on the way down.
      await scrollRows(page, 400);
      await expectNoOverflow(page);
    }
    for (let row = 0; row < ROWS_OPENED; row++) {
      await scrollToRow(page, row * STEP);
      await page.locator(`[data-row="${row * STEP + 2}"]`).click();
      await page.waitForSelector('dialog svg.tree');
      for (const summary of await page.locator('dialog summary').all()) await summary.click();
      await expectNoOverflow(page);
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog', { state: 'detached' });
    }
    for (const view of ['report', `usage/${HOSTILE}`, 'ask', 'network']) {
      await page.goto(`${site.url}/#/${view}`);
      await page.waitForSelector('h1');
      await page.waitForTimeout(200);
      await expectNoOverflow(page);
    }
    expect(await page.evaluate(() => (globalThis as { harmed?: number }).harmed)).toBeUndefined();
    expect(errors).toEqual([]);
    expect(
      requests.filter(({ url }) => !url.startsWith(site.url) && !url.startsWith('blob:')),
    ).toEqual([]);
    expect(
      await page.locator('main script, main iframe, main img, main form[action]').count(),
    ).toBe(0);
  });
});
