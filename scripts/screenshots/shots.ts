/** What is photographed: each view with something in it. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { PageNetwork } from '../demo/page-network.ts';

export interface Shot {
  readonly name: string;
  readonly url: string;
  /** There when the view is. */
  readonly ready: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  /** Done before the picture is taken. */
  readonly steps?: readonly ((page: Page) => Promise<void>)[];
  /** Down to the end of the page, not only what a screen shows. */
  readonly whole?: boolean;
}

type View = Omit<Shot, 'width' | 'height' | 'scheme' | 'whole'>;

const WIDTHS = [1280, 768, 390];
const SCHEMES = ['light', 'dark'] as const;
const README = { width: 1000, height: 760, scheme: 'light' } as const;
const TALL = 1_020;
/** Down to the end of the chart. */
const CHART = 1_160;
const TELEPHONE = { width: 390, height: 760, scheme: 'dark' } as const;

/** Those of the README, each of one screen. */
export function viewShots(site: PageNetwork): readonly Shot[] {
  const views = viewsOf(site);
  const heights = new Map([
    ['usage', CHART],
    ['verify', TALL],
    ['findings', TALL],
  ]);
  const height = ({ name }: View): number => heights.get(name) ?? README.height;
  return [
    ...views.map((view) => ({ ...view, ...README, height: height(view) })),
    ...views
      .filter(({ name }) => name === 'answer')
      .map((view) => ({ ...view, ...TELEPHONE, name: 'answer-narrow-dark' })),
  ];
}

/** Every view at every width, in light and dark. */
export function surveyShots(site: PageNetwork): readonly Shot[] {
  return SCHEMES.flatMap((scheme) =>
    WIDTHS.flatMap((width) =>
      viewsOf(site).map((view) => ({
        ...view,
        name: `${view.name}-${width}-${scheme}`,
        width,
        height: 800,
        scheme,
        whole: view.name !== 'proof',
      })),
    ),
  );
}

function viewsOf({ network, models, caught }: PageNetwork): readonly View[] {
  const at = (hash: string): string => `${network.verifier.url}/#/${hash}`;
  const answer = { url: at(`model/${models.language}`), ready: '[data-usage=checked]' };
  return [
    { name: 'ask', url: at('ask'), ready: '.cards .card' },
    { name: 'answer', ...answer },
    { name: 'report', ...answer, steps: [openReport] },
    { name: 'proof', ...answer, steps: [openProof] },
    { name: 'usage', url: at(`usage/${models.language}`), ready: '.chart canvas' },
    { name: 'network', url: at('network'), ready: '[data-live=true]' },
    {
      name: 'findings',
      url: `${caught.verifier.url}/#/findings`,
      ready: '.finding [data-verdict]',
      steps: [(page) => page.getByRole('button', { name: 'Show the evidence' }).first().click()],
    },
    { name: 'verify', url: at('verify'), ready: '.drop', steps: [sendReceipt(network)] },
  ];
}

async function openProof(page: Page): Promise<void> {
  await page.locator('.row').first().click();
  await page.waitForSelector('dialog svg.tree');
}

async function openReport(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Report to print' }).click();
  await page.waitForSelector('.paper');
}

function sendReceipt({ verifier, trustFile, sites }: PageNetwork['network']) {
  return async (page: Page): Promise<void> => {
    const origin = encodeURIComponent(sites[0]?.party.origin ?? '');
    const answer = await fetch(`${verifier.url}/v1/entries/${origin}/0/receipt`);
    const receipt = Buffer.from(await answer.arrayBuffer());
    const mimeType = 'application/json';
    await page.getByLabel('Choose files').setInputFiles([
      { name: 'trust.json', mimeType, buffer: await readFile(trustFile) },
      { name: 'receipt.json', mimeType, buffer: receipt },
    ]);
    await page.waitForSelector('section.verdict');
  };
}
