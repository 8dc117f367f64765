/** The whole log, read again by an outsider through its HTTP side after each step of a test. */
import { expect } from 'vitest';
import {
  type OutsiderAnswer,
  type OutsiderCopy,
  type OutsiderGet,
  readLog,
} from '../../scripts/kill-cycles/outsider.ts';
import type { App } from '../../src/http/app-type.ts';
import { createLogApp } from '../../src/http/log-app.ts';
import type { LogBed, OpenedLog } from './log-bed.ts';

export function getterOf(app: App): OutsiderGet {
  return async (path): Promise<OutsiderAnswer> => {
    const { statusCode, headers, rawPayload } = await app.inject(`/${path}`);
    return {
      status: statusCode,
      header: (name) => headers[name]?.toString(),
      body: new Uint8Array(rawPayload),
    };
  };
}

/** The log as its newest committed checkpoint signs it; it holds `size` entries, none twice. */
export async function checkLog(
  bed: LogBed,
  { log, store }: OpenedLog,
  size: number,
): Promise<OutsiderCopy> {
  const app = await createLogApp(log, {
    log: false,
    limits: { requestsPerWindow: 0, maxEventLoopDelayMs: 0 },
    maxCheckpointAgeSeconds: 60,
    now: () => bed.now,
  });
  const newest = await store.latestCheckpoint('committed');
  const copy = await readLog(getterOf(app), newest?.note ?? '', bed.outsiderTrust);
  expect(copy.checkpoint.size).toBe(size);
  expect(new Set(copy.entries.map((entry) => Buffer.from(entry).toString('base64'))).size).toBe(
    size,
  );
  return copy;
}
