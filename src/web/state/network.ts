/** The network as it stands: the server's list, and what the checkpoints in it prove. Kept fresh by server-sent events. */
import { signal } from '@preact/signals';
import { server } from '../server.ts';
import type { ListedFinding, ListedNode, ListedWitness } from '../server-answer.ts';
import { WORDS } from '../words/words.ts';
import type { CheckedNote } from '../worker/protocol.ts';
import { LIVE_MAX_AGE_SECONDS } from './opened.ts';
import { type Trust, usable, worker } from './trust.ts';

export interface SeenNode {
  readonly listed: ListedNode;
  /** Undefined where there is no checkpoint yet. */
  readonly checked: CheckedNote | undefined;
}

export interface NetworkView {
  readonly nodes: readonly SeenNode[];
  readonly witnesses: readonly ListedWitness[];
  readonly findings: readonly ListedFinding[];
  /** What the server says against what is proven. */
  readonly doubts: readonly string[];
}

export interface Happening {
  readonly number: number;
  readonly atMs: number;
  readonly text: string;
}

export const network = signal<NetworkView | undefined>(undefined);
export const networkState = signal<'loading' | 'loaded' | 'offline'>('loading');
export const isLive = signal(false);
export const happenings = signal<readonly Happening[]>([]);

const MOST_HAPPENINGS = 12;
const TOGETHER_MS = 300;
const EVENTS = ['checkpoint', 'finding', 'node'] as const;
/** The largest size that was proven of each log since the page was opened: logs never shrink. */
const largest = new Map<string, number>();
let number = 0;

export async function loadNetwork(): Promise<void> {
  const trust = usable.value;
  if (trust === undefined) return;
  try {
    const [{ nodes, witnesses }, { findings }] = await Promise.all([
      server.nodes(),
      server.findings(),
    ]);
    const checked = await checkAll(nodes, trust);
    network.value = { nodes: checked, witnesses, findings, doubts: doubtsAbout(checked, trust) };
    networkState.value = 'loaded';
  } catch {
    networkState.value = 'offline';
  }
}

/** Loads anew whenever something happens. Gives the function that ends it. */
export function followEvents(): () => void {
  const source = server.events();
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void => {
    waiting ??= setTimeout(() => {
      waiting = undefined;
      void loadNetwork();
    }, TOGETHER_MS);
  };
  source.onopen = () => {
    isLive.value = true;
  };
  source.onerror = () => {
    isLive.value = false;
  };
  for (const name of EVENTS) {
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      note(sayEvent(name, data));
      soon();
    });
  }
  return () => {
    clearTimeout(waiting);
    source.close();
    isLive.value = false;
  };
}

async function checkAll(nodes: readonly ListedNode[], trust: Trust): Promise<readonly SeenNode[]> {
  const notes = nodes.map(({ checkpoint }) => (typeof checkpoint === 'string' ? checkpoint : ''));
  const checked = await worker.run('check', {
    trust: trust.view.digest,
    notes,
    maxAge: LIVE_MAX_AGE_SECONDS,
  });
  return nodes.map((listed, i) => ({ listed, checked: notes[i] === '' ? undefined : checked[i] }));
}

function doubtsAbout(nodes: readonly SeenNode[], { view }: Trust): readonly string[] {
  const { network: words } = WORDS;
  const doubts: string[] = [];
  const named = new Set(view.logs.map(({ name }) => name));
  for (const { listed, checked } of nodes) {
    const { origin, size } = listed;
    if (!named.has(origin)) doubts.push(words.unknownNode(String(origin)));
    const log = checked?.log;
    if (log === undefined) continue;
    if (log.origin !== origin || log.size !== size) doubts.push(words.sizeDiffers(String(origin)));
    if (log.size < (largest.get(log.origin) ?? 0)) doubts.push(words.shrunk(log.origin));
    largest.set(log.origin, Math.max(log.size, largest.get(log.origin) ?? 0));
  }
  const shown = new Set(nodes.map(({ listed }) => listed.origin));
  for (const { name } of view.logs) if (!shown.has(name)) doubts.push(words.hiddenNode(name));
  return doubts;
}

function note(text: string): void {
  if (text === '') return;
  const happening = { number: ++number, atMs: Date.now(), text };
  happenings.value = [happening, ...happenings.value].slice(0, MOST_HAPPENINGS);
}

function sayEvent(name: (typeof EVENTS)[number], data: string): string {
  const { event } = WORDS.network;
  try {
    const { origin, size, state } = JSON.parse(data) as Record<string, unknown>;
    if (name === 'checkpoint') return event.checkpoint(String(origin), Number(size));
    return name === 'finding'
      ? event.finding(String(origin))
      : event.node(String(origin), String(state));
  } catch {
    return '';
  }
}
