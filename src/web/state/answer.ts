/** The answer about one model: asked of the server, judged here. First by the totals, then statement by statement. */
import { signal } from '@preact/signals';
import type { UsageRange } from '../../core/tally/questions.ts';
import { ServerRefused, server } from '../server.ts';
import type { HashedModel, Judgement, Row } from '../worker/protocol.ts';
import { TaskRefused, WorkerClient } from '../worker-client.ts';
import { crossCheck } from './cross-check.ts';
import { type Trust, usable, worker } from './trust.ts';

/** A judged file, and the worker that can open it. */
export interface Opened {
  readonly judgement: Judgement;
  readonly client: WorkerClient;
  readonly rows: readonly Row[];
  readonly trust: Trust;
}

export interface Answer {
  readonly model: string;
  readonly inHand: HashedModel | undefined;
  /** Digest of the trust root that it is judged by. */
  readonly by: string | undefined;
  readonly phase: 'fetching' | 'judging' | 'answered' | 'failed';
  readonly opened?: Opened;
  /** The answer with usage summed over all time: what a CSV of it is made from. */
  readonly sums?: Opened;
  /** Whether every usage statement has been checked, or only their sums. */
  readonly usage: 'summed' | 'checking' | 'checked' | 'failed';
  readonly failure?: { readonly code: string; readonly message: string };
  /** Where the server's own words differ from what its files prove. */
  readonly doubts: readonly string[];
}

export const answer = signal<Answer | undefined>(undefined);
/** The model that was hashed last. */
export const inHand = signal<HashedModel | undefined>(undefined);

/** Older than this, what a server shows as its newest is not: it may be hiding what came after. */
export const LIVE_MAX_AGE_SECONDS = 900;
const ROWS_AT_ONCE = 500;
const HOUR_MS = 3_600_000;

let asked = 0;
let full: WorkerClient | undefined;

/** Everything up to the next full hour but one: no usage can be later. */
function wholeTime(nowMs: number): UsageRange {
  const to = new Date((Math.floor(nowMs / HOUR_MS) + 2) * HOUR_MS).toISOString();
  return { from: '1970-01-01T00:00:00Z', to: to.replace('.000', ''), by: 'total' };
}

/** The model in hand, if it is this one. */
function handOf(model: string): HashedModel | undefined {
  return inHand.value?.sha256 === model ? inHand.value : undefined;
}

/** Whether this is what is being asked already, or has been answered. */
export function isAsked(model: string): boolean {
  const current = answer.value;
  const isSame = current?.model === model && current.by === usable.value?.view.digest;
  return isSame && current.inHand === handOf(model) && current.phase !== 'failed';
}

export async function ask(model: string): Promise<void> {
  const number = ++asked;
  const isCurrent = (): boolean => number === asked;
  full?.stop();
  full = undefined;
  const hashed = handOf(model);
  const trust = usable.value;
  const by = trust?.view.digest;
  const start: Answer = {
    model,
    inHand: hashed,
    by,
    phase: 'fetching',
    usage: 'summed',
    doubts: [],
  };
  const set = (change: Partial<Answer>): void => {
    if (isCurrent()) answer.value = { ...(answer.value ?? start), ...change };
  };
  answer.value = start;
  if (trust === undefined) return;
  try {
    const range = wholeTime(Date.now());
    const judgeSums = async (): Promise<Judgement> => {
      const bytes = await server.dossier(model, range);
      set({ ...(answer.value?.phase === 'fetching' ? { phase: 'judging' } : {}) });
      return await judgeWith(worker, { bytes, trust, hashed, asked: { model, range } });
    };
    const summed = await judgeSums();
    const lacksTally = summed.report.problems.some(({ code }) => code === 'TALLY_MISSING');
    if (!lacksTally) {
      const opened = await openWith(worker, summed, trust);
      set({ phase: 'answered', opened, sums: opened });
      void crossCheck({ judgement: summed, range, again: judgeSums }).then(
        (doubts) => set({ doubts }),
        () => undefined,
      );
    }
    const windows = windowsOf(summed);
    if (isCurrent() && (windows > 0 || lacksTally)) {
      await checkWhole({ model, trust, hashed, set, isCurrent, needed: lacksTally });
    }
  } catch (error) {
    set({ phase: 'failed', failure: failureOf(error) });
  }
}

/** Usage statements that the tallies sum. */
export function windowsOf({ report }: Judgement): number {
  const stretches = report.proven.flatMap((log) => log.stretches);
  return stretches.reduce((sum, { windows }) => sum + windows, 0);
}

interface WholeCheck {
  readonly model: string;
  readonly trust: Trust;
  readonly hashed: HashedModel | undefined;
  readonly set: (change: Partial<Answer>) => void;
  readonly isCurrent: () => boolean;
  /** Without it there is no answer at all. */
  readonly needed: boolean;
}

/** In a worker of its own, so that proofs can be opened meanwhile. */
async function checkWhole({ model, trust, hashed, set, isCurrent, needed }: WholeCheck) {
  set({ usage: 'checking' });
  try {
    const bytes = await server.dossier(model, null);
    if (!isCurrent()) return;
    full = new WorkerClient();
    const client = full;
    await client.run('trust', trust.bytes);
    const judgement = await judgeWith(client, {
      bytes,
      trust,
      hashed,
      asked: { model, range: null },
    });
    const opened = await openWith(client, judgement, trust, needed ? undefined : isCurrent);
    set({ phase: 'answered', usage: 'checked', opened });
  } catch (error) {
    if (needed) throw error;
    set({ usage: 'failed' });
  }
}

interface ToJudge {
  readonly bytes: Uint8Array;
  readonly trust: Trust;
  readonly hashed: HashedModel | undefined;
  readonly asked: { readonly model: string; readonly range: UsageRange | null };
}

function judgeWith(
  client: WorkerClient,
  { bytes, trust, hashed, asked }: ToJudge,
): Promise<Judgement> {
  return client.run('judge', {
    bytes,
    trust: trust.view.digest,
    maxAge: LIVE_MAX_AGE_SECONDS,
    asked,
    ...(hashed === undefined ? {} : { model: hashed }),
  });
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

export function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof ServerRefused || error instanceof TaskRefused) {
    return { code: error.code, message: error.message };
  }
  return { code: 'INTERNAL', message: String(error) };
}
