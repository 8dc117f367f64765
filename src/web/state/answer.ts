/**
 * The answer about one model: asked of the server, judged here. Where much is stated about it, first by what the tallies
 * count; then by every statement but usage, which the tallies sum; then usage too, statement by statement.
 */
import { signal } from '@preact/signals';
import type { UsageRange } from '../../core/tally/questions.ts';
import { server } from '../server.ts';
import type { HashedModel, Judgement } from '../worker/protocol.ts';
import { type OnTaskProgress, WorkerClient } from '../worker-client.ts';
import { crossCheck } from './cross-check.ts';
import { countedOf, failureOf, judgeWith, type Opened, openWith, windowsOf } from './opened.ts';
import { type Trust, usable, worker } from './trust.ts';

export interface Answer {
  readonly model: string;
  readonly inHand: HashedModel | undefined;
  /** Digest of the trust root that it is judged by. */
  readonly by: string | undefined;
  /** `counted`: what is opened only counts, and no verdict stands yet. */
  readonly phase: 'fetching' | 'judging' | 'counted' | 'answered' | 'failed';
  readonly opened?: Opened;
  /** The answer with usage summed over all time: what a CSV of it is made from. */
  readonly sums?: Opened;
  /** Whether every usage statement has been checked, or only their sums. */
  readonly usage: 'summed' | 'checking' | 'checked' | 'failed';
  /** How many signatures have been checked, of those that are being checked. */
  readonly progress?: { readonly done: number; readonly total: number };
  readonly failure?: { readonly code: string; readonly message: string };
  /** Where the server's own words differ from what its files prove. */
  readonly doubts: readonly string[];
}

export const answer = signal<Answer | undefined>(undefined);
/** The model that was hashed last. */
export const inHand = signal<HashedModel | undefined>(undefined);

const HOUR_MS = 3_600_000;
/** So many statements are checked before anyone wonders what takes so long. */
const FEW_STATEMENTS = 300;
/** A count of statements is right even where the model is withdrawn; with any other problem it is not shown. */
const COUNT_CODES = ['STATEMENTS_COUNTED', 'MODEL_WITHDRAWN'];

let asked = 0;
/** Those that are at the current answer beside the one that answers at once. */
let helpers: WorkerClient[] = [];

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

interface Asking {
  readonly model: string;
  readonly trust: Trust;
  readonly hashed: HashedModel | undefined;
  readonly range: UsageRange;
  /** Changes the answer, while it is still wanted. */
  readonly set: (change: Partial<Answer>) => void;
  readonly isCurrent: () => boolean;
  readonly onProgress: OnTaskProgress;
}

export async function ask(model: string): Promise<void> {
  const number = ++asked;
  const isCurrent = (): boolean => number === asked;
  for (const helper of helpers) helper.stop();
  helpers = [];
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
  const onProgress = (done: number, total: number): void => set({ progress: { done, total } });
  const range = wholeTime(Date.now());
  try {
    await answerBySums({ model, trust, hashed, range, set, isCurrent, onProgress });
  } catch (error) {
    set({ phase: 'failed', failure: failureOf(error) });
  }
}

async function answerBySums(asking: Asking): Promise<void> {
  const { model, trust, hashed, range, set, isCurrent, onProgress } = asking;
  const isMuch = await showCounts(asking);
  if (!isCurrent()) return;
  const client = isMuch ? await openHelper(trust) : worker;
  const judgeSums = async (): Promise<Judgement> => {
    const bytes = await server.dossier(model, range);
    if (answer.value?.phase === 'fetching') set({ phase: 'judging' });
    return await judgeWith(client, { bytes, trust, hashed, asked: { model, range } }, onProgress);
  };
  const summed = await judgeSums();
  const lacksTally = summed.report.problems.some(({ code }) => code === 'TALLY_MISSING');
  if (!lacksTally) {
    const opened = await openWith(client, summed, trust, isCurrent);
    set({ phase: 'answered', opened, sums: opened });
    void crossCheck({ judgement: summed, range, again: judgeSums }).then(
      (doubts) => set({ doubts }),
      () => undefined,
    );
  }
  if (isCurrent() && (windowsOf(summed) > 0 || lacksTally)) await checkWhole(asking, lacksTally);
}

/** Whether much is stated about the model; then how much is shown at once, and that none of it has been checked yet. */
async function showCounts({ model, trust, range, set }: Asking): Promise<boolean> {
  const counting: UsageRange = { ...range, others: 'counted' };
  try {
    const bytes = await server.dossier(model, counting);
    const asked = { model, range: counting };
    const counted = await judgeWith(worker, { bytes, trust, hashed: undefined, asked });
    if (countedOf(counted) <= FEW_STATEMENTS) return false;
    const isRight = counted.report.problems.every(({ code }) => COUNT_CODES.includes(code));
    if (isRight) set({ phase: 'counted', opened: await openWith(worker, counted, trust) });
    return true;
  } catch {
    // It only saves waiting: what stands is decided by the statements themselves.
    return false;
  }
}

/** Checks usage statement by statement too. Where the answer is needed, there is none without it. */
async function checkWhole(
  { model, trust, hashed, set, isCurrent, onProgress }: Asking,
  needed: boolean,
): Promise<void> {
  set({ usage: 'checking', progress: { done: 0, total: 0 } });
  try {
    const bytes = await server.dossier(model, null);
    if (!isCurrent()) return;
    // A worker of its own, so that proofs can be opened meanwhile.
    const client = await openHelper(trust);
    const asked = { model, range: null };
    const judgement = await judgeWith(client, { bytes, trust, hashed, asked }, onProgress);
    const opened = await openWith(client, judgement, trust, needed ? undefined : isCurrent);
    set({ phase: 'answered', usage: 'checked', opened });
  } catch (error) {
    if (needed) throw error;
    set({ usage: 'failed' });
  }
}

async function openHelper(trust: Trust): Promise<WorkerClient> {
  const helper = new WorkerClient();
  helpers.push(helper);
  await helper.run('trust', trust.bytes);
  return helper;
}
