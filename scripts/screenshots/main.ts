/**
 * Pictures of the page's views, in front of the demo's own network and of a log that was caught lying. Without arguments those
 * of the README; with a folder every view there, at three widths, in light and dark, to look at.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { createNarrator } from '../demo/narrator.ts';
import { type PageNetwork, startPageNetwork } from '../demo/page-network.ts';
import { openStage } from '../demo/stage.ts';
import { type Shot, surveyShots, viewShots } from './shots.ts';

const README_FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

const stage = await openStage({
  narrator: createNarrator({
    print: (line) => process.stdout.write(`${line}\n`),
    clockMs: () => performance.now(),
    colors: false,
  }),
});
try {
  await takeAll(await startPageNetwork(stage), process.argv[2]);
} finally {
  await stage.close({ keep: false });
}

async function takeAll(site: PageNetwork, survey: string | undefined): Promise<void> {
  const program = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  const folder = survey ?? README_FOLDER;
  await mkdir(folder, { recursive: true });
  const shots = survey === undefined ? viewShots(site) : surveyShots(site);
  for (const shot of shots) await take(browser, shot, `${folder}/${shot.name}.png`);
  await browser.close();
}

/** As a visitor sees it who was never there before. */
async function take(browser: Browser, shot: Shot, path: string): Promise<void> {
  const { url, ready, width, height, scheme, steps = [], whole = false } = shot;
  const viewport = { width, height };
  const page = await browser.newPage({ viewport, colorScheme: scheme, reducedMotion: 'reduce' });
  await page.goto(url);
  await page.waitForSelector(ready);
  for (const step of steps) await step(page);
  await page.screenshot({ path, fullPage: whole });
  await page.close();
}
