/** The findings that the server lists, each judged here by its own evidence. */
import { signal } from '@preact/signals';
import { server } from '../server.ts';
import type { ListedFinding } from '../server-answer.ts';
import type { Judgement } from '../worker/protocol.ts';
import { failureOf } from './opened.ts';
import { usable, worker } from './trust.ts';

export interface SeenFinding {
  readonly listed: ListedFinding;
  readonly judgement?: Judgement;
  readonly failure?: string;
}

export const findings = signal<readonly SeenFinding[]>([]);
export const findingsState = signal<'loading' | 'loaded' | 'offline'>('loading');

/** More are listed, and judged when they are opened as files. */
const MOST_JUDGED = 50;

export async function loadFindings(): Promise<void> {
  const trust = usable.value;
  if (trust === undefined) return;
  try {
    const { findings: listed } = await server.findings();
    findings.value = listed.map((one) => ({ listed: one }));
    findingsState.value = 'loaded';
    for (const one of listed.slice(0, MOST_JUDGED)) {
      const seen = await judgeFinding(one, trust.view.digest);
      findings.value = findings.value.map((old) => (old.listed.id === one.id ? seen : old));
    }
  } catch {
    findingsState.value = 'offline';
  }
}

async function judgeFinding(listed: ListedFinding, trust: string): Promise<SeenFinding> {
  try {
    const bytes = await server.finding(listed.id);
    return { listed, judgement: await worker.run('judge', { bytes, trust }) };
  } catch (error) {
    return { listed, failure: failureOf(error).message };
  }
}
