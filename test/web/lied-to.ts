import type { Page } from 'playwright-core';
import { openPage } from './chromium.ts';
import { type Lie, startLiar } from './lying-proxy.ts';

/** One page before one proxy: gives what loads it anew, to ask about a model while the proxy tells a lie. */
export async function liedTo(
  upstream: string,
): Promise<(lie: Lie, model: string) => Promise<Page>> {
  let current: Lie = () => undefined;
  const liar = await startLiar(upstream, (path, body) => current(path, body));
  const { page } = await openPage();
  return async (lie, model) => {
    current = lie;
    // Another address first: with the same one the page would not be loaded anew.
    await page.goto('about:blank');
    await page.goto(`${liar}/#/model/${model}`);
    return page;
  };
}
