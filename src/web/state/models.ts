/** The models that the server lists: its word, a page at a time. */
import { signal } from '@preact/signals';
import { server } from '../server.ts';
import type { ListedModel } from '../server-answer.ts';

export const models = signal<readonly ListedModel[]>([]);
export const nextModels = signal<string | null>(null);
export const modelsState = signal<'loading' | 'loaded' | 'offline'>('loading');

/** From the start, or the page behind what is there. */
export async function loadModels(after?: string): Promise<void> {
  try {
    const page = await server.models(after);
    models.value = after === undefined ? page.models : [...models.value, ...page.models];
    nextModels.value = page.next;
    modelsState.value = 'loaded';
  } catch {
    modelsState.value = 'offline';
  }
}
