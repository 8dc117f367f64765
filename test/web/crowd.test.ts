import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import { operatorSeed } from '../helpers/fixtures.ts';
import { quickEnvelope } from '../helpers/quick-entry.ts';
import type { TallyBed } from '../helpers/served-tally.ts';
import { digestOf, sampleStatement } from '../helpers/statements.ts';
import { HAS_CHROMIUM, openPage, useChromium, verdictOf } from './chromium.ts';
import { PageBed } from './page-bed.ts';
import { idleFrames, scrollRows, scrollToRow } from './scrolling.ts';

useChromium();

const CROWD = digestOf('crowd');
const STATEMENTS = 10_000;
/** Of statements that have to be checked one by one, unless more are asked for: half a minute for the whole crowd. */
const CHECKED = Number(process.env['ATTESTRY_CROWD'] ?? 2_500);
/** Whoever runs the tests beside other work says how much slower it is. */
const SLOWNESS = Number(process.env['ATTESTRY_SLOWNESS'] ?? 1);
/** Alone on two cores it takes a third of a second. */
const FIRST_ANSWER_MS = 1_000 * SLOWNESS;
/** 19 of 20 frames while scrolling, on a machine that shows one every 17 ms while nothing moves. */
const FRAME_MS = 50;
const IDLE_FRAME_MS = 17;
const COUNT = CHECKED.toLocaleString('en');
const FRAMES = 150;
const STEP_PIXELS = 500;

function appendUsage(bed: TallyBed, count: number): void {
  const { context } = bed.eu.log;
  const meter = { id: 'crowd-#', method: 'tokens', sequence: 0, previous: null };
  append(bed, sampleStatement('usage', { model: CROWD, context, predicate: { meter } }), count);
}

function appendDeployments(bed: TallyBed, count: number): void {
  const { context } = bed.eu.log;
  const predicate = { deploymentId: 'crowd-#' };
  append(bed, sampleStatement('deployment', { model: CROWD, context, predicate }), count);
}

/** So many of one statement, each with its number in it. */
function append({ eu }: TallyBed, sample: Statement, count: number): void {
  const payload = decodeUtf8(formatStatement(sample));
  const seed = operatorSeed(eu.log.operator);
  for (let i = 0; i < count; i++) {
    eu.log.append(quickEnvelope(encodeUtf8(payload.replace('crowd-#', `crowd-${i}`)), seed));
  }
}

/** Asks about the crowd, and waits for the first answer. */
async function askFor(page: Page, url: string) {
  await page.goto(url);
  await page.waitForSelector('.cards .card');
  await page.fill('#digest', CROWD);
  const start = performance.now();
  await page.keyboard.press('Enter');
  const verdict = await verdictOf(page);
  return { verdict, answeredMs: Math.round(performance.now() - start) };
}

/** Down from the first row as fast as a hand turns a wheel, then with one jump to the last. */
async function expectSmoothScrolling(page: Page): Promise<void> {
  const idleMs = p95(await idleFrames(page, FRAMES));
  const frames = await scrollRows(page, STEP_PIXELS, FRAMES);
  console.log(
    `${CHECKED} rows, ${frames.length} frames: p95 ${Math.round(p95(frames))} ms, ${Math.round(idleMs)} ms while nothing moves`,
  );
  await scrollToRow(page, CHECKED - 1);
  await page.waitForSelector(`[data-row="${CHECKED - 1}"]`);
  expect(p95(frames)).toBeLessThan(FRAME_MS * Math.max(1, idleMs / IDLE_FRAME_MS));
}

function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? Number.NaN;
}

describe.skipIf(!HAS_CHROMIUM)('10,000 statements of one model', { timeout: 150_000 }, () => {
  it('are answered at once, by their totals', async () => {
    const site = await PageBed.make((bed) => appendUsage(bed, STATEMENTS));
    const { page, errors } = await openPage();
    const { verdict, answeredMs } = await askFor(page, site.url);
    console.log(`first answer on ${STATEMENTS} usage statements after ${answeredMs} ms`);
    expect(verdict).toBe('recorded');
    expect(await page.textContent('main')).toContain('Now 10,000 usage statements are checked');
    expect(answeredMs).toBeLessThan(FIRST_ANSWER_MS);
    expect(errors).toEqual([]);
  });

  it(`are counted at once where nothing is summed: ${COUNT} of them have their verdict once all are checked, and scroll without a jolt`, async () => {
    const site = await PageBed.make((bed) => appendDeployments(bed, CHECKED));
    const { page, errors } = await openPage();
    const start = performance.now();
    const { verdict, answeredMs } = await askFor(page, site.url);
    console.log(`first answer on ${CHECKED} deployments after ${answeredMs} ms`);
    expect(verdict).toBe('counted');
    expect(await page.textContent('.verdict')).toContain(`${COUNT} statements about this model`);
    expect(await page.textContent('main')).toContain(`Now ${COUNT} statements are checked`);
    expect(answeredMs).toBeLessThan(FIRST_ANSWER_MS);
    // The server checks them all as well, to say what it makes of them; in this process, beside the browser.
    const said = page.waitForResponse((response) => response.url().includes('/usage?'), {
      timeout: 120_000,
    });
    await page.waitForSelector('.checking progress');
    await page.waitForSelector('[data-verdict=recorded]', { timeout: 120_000 });
    console.log(`their verdict after ${Math.round(performance.now() - start)} ms`);
    await said;
    await expectSmoothScrolling(page);
    expect(errors).toEqual([]);
  });
});
