/** Debian's Chromium, driven as an auditor would use it. Where it is not installed, its tests are skipped, aloud. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

const PLACES = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const PROGRAM = PLACES.find((place) => place !== undefined && existsSync(place));
const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const ALONE = ['--disable-background-networking', '--disable-component-update'];

/** Whether the browser tests can run here. */
export const HAS_CHROMIUM: boolean = PROGRAM !== undefined;
if (!HAS_CHROMIUM) {
  console.warn('Skipped: no Chromium on this machine (apt-get install chromium, or set CHROMIUM).');
}

let browser: Browser | undefined;

/** Starts the browser before the tests of a file, and ends it after them. */
export function useChromium(): void {
  beforeAll(async () => {
    if (PROGRAM === undefined) return;
    // The sandbox needs rights that root in a container does not have.
    const args = ['--no-sandbox', ...QUIET, ...ALONE];
    browser = await chromium.launch({ executablePath: PROGRAM, args });
  });
  afterAll(() => browser?.close());
}

/** What a page did that no page of ours may do, and everything that it asked the network for. */
export interface Watched {
  readonly page: Page;
  readonly errors: string[];
  readonly requests: { readonly method: string; readonly url: string; readonly body: string }[];
}

/** A fresh page of a fresh visitor, closed when the test ends; then it must not have reported any error. */
export async function openPage(options: BrowserContextOptions = {}): Promise<Watched> {
  if (browser === undefined) throw new Error('Expected a browser.');
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    acceptDownloads: true,
    ...options,
  });
  const page = await context.newPage();
  const watched: Watched = { page, errors: [], requests: [] };
  page.on('console', (message) => {
    if (message.type() === 'error') watched.errors.push(message.text());
  });
  page.on('pageerror', ({ message }) => watched.errors.push(message));
  page.on('dialog', (dialog) => {
    watched.errors.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on('request', (request) => {
    const body = request.postData() ?? '';
    watched.requests.push({ method: request.method(), url: request.url(), body });
  });
  onTestFinished(() => context.close());
  return watched;
}

/** The word of the verdict, once there is one. */
export async function verdictOf(page: Page): Promise<string> {
  await page.waitForSelector('section.verdict', { timeout: 15_000 });
  return (await page.getAttribute('section.verdict', 'data-verdict')) ?? '';
}

/** Nothing lies outside the window to the side, and nothing is wider than its place. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const [inner, outer] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(inner).toBeLessThanOrEqual(outer ?? 0);
}
