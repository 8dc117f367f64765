/** A log node and its verifier are killed again and again while they work; after each restart an outsider judges what they made of it. */
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FsckReport, fsck } from '../../src/log/fsck.ts';
import { openHeadLock } from '../../src/store/head-lock.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { checkAftermath, watchCheckpoints } from './checks.ts';
import { Journal } from './journal.ts';
import { NodeProcess } from './node-process.ts';
import { SeededRandom } from './random.ts';
import { Submitter } from './submitter.ts';
import { TallyJudge } from './tallies.ts';
import { makeWorld, type World } from './world.ts';

/**
 * Something that breaks what the campaign checks, so that it must fail. `lost`: the node's data, its head lock and all,
 * are put back to what they were a cycle before, and the witnesses forget.
 */
export type Control = 'lost';

export interface CampaignOptions {
  /** The folder of the compiled processes. */
  readonly programs: string;
  /** For everything that is written; there already. */
  readonly folder: string;
  readonly cycles: number;
  readonly seed: number;
  readonly control?: Control | undefined;
  /** How long a start may take; no matter how long unless told. */
  readonly startLimitMs?: number;
  readonly onCycle?: (done: number, size: number) => void;
}

export interface CampaignReport {
  readonly cycles: number;
  readonly entries: number;
  readonly acknowledged: number;
  /** Entries whose submission was cut off by a kill. */
  readonly cutOff: number;
  readonly checkpoints: number;
  readonly medianStartMs: number;
  readonly slowestStartMs: number;
  /** Kills that left the log's tally behind its entries, and the verifier's. */
  readonly talliesBehind: { readonly log: number; readonly verifier: number };
  readonly violations: readonly string[];
}

/** The processes of a network of one log. */
interface Pair {
  readonly log: NodeProcess;
  readonly verifier: NodeProcess;
}

const SUBMITTERS = 4;
const SHORTEST_LIFE_MS = 50;
const LONGEST_LIFE_MS = 400;
const PROMISE_LIMIT_MS = 10_000;
const GIVE_UP_MS = 5_000;
const POLL_MS = 5;
/** Cycles from one wait for both tallies to the next. */
const CAUGHT_UP_EVERY = 5;

export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const world = await makeWorld({ folder: options.folder, name: `c${options.seed}` });
  try {
    return await new Campaign(options, world).run();
  } finally {
    await world.close();
  }
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #journal = new Journal();
  readonly #submitters: readonly Submitter[];
  readonly #data: string;
  readonly #verifierData: string;
  readonly #tallies: TallyJudge;
  #size = 0;
  #cutOff = 0;
  readonly #startsMs: number[] = [];

  constructor(options: CampaignOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#random = new SeededRandom(options.seed);
    this.#data = join(options.folder, 'data');
    this.#verifierData = join(options.folder, 'verifier');
    this.#tallies = new TallyJudge({
      world,
      journal: this.#journal,
      copies: join(options.folder, 'copies'),
      log: this.#data,
      verifier: this.#verifierData,
    });
    this.#submitters = Array.from(
      { length: SUBMITTERS },
      (_, i) =>
        new Submitter({
          world,
          journal: this.#journal,
          random: new SeededRandom(this.#random.below(2 ** 32)),
          name: `meter-${i}`,
        }),
    );
  }

  async run(): Promise<CampaignReport> {
    let pair = await this.#start();
    for (let cycle = 1; cycle <= this.#options.cycles; cycle++) {
      this.#journal.cycle = cycle;
      await this.#loadAndKill(pair);
      await this.#tallies.keep();
      if (this.#options.control === 'lost') await this.#loseACycle(cycle);
      pair = await this.#start();
      await this.#check(await pair.log.listening, cycle);
      this.#options.onCycle?.(cycle, this.#size);
    }
    await this.#end(pair);
    return this.#report();
  }

  async #start(): Promise<Pair> {
    const started = performance.now();
    const { programs, startLimitMs = Number.POSITIVE_INFINITY } = this.#options;
    const world = this.#world;
    const log = new NodeProcess({
      program: join(programs, 'log.js'),
      settings: { ...world.settings(this.#data), port: world.port },
    });
    await log.listening;
    const ms = Math.round(performance.now() - started);
    this.#startsMs.push(ms);
    if (ms > startLimitMs) this.#journal.violate(`the start took ${ms} ms`);
    const verifier = new NodeProcess({
      program: join(programs, 'verifier.js'),
      settings: world.verifierSettings(this.#verifierData),
    });
    await verifier.listening;
    return { log, verifier };
  }

  async #loadAndKill({ log, verifier }: Pair): Promise<void> {
    const url = await log.listening;
    const gone = new AbortController();
    const { signal } = gone;
    const load = [
      ...this.#submitters.map((submitter) => submitter.run(url, signal)),
      watchCheckpoints({ url, world: this.#world, journal: this.#journal }, signal),
    ];
    // Half of the lives count from the first new promise, so that there is something to lose however slow the machine is.
    if (this.#random.onceIn(2) || this.#options.control !== undefined) await this.#newPromise();
    const life = SHORTEST_LIFE_MS + this.#random.below(LONGEST_LIFE_MS - SHORTEST_LIFE_MS);
    await pause(life);
    await Promise.all([log.kill(), verifier.kill()]);
    // Requests to a node that is gone fail by themselves, but Node's fetch has been seen to wait for ever.
    const givingUp = setTimeout(() => gone.abort(), GIVE_UP_MS);
    await Promise.all(load);
    clearTimeout(givingUp);
    this.#cutOff += this.#unanswered().length;
  }

  /** Until the node has promised an entry that it did not hold at the last check. */
  async #newPromise(): Promise<void> {
    const deadline = performance.now() + PROMISE_LIMIT_MS;
    while (this.#journal.promised <= this.#size && performance.now() < deadline) {
      await pause(POLL_MS);
    }
  }

  async #check(url: string, cycle: number): Promise<void> {
    const aftermath = {
      url,
      world: this.#world,
      journal: this.#journal,
      random: this.#random,
      unanswered: this.#unanswered(),
    };
    try {
      const copy = await checkAftermath(aftermath);
      this.#size = copy.checkpoint.size;
      this.#tallies.checkLeft(copy.entries);
      const isDue = cycle % CAUGHT_UP_EVERY === 0 || cycle === this.#options.cycles;
      if (isDue) await this.#tallies.checkCaughtUp(url, copy.entries);
    } catch (error) {
      this.#journal.violate(`the log cannot be read: ${error}`);
    }
  }

  #unanswered(): string[] {
    return this.#submitters.flatMap(({ unanswered }) => unanswered);
  }

  /** Ends both in peace; what the log leaves on the disk must stand a full check. */
  async #end({ log, verifier }: Pair): Promise<void> {
    for (const process of [verifier, log]) {
      const { code, errors } = await process.stop();
      if (code !== 0) this.#journal.violate(`a process ended with ${code}: ${errors}`);
    }
    const { problems, size } = await fsckFolder(this.#data, this.#world);
    for (const { code: problem, message } of problems) {
      this.#journal.violate(`fsck: ${problem}: ${message}`);
    }
    if (size !== this.#size) this.#journal.violate(`fsck found ${size} entries, not ${this.#size}`);
  }

  async #loseACycle(cycle: number): Promise<void> {
    const backup = `${this.#data}.backup`;
    if (cycle === 1) await cp(this.#data, backup, { recursive: true });
    if (cycle !== 2) return;
    await rm(this.#data, { recursive: true });
    await rename(backup, this.#data);
    await this.#world.forget();
  }

  #report(): CampaignReport {
    const { acknowledged, checkpoints, violations } = this.#journal;
    const starts = this.#startsMs.toSorted((a, b) => a - b);
    return {
      cycles: this.#options.cycles,
      entries: this.#size,
      acknowledged: acknowledged.size,
      cutOff: this.#cutOff,
      checkpoints: checkpoints.size,
      medianStartMs: starts[Math.floor(starts.length / 2)] ?? 0,
      slowestStartMs: starts.at(-1) ?? 0,
      talliesBehind: this.#tallies.behind,
      violations,
    };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A full check of a stopped node's folder. */
export async function fsckFolder(data: string, { trust, log }: World): Promise<FsckReport> {
  const headLock = await openHeadLock(join(data, 'lock'));
  try {
    const store = await openLevelLogStore(join(data, 'db'));
    try {
      return await fsck({ store, headLock, trust, log, now: Math.floor(Date.now() / 1000) });
    } finally {
      await store.close();
    }
  } finally {
    await headLock.close();
  }
}
