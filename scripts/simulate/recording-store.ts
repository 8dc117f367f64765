/** A log store that tells what it was given, for whoever must know it however the log ends. */
import type { LogStore } from '../../src/store/log-store.ts';
import { replacing } from './replacing.ts';
import type { Truth } from './truth.ts';

export function recording(store: LogStore, truth: Truth): LogStore {
  return replacing(store, {
    commit: async (commit) => {
      truth.written(commit);
      await store.commit(commit);
    },
  });
}
