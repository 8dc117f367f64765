/** A log on a real disk behind its HTTP app, asked in this process. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import type { App } from '../../src/http/app-type.ts';
import { createLogApp, type LogAppOptions } from '../../src/http/log-app.ts';
import type { Log, LogOptions } from '../../src/log/log.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { LogBed } from './log-bed.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface LogSite {
  readonly bed: LogBed;
  readonly app: App;
  readonly log: Log;
  readonly store: LogStore;
  readonly fatal: unknown[];
}

export interface LogSiteOptions {
  /** Default: one with four witnesses that do their work. */
  readonly bed?: LogBed;
  readonly log?: Partial<LogOptions>;
  readonly app?: Partial<LogAppOptions>;
}

/** Everything is closed when the test ends. */
export async function openLogSite(options: LogSiteOptions = {}): Promise<LogSite> {
  const { bed = await LogBed.make() } = options;
  const folder = await temporaryFolder();
  const headLock = await openHeadLock(join(folder, 'lock'));
  onTestFinished(() => headLock.close());
  const store = await openLevelLogStore(join(folder, 'db'));
  const opened = await bed.open({ store, headLock, ...options.log });
  const app = await createLogApp(opened.log, {
    log: false,
    // Whether load is shed depends on what else the machine does; its own tests look at it.
    limits: { requestsPerWindow: 0, maxEventLoopDelayMs: 0 },
    maxCheckpointAgeSeconds: 60,
    witnessWaitMs: 10_000,
    now: () => bed.now,
    ...options.app,
  });
  onTestFinished(() => app.close());
  return { bed, app, ...opened };
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  json(): unknown;
}

/** Size and root of the log. */
export function headOf({ log }: LogSite): string {
  const { size, root } = log.status().head;
  return `${size} ${encodeHex(root)}`;
}

/** The code of a refusal. */
export function codeIn(answer: Pick<Answer, 'body'>): string {
  return (JSON.parse(answer.body) as Refused).error.code;
}

/** Posts one envelope, or many as NDJSON. */
export function post(
  app: App,
  payload: Uint8Array | readonly Uint8Array[],
  query = '',
): Promise<Answer> {
  const many = Array.isArray(payload);
  const body = many
    ? Buffer.concat(payload.flatMap((line: Uint8Array) => [line, Buffer.from('\n')]))
    : Buffer.from(payload as Uint8Array);
  return app.inject({
    method: 'POST',
    url: `/v1/entries${query}`,
    headers: { 'content-type': many ? 'application/x-ndjson' : 'application/json' },
    payload: body,
  });
}

export interface Accepted {
  readonly entryHash: string;
  readonly index: number;
  readonly receipt: object;
  readonly state: string;
}

export interface Refused {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

/** The results of an NDJSON answer, line by line. */
export function linesOf(answer: Answer): (Partial<Accepted> & Partial<Refused>)[] {
  if (!answer.body.endsWith('\n')) throw new Error('the last line ends in a newline');
  return answer.body
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Accepted);
}
