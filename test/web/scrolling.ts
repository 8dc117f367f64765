/** Moves the list of statements as a hand would, a step with each frame. */
import type { Page } from 'playwright-core';

/** From the top to the end, or as many steps as told. Gives the time from each frame to the next, in milliseconds. */
export function scrollRows(page: Page, step: number, most = 1_000_000): Promise<readonly number[]> {
  return page.evaluate(
    async ([pixels, steps]) => {
      const list = document.querySelector('.rows');
      if (list === null) throw new TypeError('Expected a list of statements.');
      const frame = async (): Promise<number> => {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        return performance.now();
      };
      const frames: number[] = [];
      let last = await frame();
      for (let top = 0; top < list.scrollHeight && frames.length < steps; top += pixels) {
        list.scrollTop = top;
        const now = await frame();
        frames.push(now - last);
        last = now;
      }
      return frames;
    },
    [step, most] as const,
  );
}

/** The time from each frame to the next while nothing moves: what the machine manages beside its other work. */
export function idleFrames(page: Page, count: number): Promise<readonly number[]> {
  return page.evaluate(async (most) => {
    const frames: number[] = [];
    let last = performance.now();
    while (frames.length < most) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      frames.push(now - last);
      last = now;
    }
    return frames;
  }, count);
}

/** To a row, and waits until it is drawn. */
export async function scrollToRow(page: Page, row: number): Promise<void> {
  await page.evaluate(async (index) => {
    const list = document.querySelector('.rows');
    const height = document.querySelector('.rows li')?.clientHeight ?? 0;
    if (list !== null) list.scrollTop = index * height;
    for (let frames = 0; frames < 2; frames++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }, row);
}
