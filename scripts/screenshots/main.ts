/** Pictures of the page's views, from the demo's own network: for the README. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';

const DEMO = fileURLToPath(new URL('../demo.js', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const READY = 'The network goes on running';
const LANGUAGE_MODEL = 'lid.176.ftz';

interface Shot {
  readonly name: string;
  readonly hash: string;
  readonly ready: string;
  readonly open?: string;
}

const demo = spawn(process.execPath, [DEMO], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  await takeAll(await demoUrl());
} finally {
  demo.kill('SIGINT');
  await once(demo, 'close');
}

/** Of the page, once the story has been told. */
async function demoUrl(): Promise<string> {
  let url = '';
  for await (const line of createInterface({ input: demo.stdout })) {
    url ||= /http:\/\/127\.0\.0\.1:\d+\/$/.exec(line)?.[0] ?? '';
    if (line.includes(READY)) break;
  }
  demo.stdout.resume();
  return url;
}

async function takeAll(url: string): Promise<void> {
  const program = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  const { models } = await (await fetch(`${url}v1/models`)).json();
  const known = models as readonly { readonly model: string; readonly names: readonly string[] }[];
  const model = known.find(({ names }) => names.includes(LANGUAGE_MODEL))?.model ?? '';
  const shots: readonly Shot[] = [
    { name: 'ask', hash: 'ask', ready: '.cards .card' },
    { name: 'answer', hash: `model/${model}`, ready: '[data-usage=checked]' },
    { name: 'proof', hash: `model/${model}`, ready: '[data-usage=checked]', open: '.row' },
    { name: 'usage', hash: `usage/${model}`, ready: '.chart canvas' },
    { name: 'network', hash: 'network', ready: '[data-live=true]' },
    { name: 'findings', hash: 'findings', ready: '.note.good' },
    { name: 'verify', hash: 'verify', ready: '.drop' },
    { name: 'report', hash: 'report', ready: '.paper' },
  ];
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const shot of shots) await take(page, url, shot);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 390, height: 700 });
  await take(page, url, { name: 'answer-narrow-dark', hash: `model/${model}`, ready: '.verdict' });
  await browser.close();
}

async function take(page: Page, url: string, { name, hash, ready, open }: Shot): Promise<void> {
  await page.goto(`${url}#/${hash}`);
  await page.waitForSelector(ready);
  if (open !== undefined) {
    await page.locator(open).first().click();
    await page.waitForSelector('dialog svg.tree');
  }
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  await page.keyboard.press('Escape');
}
