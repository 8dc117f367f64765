/** What the server says beside its files, held against what its files prove. */
import { usageRows } from '../../core/report/usage-rows.ts';
import type { UsageRange } from '../../core/tally/questions.ts';
import { server } from '../server.ts';
import type { ListedModel, UsageAnswer } from '../server-answer.ts';
import { DOUBTS } from '../words/words.ts';
import type { Judgement } from '../worker/protocol.ts';

export interface CrossCheck {
  readonly judgement: Judgement;
  readonly range: UsageRange;
  /** Asks for the dossier anew: the log may have grown between two answers of an honest server. */
  readonly again: () => Promise<Judgement>;
}

const PAUSE_MS = 1500;
/** What the page finds by its own clock and by the file in hand, of which the server knows nothing. */
const OWN_CODES: readonly string[] = ['CHECKPOINT_STALE', 'SUBJECT_MISMATCH'];
const SEVERITY = ['VALID', 'INCONCLUSIVE', 'INVALID', 'EQUIVOCATION'];

/** Sentences, one for each difference that is still there when everything is asked anew. */
export async function crossCheck({
  judgement,
  range,
  again,
}: CrossCheck): Promise<readonly string[]> {
  const { model } = judgement.report;
  if (model === null) return [];
  const first = await differences(model, judgement, range);
  if (first.length === 0) return first;
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return await differences(model, await again(), range);
}

async function differences(
  model: string,
  judgement: Judgement,
  range: UsageRange,
): Promise<readonly string[]> {
  const [usage, listed] = await Promise.all([
    server.usage(model, range).catch(() => undefined),
    listedModel(model).catch(() => undefined),
  ]);
  return [
    ...(usage === undefined ? [] : usageDoubts(usage, judgement)),
    ...(listed === undefined ? [] : listDoubts(listed, judgement)),
  ];
}

export function usageDoubts(usage: UsageAnswer, { report }: Judgement): readonly string[] {
  const said = usage.rows.map(({ key, windows, totals }) => fingerprint(key, windows, totals));
  const proven = usageRows(report.proven, 'region');
  const found = proven.map(({ key, windows, totals }) => fingerprint(key, windows, totals));
  const outcome = serverSideOutcome(report);
  return [
    ...(usage.outcome === outcome ? [] : [DOUBTS.outcome(String(usage.outcome), outcome)]),
    ...(said.join() === found.join() ? [] : [DOUBTS.totals]),
  ];
}

function serverSideOutcome({ problems }: Judgement['report']): string {
  const shared = problems.filter(({ code }) => !OWN_CODES.includes(code));
  const worst = Math.max(0, ...shared.map(({ outcome }) => SEVERITY.indexOf(outcome)));
  return SEVERITY[worst] ?? '';
}

export function listDoubts(listed: ListedModel, judgement: Judgement): readonly string[] {
  const { names, statements, report, logsTrusted } = judgement;
  const stretches = report.proven.flatMap((log) => log.stretches);
  const windows = stretches.reduce((sum, stretch) => sum + stretch.windows, 0);
  const total = statements + windows;
  const isWhole = report.proven.length === logsTrusted;
  // A name may stand in a usage statement, which is summed here and not shown.
  const invented = windows > 0 ? [] : listed.names.filter((name) => !names.includes(name));
  return [
    ...(isWhole && total !== listed.statements ? [DOUBTS.count(listed.statements, total)] : []),
    ...(isWhole && invented.length > 0 ? [DOUBTS.names(invented.join(', '))] : []),
  ];
}

async function listedModel(model: string): Promise<ListedModel | undefined> {
  const { models } = await server.models(predecessorOf(model), 1);
  return models.find((listed) => listed.model === model);
}

/** The digest before this one: lists begin after the one that is named. */
export function predecessorOf(model: string): string {
  const number = BigInt(`0x${model}`);
  return (number === 0n ? 0n : number - 1n).toString(16).padStart(64, '0');
}

function fingerprint(
  key: string,
  windows: number,
  totals: Readonly<Record<string, string>>,
): string {
  const ordered = Object.entries(totals).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([key, windows, ordered]);
}
