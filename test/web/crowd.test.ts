import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { formatStatement } from '../../src/core/statement/statement.ts';
import { operatorSeed } from '../helpers/fixtures.ts';
import { quickEnvelope } from '../helpers/quick-entry.ts';
import type { TallyBed } from '../helpers/served-tally.ts';
import { digestOf, sampleStatement } from '../helpers/statements.ts';
import { HAS_CHROMIUM, openPage, useChromium, verdictOf } from './chromium.ts';
import { PageBed } from './page-bed.ts';
import { ROW_HEIGHT, scrollRows } from './scrolling.ts';

useChromium();

const CROWD = digestOf('crowd');
const STATEMENTS = 10_000;
/** Before a row can be scrolled to, its signature is checked: 10,000 of them take the pure engine a good while. */
const SCROLLED = Number(process.env['ATTESTRY_SCROLLED'] ?? 1_000);
/** Whoever runs the tests beside other work says how much slower it is. */
const SLOWNESS = Number(process.env['ATTESTRY_SLOWNESS'] ?? 1);
/** Alone on two cores it takes a third of a second. */
const FIRST_ANSWER_MS = 1_000 * SLOWNESS;
/** 19 of 20 frames while scrolling; a screen shows one every 17 ms. */
const FRAME_MS = 50 * SLOWNESS;
const FRAMES = 150;
if (HAS_CHROMIUM && SCROLLED < STATEMENTS) {
  console.warn(
    `Scrolls ${SCROLLED} rows, not ${STATEMENTS} (to scroll all: ATTESTRY_SCROLLED=${STATEMENTS}).`,
  );
}

function appendUsage({ eu }: TallyBed, count: number): void {
  const { context, operator } = eu.log;
  const meter = { id: 'crowd-#', method: 'tokens', sequence: 0, previous: null };
  const sample = sampleStatement('usage', { model: CROWD, context, predicate: { meter } });
  const payload = decodeUtf8(formatStatement(sample));
  const seed = operatorSeed(operator);
  for (let i = 0; i < count; i++) {
    eu.log.append(quickEnvelope(encodeUtf8(payload.replace('crowd-#', `crowd-${i}`)), seed));
  }
}

describe.skipIf(!HAS_CHROMIUM)('10,000 statements of one model', { timeout: 150_000 }, () => {
  it('are answered at once, by their totals', async () => {
    const site = await PageBed.make((bed) => appendUsage(bed, STATEMENTS));
    const { page, errors } = await openPage();
    await page.goto(site.url);
    await page.waitForSelector('.cards .card');
    await page.fill('#digest', CROWD);
    const start = performance.now();
    await page.keyboard.press('Enter');
    await verdictOf(page);
    const answeredMs = performance.now() - start;
    console.log(`first answer on ${STATEMENTS} statements after ${Math.round(answeredMs)} ms`);
    expect(await page.textContent('main')).toContain('Now 10,000 usage statements are checked');
    expect(answeredMs).toBeLessThan(FIRST_ANSWER_MS);
    expect(errors).toEqual([]);
  });

  it('are scrolled through without a jolt, once they are checked', async () => {
    const site = await PageBed.make((bed) => appendUsage(bed, SCROLLED));
    const { page, errors } = await openPage();
    await page.goto(`${site.url}/#/model/${CROWD}`);
    await page.waitForSelector('[data-usage=checked]', { timeout: 120_000 });
    const frames = await scrollRows(page, (SCROLLED * ROW_HEIGHT) / FRAMES);
    const sorted = frames.toSorted((a, b) => a - b);
    const frameMs = sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
    console.log(
      `${SCROLLED} rows in ${frames.length} frames: p95 ${Math.round(frameMs)} ms, longest ${Math.round(sorted.at(-1) ?? 0)} ms`,
    );
    await page.waitForSelector(`[data-row="${SCROLLED - 1}"]`);
    expect(frameMs).toBeLessThan(FRAME_MS);
    expect(errors).toEqual([]);
  });
});
