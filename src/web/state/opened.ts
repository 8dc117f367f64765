/** Files judged by a worker, and opened to what they hold. */
import type { UsageRange } from '../../core/tally/questions.ts';
import { ServerRefused } from '../server.ts';
import type { HashedModel, Judgement, Row } from '../worker/protocol.ts';
import { type OnTaskProgress, TaskRefused, type WorkerClient } from '../worker-client.ts';
import type { Trust } from './trust.ts';

/** A judged file, and the worker that can open it. */
export interface Opened {
  readonly judgement: Judgement;
  readonly client: WorkerClient;
  readonly rows: readonly Row[];
  readonly trust: Trust;
}

/** Older than this, what a server shows as its newest is not: it may be hiding what came after. */
export const LIVE_MAX_AGE_SECONDS = 900;
const ROWS_AT_ONCE = 500;

export interface ToJudge {
  readonly bytes: Uint8Array;
  readonly trust: Trust;
  readonly hashed: HashedModel | undefined;
  readonly asked: { readonly model: string; readonly range: UsageRange | null };
}

/** What a server gave, judged as an answer of this moment. */
export function judgeWith(
  client: WorkerClient,
  { bytes, trust, hashed, asked }: ToJudge,
  onProgress?: OnTaskProgress,
): Promise<Judgement> {
  const request = {
    bytes,
    trust: trust.view.digest,
    maxAge: LIVE_MAX_AGE_SECONDS,
    asked,
    ...(hashed === undefined ? {} : { model: hashed }),
  };
  return client.run('judge', request, onProgress);
}

/** The judgement with its rows, fetched in parts so that no part holds up the page. */
export async function openWith(
  client: WorkerClient,
  judgement: Judgement,
  trust: Trust,
  isWanted: () => boolean = () => true,
): Promise<Opened> {
  const rows: Row[] = [];
  const { handle, statements } = judgement;
  for (let from = 0; from < statements && isWanted(); from += ROWS_AT_ONCE) {
    rows.push(...(await client.run('rows', { handle, from, to: from + ROWS_AT_ONCE })));
  }
  // Usage comes last: there is most of it, and its sums stand elsewhere.
  const ordered = [...rows].sort((a, b) => Number(a.kind === 'usage') - Number(b.kind === 'usage'));
  return { judgement, client, rows: ordered, trust };
}

/** Usage statements that the tallies sum. */
export function windowsOf({ report }: Pick<Judgement, 'report'>): number {
  const stretches = report.proven.flatMap((log) => log.stretches);
  return stretches.reduce((sum, { windows }) => sum + windows, 0);
}

/** Statements that the tallies count, and that the file does not show. */
export function countedOf({ report }: Pick<Judgement, 'report'>): number {
  const counts = report.proven.flatMap(({ counted = {} }) => Object.values(counted));
  return counts.reduce((sum, count) => sum + count, 0);
}

export function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof ServerRefused || error instanceof TaskRefused) {
    return { code: error.code, message: error.message };
  }
  return { code: 'INTERNAL', message: String(error) };
}
