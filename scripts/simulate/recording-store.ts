/** A log store that tells what it was given, for whoever must know it however the log ends. */
import type { LogStore } from '../../src/store/log-store.ts';
import type { Truth } from './truth.ts';

export function recording(store: LogStore, truth: Truth): LogStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'commit') {
        return async (commit: Parameters<LogStore['commit']>[0]): Promise<void> => {
          truth.written(commit);
          await target.commit(commit);
        };
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
