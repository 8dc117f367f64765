/** Logs that show too little: frozen, accepting and dropping, going on from a backup. */

import { createLogSource } from '../../../src/client/log-source.ts';
import { bytesEqual } from '../../../src/core/bytes/equal.ts';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { decodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import type { Finding } from '../../../src/core/finding/finding.ts';
import { verifyFinding } from '../../../src/core/finding/verify.ts';
import { leafHash } from '../../../src/core/merkle/hash.ts';
import { parseCheckpoint } from '../../../src/core/note/checkpoint.ts';
import { formatReceipt } from '../../../src/core/receipt/receipt.ts';
import { parseEnvelope } from '../../../src/core/statement/envelope.ts';
import { AttestryError } from '../../../src/errors.ts';
import { decodeUint64, HEAD_KEY } from '../../../src/store/level-keys.ts';
import { contradictionInTree } from '../../../src/verifier/contradiction.ts';
import { openServedTree } from '../../../src/verifier/served-tree.ts';
import { DEPLOYED, ENGINE, ORIGIN, type Signed, TRUST } from '../material.ts';
import { ok } from '../node.ts';
import { History } from '../truth.ts';
import { STALE_AFTER_SECONDS } from '../verifier-machine.ts';
import type { VirtualDisk } from '../virtual-disk.ts';
import { textOf } from '../virtual-level.ts';
import type { Answer } from '../virtual-network.ts';
import type { World } from '../world.ts';
import { type Behaviour, standsAgainstLog } from './behaviour.ts';
import { signHistory, treeOf } from './false-log.ts';

/** Takes entries on, has them cosigned, and shows everyone else the checkpoint of some moment for ever. */
const frozen: Behaviour = {
  name: 'frozen log',
  prepare: (world) => {
    const { log, chance, scheduler } = world;
    world.liars.add(log.host);
    const time = 1_000 + chance.people.below(5_000);
    let shown: Answer | undefined;
    log.front = async (exchange, honest) => {
      if (exchange.path !== 'checkpoint') return await honest(exchange);
      const answer = shown ?? (await honest(exchange));
      if (scheduler.now > time && answer.status === 200) shown = answer;
      return answer;
    };
  },
  caught: (world) => standsAgainstLog(world, 'CHECKPOINT_STALE'),
  takesMs: (STALE_AFTER_SECONDS + 5) * 1000,
};

interface Dropped {
  readonly entry: Uint8Array;
  /** The checkpoint that was made for whoever submitted it. */
  readonly note: string;
  readonly answer: Answer;
}

/** What the log of each run has dropped. */
const droppedIn = new WeakMap<World, Dropped>();

/** Answers one submission with a receipt under a checkpoint made for it alone, and forgets the entry. */
const dropping: Behaviour = {
  name: 'accepting and dropping',
  prepare: (world) => {
    const { log } = world;
    world.liars.add(log.host);
    log.front = async (exchange, honest) => {
      const isSubmission = exchange.method === 'POST' && exchange.path.startsWith('v1/entries');
      const size = log.running?.log.size ?? 0;
      if (!isSubmission || size < 1) return await honest(exchange);
      const dropped = droppedIn.get(world) ?? drop(world, exchange.body, size);
      return bytesEqual(dropped.entry, exchange.body) ? dropped.answer : await honest(exchange);
    };
  },
  caught: async (world) => {
    const note = droppedIn.get(world)?.note;
    return note && (await contradictionWithReceipt(world, note));
  },
};

function drop(world: World, entry: Uint8Array, size: number): Dropped {
  const { truth, log } = world;
  const fork = new History([...truth.history.entries.slice(0, size), entry]);
  truth.forks.push(fork);
  const note = signHistory(fork);
  const dropped = { entry, note, answer: ok(privateReceipt(fork, note), 201) };
  droppedIn.set(world, dropped);
  world.trace.add(log.host, 'lies: accepts and drops');
  // While the log is smaller than the receipt says, nothing excludes that it will still hold the entry: something else follows.
  void world.operator.submitAll([DEPLOYED.at(-1) as Signed], () => 0);
  return dropped;
}

function privateReceipt(history: History, checkpoint: string): string {
  const index = history.entries.length - 1;
  const entry = history.entries[index] as Uint8Array;
  const envelope = parseEnvelope(entry);
  const proof = treeOf(history).path(index, index + 1);
  const receipt = decodeUtf8(formatReceipt({ envelope, proof: { index, proof, checkpoint } }));
  return `{"entryHash":"${encodeHex(leafHash(entry))}","index":${index},"receipt":${receipt},"state":"committed"}`;
}

/** What the holder of a receipt can prove with the log that everyone else is shown. */
async function contradictionWithReceipt(world: World, note: string): Promise<string | undefined> {
  const [log] = TRUST.logs.values();
  const fetch = world.network.fetchFor(world.operator.host, world.people);
  const source = createLogSource(log?.url as string, { fetch });
  const { signal } = new AbortController();
  try {
    const served = await source.readCheckpoint(signal);
    if (served === undefined) return undefined;
    const { checkpoint } = parseCheckpoint(served);
    const tree = await openServedTree(source, checkpoint, signal);
    const known = { ...parseCheckpoint(note).checkpoint, note };
    const found = await contradictionInTree(tree, { ...checkpoint, note: served }, [known]);
    if (found === undefined) return undefined;
    const finding: Finding = {
      origin: ORIGIN,
      foundAt: '2026-10-01T12:00:00Z',
      evidence: found.evidence,
    };
    return verifyFinding(finding, { trust: TRUST, now: world.unixNow(), engine: ENGINE }).code;
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}

/** Its operator restores a backup of the whole machine, head lock and all; the log would go on from there. */
export const RESTORED_LIE: Behaviour = {
  name: 'restored backup',
  prepare: (world) => {
    const { log, operator, scheduler, people } = world;
    world.liars.add(log.host);
    let backup: VirtualDisk | undefined;
    const attempt = (): void => {
      const published = log.running?.log.status().published?.size ?? 0;
      if (backup === undefined && published >= 1) {
        backup = log.disk.copy();
        // Something is published after it, whatever else there is to submit.
        void operator.submitAll([DEPLOYED.at(-1) as Signed], () => 0);
      }
      if (backup === undefined || published <= entriesOn(backup)) {
        scheduler.after(300, attempt, people);
        return;
      }
      world.trace.add(log.host, `lies: restores a backup of ${entriesOn(backup)}`);
      log.end('kill');
      log.disk = backup;
    };
    scheduler.after(300, attempt, people);
  },
  caught: ({ log }) => (log.running === undefined ? log.refusedWith : undefined),
  takesMs: 4_000,
};

/** The database alone has lost its tail, and no witness can be asked when the log starts. */
export const LOST_TAIL_LIE: Behaviour = {
  name: 'database that lost its tail',
  prepare: (world) => {
    const { log, scheduler, people, network } = world;
    world.damaged.add(log.host);
    world.changed.add(log.host);
    const attempt = (): void => {
      const size = log.running?.log.size ?? 0;
      if (size < 2) {
        scheduler.after(300, attempt, people);
        return;
      }
      for (const { host } of world.witnesses) network.cut.add(`${log.host}>${host}`);
      log.end('power cut');
      const lost = log.disk.level('db').loseTail(4);
      world.trace.add(log.host, `${lost} synced batches are lost`);
    };
    scheduler.after(300, attempt, people);
  },
  caught: ({ log }) => (log.running === undefined ? log.refusedWith : undefined),
};

function entriesOn(disk: VirtualDisk): number {
  const head = disk.level('db').durable.get(textOf(HEAD_KEY));
  return head === undefined ? 0 : (decodeUint64(head, 0) ?? 0);
}

export const WITHHOLDING_LIES: readonly Behaviour[] = [
  frozen,
  dropping,
  RESTORED_LIE,
  LOST_TAIL_LIE,
];
