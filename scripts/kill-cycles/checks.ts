/** What must hold after each crash, judged by an outsider from what the restarted node serves. */

import type { Journal } from './journal.ts';
import {
  demandConsistency,
  type OutsiderCheckpoint,
  type OutsiderCopy,
  type OutsiderGet,
  readCheckpoint,
  readLog,
} from './outsider.ts';
import type { SeededRandom } from './random.ts';
import type { World } from './world.ts';

const PUBLISH_DEADLINE_MS = 3_000;
const POLL_MS = 10;
/** Receipts of earlier cycles that are asked for again. */
const OLD_RECEIPTS = 10;

/** In words, for the report. */
export const CHECKED: readonly string[] = [
  'the whole log derived again from its checkpoint, tiles and entry bundles, by code that shares nothing with the node',
  'every acknowledged entry at its index, with the receipt that was given for it',
  'every checkpoint ever shown: one root per size, and consistent with the newest',
  'every unanswered entry there once or not at all, and none that nobody sent',
  "the tallies of the log and of its verifier, on the disk as the kill left them: a clean rebuild's; after each fifth kill also the one that both have caught up with",
];

export interface Aftermath {
  readonly url: string;
  readonly world: World;
  readonly journal: Journal;
  readonly random: SeededRandom;
  /** Hex hashes of what was sent and not answered. */
  readonly unanswered: readonly string[];
}

/** Judges the node, and gives the log as it stands; what does not hold goes into the journal as violations. */
export async function checkAftermath(aftermath: Aftermath): Promise<OutsiderCopy> {
  const { url, world, journal } = aftermath;
  const get = getterOf(url);
  const note = await publishedNote(url, get);
  const copy = await readLog(get, note, world.outsiderTrust);
  journal.see(copy.checkpoint);
  checkEntries(copy, aftermath);
  checkCheckpoints(copy, journal);
  await checkReceipts(get, aftermath);
  return copy;
}

/** The newest checkpoint, once it covers everything that the node holds. */
async function publishedNote(url: string, get: OutsiderGet): Promise<string> {
  const deadline = performance.now() + PUBLISH_DEADLINE_MS;
  for (;;) {
    const { size, witnessedSize } = (await (await fetch(`${url}/v1/log`)).json()) as Standing;
    const { status, body } = await get('checkpoint');
    if (status === 200 && witnessedSize === size) return new TextDecoder().decode(body);
    if (performance.now() > deadline) {
      throw new Error(`only ${witnessedSize} of ${size} entries were witnessed in time`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface Standing {
  readonly size: number;
  readonly witnessedSize: number;
}

function checkEntries({ tree }: OutsiderCopy, { journal, unanswered }: Aftermath): void {
  for (const [hash, { index }] of journal.acknowledged) {
    const found = tree.indexesOf(hash);
    if (found.length === 1 && found[0] === index) continue;
    journal.violate(`entry ${hash} was acknowledged at ${index}, it is at [${found}]`);
  }
  for (const hash of unanswered) {
    const found = tree.indexesOf(hash);
    if (found.length > 1) journal.violate(`unanswered entry ${hash} is at [${found}]`);
  }
  const known = [...journal.sent].reduce((sum, hash) => sum + tree.indexesOf(hash).length, 0);
  if (known !== tree.size) journal.violate(`${tree.size - known} entries that nobody sent`);
}

function checkCheckpoints({ tree, checkpoint }: OutsiderCopy, journal: Journal): void {
  for (const seen of journal.checkpoints.values()) {
    const problem = contradictionOf(tree, seen, checkpoint);
    if (problem !== undefined) journal.violate(problem);
  }
}

function contradictionOf(
  tree: OutsiderCopy['tree'],
  seen: OutsiderCheckpoint,
  newest: OutsiderCheckpoint,
): string | undefined {
  if (seen.size > newest.size) return `size ${seen.size} was signed, the newest is ${newest.size}`;
  try {
    demandConsistency(tree, seen, newest);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** The receipts of the newest cycle, and some older ones: the same bytes as when they were given. */
async function checkReceipts(get: OutsiderGet, aftermath: Aftermath): Promise<void> {
  const { journal, random } = aftermath;
  const all = [...journal.acknowledged].filter(([, { receipt }]) => receipt !== undefined);
  const newest = all.filter(([, { cycle }]) => cycle === journal.cycle);
  const older = Array.from({ length: OLD_RECEIPTS }, () => all[random.below(all.length)]);
  for (const [hash, { receipt }] of [...newest, ...older].filter((row) => row !== undefined)) {
    const { status, body } = await get(`v1/receipts/${hash}?state=committed`);
    if (status === 200 && new TextDecoder().decode(body) === receipt) continue;
    journal.violate(`the receipt of entry ${hash} is another one now (status ${status})`);
  }
}

function getterOf(url: string): OutsiderGet {
  return async (path) => {
    const response = await fetch(`${url}/${path}`);
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      body: new Uint8Array(await response.arrayBuffer()),
    };
  };
}

/** Looks at the published checkpoint again and again while the node is under load. */
export async function watchCheckpoints(
  { url, world, journal }: Pick<Aftermath, 'url' | 'world' | 'journal'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(`${url}/checkpoint`, { signal })
      .then(async (response) => ({ ok: response.ok, note: await response.text() }))
      .catch(() => undefined);
    if (answer === undefined) return;
    if (answer.ok) journal.see(readCheckpoint(answer.note, world.outsiderTrust));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
