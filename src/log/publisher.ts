/**
 * The publisher: takes committed checkpoints to the witnesses and publishes each that reaches the quorum. A missing
 * witness delays publication, never a commit.
 */
import { proveConsistency } from '../core/merkle/consistency.ts';
import type { ReadNode } from '../core/merkle/range.ts';
import { appendSignatures } from '../core/note/cosignature.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import type { StoredCheckpoint } from '../store/log-store.ts';
import type { LogLimits } from './limits.ts';
import type { WitnessPort } from './witness-port.ts';

export interface PublisherOptions {
  readonly witnesses: readonly WitnessPort[];
  /** How many organisations must have cosigned. */
  readonly quorum: number;
  /** Who runs a witness; undefined for one whose cosignatures do not count at this time. */
  readonly organisationOf: (witness: string) => string | undefined;
  readonly limits: LogLimits;
  readonly readNode: ReadNode;
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
  /** Keeps a checkpoint that has reached the quorum; it is published once this resolves. */
  readonly keep: (checkpoint: StoredCheckpoint) => Promise<void>;
  /** Told when a witness claims to have cosigned more than the log holds, or something else. */
  readonly onDissent: (witness: WitnessPort) => Promise<void>;
  readonly onFatal: (error: unknown) => void;
  /** What was published last, before this start. */
  readonly published: StoredCheckpoint | undefined;
}

/** How a witness stands with this log. */
export interface WitnessStatus {
  readonly name: string;
  readonly url: string;
  /** Size that it cosigned last, as far as the log knows. */
  readonly size: number;
  /** Unix seconds of its last cosignature, or null. */
  readonly lastCosignedAt: number | null;
  /** Why the last request failed, or null. */
  readonly lastError: string | null;
}

interface WitnessState {
  readonly port: WitnessPort;
  size: number;
  time: number | null;
  error: string | null;
  busy: boolean;
}

/** What was kept last, or is about to be. */
interface Kept {
  readonly checkpoint: StoredCheckpoint;
  /** The first entry that nothing covers that was kept before; undefined where that is not known. */
  readonly from: number | undefined;
  readonly done: Promise<void>;
}

interface Waiter {
  readonly index: number;
  readonly finish: (covered: boolean) => void;
}

// Either way the witness may hold a checkpoint of ours that our database contradicts.
const DISSENT: ReadonlySet<AttestryErrorCode> = new Set(['WITNESS_AHEAD', 'WITNESS_PROOF_INVALID']);

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #witnesses: readonly WitnessState[];
  #newest: StoredCheckpoint | undefined;
  #published: StoredCheckpoint | undefined;
  #kept: Kept | undefined;
  readonly #waiters = new Set<Waiter>();
  /** How many of them are urgent: asked with every submission, so not counted anew. */
  #urgent = 0;
  #wake: () => void = () => undefined;
  #endRound: () => void = () => undefined;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#published = options.published;
    this.#witnesses = options.witnesses.map((port) => ({
      port,
      size: 0,
      time: null,
      error: null,
      busy: false,
    }));
  }

  /** The newest checkpoint with the quorum's cosignatures, and later ones that came in for it. */
  get published(): StoredCheckpoint | undefined {
    return this.#published;
  }

  /** The smallest kept checkpoint that covers the entry, if it is the one that was kept last. */
  keptCovering(index: number): StoredCheckpoint | undefined {
    const { checkpoint, from } = this.#kept ?? {};
    if (checkpoint === undefined || from === undefined) return undefined;
    const isKept = checkpoint.size === this.#published?.size;
    return isKept && from <= index && index < checkpoint.size ? checkpoint : undefined;
  }

  get witnesses(): readonly WitnessStatus[] {
    return this.#witnesses.map(({ port, size, time, error }) => ({
      name: port.name,
      url: port.url,
      size,
      lastCosignedAt: time,
      lastError: error,
    }));
  }

  start(newest: StoredCheckpoint): void {
    this.#newest = newest;
    this.#running = this.#run().catch(this.#options.onFatal);
  }

  /** A newer checkpoint is to be published. */
  offer(checkpoint: StoredCheckpoint): void {
    this.#newest = checkpoint;
    this.#wake();
  }

  /** Resolves true once a published checkpoint covers the entry, false at the time-out. A busy log hastens for it. */
  waitFor(index: number, timeoutMs: number): Promise<boolean> {
    return this.#wait(index, { timeoutMs, isUrgent: true });
  }

  /** Resolves true once more than `size` entries are published, false at the time-out; in no hurry. */
  waitForGrowth(size: number, timeoutMs: number): Promise<boolean> {
    return this.#wait(size, { timeoutMs, isUrgent: false });
  }

  #wait(
    index: number,
    { timeoutMs, isUrgent }: { readonly timeoutMs: number; readonly isUrgent: boolean },
  ): Promise<boolean> {
    if (this.#covers(index)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (covered: boolean): void => {
        clearTimeout(timer);
        if (this.#waiters.delete(waiter) && isUrgent) this.#urgent--;
        resolve(covered);
      };
      const waiter: Waiter = { index, finish };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.#waiters.add(waiter);
      if (!isUrgent) return;
      this.#urgent++;
      this.#wake();
    });
  }

  /** Asks no witness any more; what those that were asked still answer is dropped. */
  stop(): void {
    this.#stopped = true;
    this.#endRound();
    this.#wake();
    for (const waiter of this.#waiters) waiter.finish(false);
  }

  async close(): Promise<void> {
    this.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { limits, clockMs } = this.#options;
    let before = { size: (this.#newest as StoredCheckpoint).size, startedMs: clockMs() };
    while (!this.#stopped) {
      const target = this.#newest as StoredCheckpoint;
      const startedMs = clockMs();
      const perMs = (target.size - before.size) / (startedMs - before.startedMs);
      before = { size: target.size, startedMs };
      const reached = await this.#round(target);
      const isNewer = (): boolean => this.#newest !== target;
      if (!reached) {
        await this.#pause(limits.retryMs, isNewer);
        continue;
      }
      const isBusy = perMs >= BUSY_ENTRIES_PER_MS;
      const roundMs = clockMs() - startedMs;
      if (isBusy || isNewer()) await this.#pause(this.#restAfter(roundMs), () => false);
      const untilNextMs = BUSY_INTERVAL_MS - (clockMs() - startedMs);
      const isAwaited = (): boolean => this.#urgent > 0;
      if (isBusy && untilNextMs > 0 && !isAwaited()) await this.#pause(untilNextMs, isAwaited);
      if (!isNewer()) await this.#pause(limits.refreshMs, isNewer);
    }
  }

  /** Asks every witness that is not still busy with an earlier request; true once the quorum has cosigned. */
  #round(target: StoredCheckpoint): Promise<boolean> {
    return new Promise((resolve) => {
      this.#endRound = () => resolve(false);
      const lines: string[] = [];
      const asked = this.#witnesses.filter((witness) => !witness.busy && this.#counts(witness));
      const organisations = new Set<string>();
      let left = asked.length;
      const settle = async (name: string, line: string | undefined): Promise<void> => {
        left--;
        const organisation = this.#options.organisationOf(name);
        if (line !== undefined && organisation !== undefined) {
          lines.push(line);
          organisations.add(organisation);
        }
        if (organisations.size >= this.#options.quorum) {
          await this.#publish(target, lines);
          resolve(true);
        } else if (left === 0) resolve(false);
      };
      if (left === 0) resolve(false);
      const fail = (error: unknown): void => {
        this.stop();
        this.#options.onFatal(error);
      };
      for (const witness of asked) {
        this.#ask(witness, target)
          .then((line) => settle(witness.port.name, line))
          .catch(fail);
      }
    });
  }

  #counts({ port }: WitnessState): boolean {
    return this.#options.organisationOf(port.name) !== undefined;
  }

  async #ask(witness: WitnessState, target: StoredCheckpoint): Promise<string | undefined> {
    witness.busy = true;
    try {
      const { lines, time } = await witness.port.cosign({
        checkpoint: target.note,
        oldSize: Math.min(witness.size, target.size),
        proveConsistency: (oldSize) =>
          proveConsistency(oldSize, target.size, this.#options.readNode),
      });
      witness.size = target.size;
      witness.time = time;
      witness.error = null;
      return lines;
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      witness.error = `${error.code}: ${error.message}`;
      if (DISSENT.has(error.code)) await this.#options.onDissent(witness.port);
      return undefined;
    } finally {
      witness.busy = false;
    }
  }

  async #publish(target: StoredCheckpoint, lines: readonly string[]): Promise<void> {
    const { size, note } = target;
    if (this.#stopped || (this.#published !== undefined && this.#published.size > size)) return;
    const checkpoint = { size, note: appendSignatures(note, lines) };
    if (this.#published?.size !== size) await this.#keepFirst(checkpoint);
    this.#published = checkpoint;
    for (const waiter of this.#waiters) if (waiter.index < size) waiter.finish(true);
  }

  /** Resolves once the first checkpoint of its size is kept: with what comes in for it later it is published only. */
  #keepFirst(checkpoint: StoredCheckpoint): Promise<void> {
    if (this.#kept?.checkpoint.size !== checkpoint.size) {
      const done = this.#options.keep(checkpoint);
      this.#kept = { checkpoint, from: this.#published?.size, done };
    }
    return this.#kept.done;
  }

  #restAfter(roundMs: number): number {
    if (this.#urgent >= MANY_WAITING) return 0;
    return Math.min(this.#urgent > 0 ? roundMs : 2 * roundMs, LONGEST_REST_MS);
  }

  #covers(index: number): boolean {
    return this.#published !== undefined && this.#published.size > index;
  }

  /** Ends early when there is something new that `isOver` says is worth it, and when all is over. */
  #pause(ms: number, isOver: () => boolean): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!this.#stopped && !isOver()) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

// A round costs four requests, four signatures to check, synced writes here and at the witnesses, and then a step of the
// tally, however many entries it is for. So a log asks a third of the time at most, half of it while someone waits for a
// cosigned receipt, and all of it while so many wait that a round costs each of them little: where as many come as can wait at
// once, rest would double the time that each takes up a place. While it is busy and nobody waits, it asks once in so many
// milliseconds.
const BUSY_ENTRIES_PER_MS = 0.1;
const BUSY_INTERVAL_MS = 400;
const LONGEST_REST_MS = 250;
const MANY_WAITING = 64;
