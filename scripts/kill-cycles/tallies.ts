/** Both tallies after a crash, the log's and the verifier's: as it left them on the disk, and when they have caught up. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { rightCosignatures } from '../../src/core/note/cosignature.ts';
import { originHash } from '../../src/core/note/origin-hash.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import { EMPTY_TALLY } from '../../src/core/tally/node.ts';
import { verifyTallyNote } from '../../src/core/tally/tally-note.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { naiveTally } from '../../test/helpers/naive-tally.ts';
import type { Journal } from './journal.ts';
import type { World } from './world.ts';

const CAUGHT_UP_LIMIT_MS = 10_000;
const POLL_MS = 20;

/** A tally as it stands somewhere. */
interface Stand {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

export interface TallyJudgeOptions {
  readonly world: World;
  readonly journal: Journal;
  /** For copies of what a crash left: to open a database is to mend it, which is for the process itself to do. */
  readonly copies: string;
  /** The data folders of the processes. */
  readonly log: string;
  readonly verifier: string;
}

export class TallyJudge {
  /** Kills that left the log's tally behind its entries, and the verifier's. */
  readonly behind = { log: 0, verifier: 0 };
  readonly #options: TallyJudgeOptions;
  #left: { readonly log: Stand; readonly verifier: Stand } | undefined;

  constructor(options: TallyJudgeOptions) {
    this.#options = options;
  }

  /** Notes how the killed processes left their tallies. */
  async keep(): Promise<void> {
    const { log, verifier, world } = this.#options;
    this.#left = {
      log: await this.#standIn(join(log, 'tally')),
      verifier: await this.#standIn(join(verifier, 'tallies', originHash(world.origin))),
    };
  }

  /** Judges what was left by the log's entries. */
  checkLeft(entries: readonly Uint8Array[]): void {
    for (const party of ['log', 'verifier'] as const) {
      const stand = this.#left?.[party] ?? { size: 0, root: rebuilt([]) };
      if (stand.size < entries.length) this.behind[party]++;
      this.#demandRebuilt(`the ${party}'s tally, as the kill left it,`, stand, entries);
    }
  }

  /** Judges the tally that the verifier cosigns: one of all entries, in time. */
  async checkCaughtUp(url: string, entries: readonly Uint8Array[]): Promise<void> {
    const cosigned = await this.#cosigned(url, entries.length);
    this.#demandRebuilt('the cosigned tally', cosigned, entries);
    if (cosigned.size === entries.length) return;
    const what = `of ${entries.length} entries the verifier cosigned only ${cosigned.size}`;
    this.#options.journal.violate(what);
  }

  #demandRebuilt(whose: string, { size, root }: Stand, entries: readonly Uint8Array[]): void {
    const { journal } = this.#options;
    if (size > entries.length) {
      journal.violate(`${whose} is of ${size} entries, the log holds ${entries.length}`);
      return;
    }
    const right = rebuilt(entries.slice(0, size));
    if (root !== right) journal.violate(`${whose} is ${root} at ${size}, a clean rebuild ${right}`);
  }

  async #standIn(folder: string): Promise<Stand> {
    const { copies } = this.#options;
    await cp(folder, copies, { recursive: true, force: true });
    const store = await openLevelTallyStore(copies);
    try {
      const { size, root } = store.state();
      return { size, root: encodeHex(root?.hash ?? EMPTY_TALLY) };
    } finally {
      await store.close();
      await rm(copies, { recursive: true });
    }
  }

  /** The newest tally that the verifier has cosigned, once it covers `size` entries or the time is over. */
  async #cosigned(url: string, size: number): Promise<Stand> {
    const deadline = performance.now() + CAUGHT_UP_LIMIT_MS;
    for (;;) {
      const answer = await fetch(`${url}/v1/tally?note=cosigned`);
      const stand = answer.ok ? this.#verified((await answer.json()) as ServedTally) : undefined;
      if (stand?.size === size || performance.now() > deadline) {
        return stand ?? { size: 0, root: rebuilt([]) };
      }
      await sleep(POLL_MS);
    }
  }

  #verified({ tally }: ServedTally): Stand {
    const { log, verifier } = this.#options.world;
    const { head, note } = verifyTallyNote(tally, log.vkey);
    const witnesses = [verifier.vkey];
    const right = rightCosignatures(note, { witnesses, now: Math.floor(Date.now() / 1000) });
    if (right.length === 0) throw new Error(`the tally of ${head.size} entries is not cosigned`);
    return { size: head.size, root: encodeHex(head.tallyRoot) };
  }
}

interface ServedTally {
  readonly tally: string;
}

/** The root of a clean rebuild, in hex, by code that shares nothing with the trie that the processes keep. */
function rebuilt(entries: readonly Uint8Array[]): string {
  return encodeHex(naiveTally(entries.flatMap((entry, i) => leavesOf(entry, i))).hash);
}
