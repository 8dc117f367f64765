/** Usage over time: for each chosen model the dossier of the range, judged here. What is drawn comes from nowhere else. */
import { signal } from '@preact/signals';
import type { UsageRange } from '../../core/tally/questions.ts';
import { server } from '../server.ts';
import type { Failure, ProvenUsage } from '../usage-series.ts';
import type { Judgement } from '../worker/protocol.ts';
import { failureOf, LIVE_MAX_AGE_SECONDS } from './opened.ts';
import { usable, worker } from './trust.ts';

export const proven = signal<readonly ProvenUsage[]>([]);
export const failures = signal<readonly Failure[]>([]);
export const usageState = signal<'idle' | 'asking' | 'answered'>('idle');

let asked = 0;

export interface ChosenModel {
  readonly model: string;
  readonly name: string;
}

export async function askUsage(models: readonly ChosenModel[], range: UsageRange): Promise<void> {
  const number = ++asked;
  const trust = usable.value;
  if (trust === undefined) return;
  usageState.value = 'asking';
  const found: ProvenUsage[] = [];
  const failed: Failure[] = [];
  for (const { model, name } of models) {
    try {
      const bytes = await server.dossier(model, range);
      const judgement = await worker.run('judge', {
        bytes,
        trust: trust.view.digest,
        maxAge: LIVE_MAX_AGE_SECONDS,
        asked: { model, range },
      });
      found.push({ model, name: judgement.names[0] ?? name, judgement });
      failed.push(...unproven(judgement, trust.view.logs));
    } catch (error) {
      const { code, message } = failureOf(error);
      failed.push({ name, reason: `${message} ${code}`.trim() });
    }
    if (number !== asked) return;
  }
  for (const { judgement } of proven.value) void worker.run('forget', judgement.handle);
  proven.value = found;
  failures.value = failed;
  usageState.value = 'answered';
}

/** The logs whose numbers are not in the chart, and why. */
function unproven(
  { report, names }: Judgement,
  logs: readonly { readonly name: string }[],
): readonly Failure[] {
  const proofs = new Set(report.proven.map(({ origin }) => origin));
  const missing = logs.filter(({ name }) => !proofs.has(name));
  return missing.map(({ name }) => {
    const problem = report.problems.find(({ origin }) => origin === name);
    const reason = problem === undefined ? '' : `${problem.message} ${problem.code}`;
    return { name: [names[0], name].filter(Boolean).join(', '), reason };
  });
}
