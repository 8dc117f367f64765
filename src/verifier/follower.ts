/**
 * Follows one log: reads its checkpoint, holds it against everything that the log has signed before, mirrors and re-admits
 * what is new. Whatever the log does, it changes only what this verifier says about this log.
 */
import { LRUCache } from 'lru-cache';
import {
  type VerificationRules,
  verifyLogCheckpoint,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import type { TrustedLog } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import type { LogCommit, LogStore } from '../store/log-store.ts';
import { contradictionInTree } from './contradiction.ts';
import type { Findings } from './findings.ts';
import { growMirror } from './growth.ts';
import type { LogSource } from './log-source.ts';
import { Mirror } from './mirror.ts';
import { ownLines } from './own-lines.ts';
import type { JudgeEntries } from './readmission.ts';
import { openRefusals, type Refusals } from './refusals.ts';
import { rootMismatchEvidence } from './root-mismatch.ts';
import { openServedTree } from './served-tree.ts';
import { knownNote, openSignedHistory, type SignedHistory } from './signed-history.ts';
import { isLocal, type LogFacts, type Problem, problemOf } from './standing.ts';
import type { KnownNote, VerifierStore } from './verifier-store.ts';

const KEPT_NOTES = 64;

export interface FollowerOptions {
  readonly log: TrustedLog;
  readonly source: LogSource;
  /** Of this log's mirror; the follower closes it. */
  readonly store: LogStore;
  readonly records: VerifierStore;
  readonly findings: Findings;
  /** The rules of the moment. */
  readonly rules: () => VerificationRules;
  /** Under the trust root of the rules. */
  readonly judgeEntries: JudgeEntries;
  readonly onCheckpoint: (checkpoint: WitnessedCheckpoint) => void;
  readonly onCommitted: (commit: LogCommit) => void;
  /** Told of defects, and of failures of this machine. */
  readonly onDefect: (error: unknown) => void;
}

/** The follower of a log, as far as it came before. @throws STORE_CORRUPT, STORE_FAILED; the store is closed then */
export async function openFollower(options: FollowerOptions): Promise<Follower> {
  const { log, store, records, findings, rules } = options;
  const { origin } = log;
  try {
    const mirror = new Mirror(store);
    mirror.verify();
    const history = await openSignedHistory({ origin, mirror, records, findings, rules });
    const refusals = await openRefusals({ store: records, findings, origin });
    return new Follower(options, { mirror, history, refusals });
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface FollowerParts {
  readonly mirror: Mirror;
  readonly history: SignedHistory;
  readonly refusals: Refusals;
}

export class Follower {
  readonly log: TrustedLog;
  readonly mirror: Mirror;
  readonly refusals: Refusals;
  readonly #options: FollowerOptions;
  readonly #history: SignedHistory;
  /** Notes that hold nothing but right signatures: witnesses and verifiers show the same few at every look. */
  readonly #verified = new LRUCache<string, KnownNote>({ max: KEPT_NOTES });
  #mirroredSize: number;
  #verifiedEntries = 0;
  #verifiedAt: number | undefined;
  #problem: Problem | undefined;
  #failure: Problem | undefined;

  constructor(options: FollowerOptions, { mirror, history, refusals }: FollowerParts) {
    this.#options = options;
    this.#history = history;
    this.log = options.log;
    this.mirror = mirror;
    this.refusals = refusals;
    this.#mirroredSize = mirror.head.size;
  }

  /** Entries verified since the start. */
  get verifiedEntries(): number {
    return this.#verifiedEntries;
  }

  get mirroredSize(): number {
    return this.#mirroredSize;
  }

  /** What is known of the log; a larger checkpoint counts as withheld once it has been known since `withheldSince`. */
  facts(withheldSince: number): LogFacts {
    const { origin } = this.log;
    return {
      origin,
      current: this.#history.current,
      verifiedAt: this.#verifiedAt,
      problem: this.#problem,
      failure: this.#failure,
      contradiction: this.#options.findings.contradictionOf(origin),
      withheld: this.#history.largestSince(withheldSince),
    };
  }

  /** One look at the log, with everything that follows from it. What goes wrong becomes the log's standing. */
  async poll(signal: AbortSignal): Promise<void> {
    if (this.#isOver) return;
    // What comes to be known meanwhile is for the next look: of a growing log it is most likely published by then.
    const waiting = this.#history.waiting();
    try {
      await this.#look(signal);
      this.#problem = undefined;
      this.#verifiedAt = this.#options.rules().now;
      await this.#examine(waiting, signal);
    } catch (error) {
      if (!signal.aborted) this.#take(error);
    }
  }

  /** Holds a note that someone else was shown against the log. @throws CHECKPOINT_* when it is not the log's own word */
  async observe(note: string): Promise<void> {
    const seen = this.#ownNote(note);
    // Also of a log that is followed no further: who cosigned its other history comes out bit by bit.
    if (this.#failure !== undefined) return;
    try {
      await this.#history.hold(seen);
    } catch (error) {
      this.#take(error);
    }
  }

  /** Checkpoints of the log that are known here, as other verifiers may see them. */
  shownNotes(): readonly string[] {
    return this.#history
      .shown()
      .map(({ note }) => this.#verified.get(note)?.note ?? this.ownLinesOf(note));
  }

  /** The note with the signatures of the log and of the trust root's witnesses, and no others. */
  ownLinesOf(note: string): string {
    const rules = this.#options.rules();
    const cosigners = rules.trust.witnesses.map(({ vkey }) => vkey);
    return ownLines(note, { log: this.log.vkey, cosigners }, rules);
  }

  async close(): Promise<void> {
    await this.#options.store.close();
  }

  get #isOver(): boolean {
    return this.#failure !== undefined || this.#history.isContradicted;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const note = await this.#options.source.readCheckpoint(signal);
    if (note === undefined) {
      throw new AttestryError(
        'CHECKPOINT_UNPUBLISHED',
        `${this.log.origin} has published no checkpoint yet.`,
      );
    }
    // Also without the quorum it is the log's word, to which the log can be held.
    await this.#history.hold(this.#ownNote(note));
    if (this.#isOver) return;
    const witnessed = await this.#witnessed(note, signal);
    const { size } = witnessed.checkpoint;
    const shown = this.#history.current?.checkpoint.size;
    if (shown !== undefined && size < shown) throw this.#older(size, shown);
    if (size !== shown) await this.#grow(witnessed, signal);
    else await this.#history.renew(witnessed);
    if (!this.#isOver) await this.refusals.file(this.mirror, witnessed);
  }

  async #witnessed(note: string, signal: AbortSignal): Promise<WitnessedCheckpoint> {
    try {
      return verifyWitnessedCheckpoint(note, this.#options.rules());
    } catch (error) {
      // Short of a quorum because each witness was shown another history?
      await this.#examine(this.#history.waiting(), signal);
      throw error;
    }
  }

  async #examine(notes: readonly KnownNote[], signal: AbortSignal): Promise<void> {
    await this.#history.examine(notes, async (note, known) => {
      const checkpoint = { ...note, origin: this.log.origin };
      try {
        const tree = await openServedTree(this.#options.source, checkpoint, signal);
        return await contradictionInTree(tree, note, known);
      } catch (error) {
        if (error instanceof AttestryError) return undefined;
        throw error;
      }
    });
  }

  #older(size: number, shown: number): AttestryError {
    return new AttestryError(
      'CHECKPOINT_STALE',
      `${this.log.origin} shows a checkpoint of ${size} entries after one of ${shown}.`,
      { details: { size, shown } },
    );
  }

  /** The note as this log's own. @throws CHECKPOINT_*, NOTE_MALFORMED */
  #ownNote(note: string): KnownNote {
    const kept = this.#verified.get(note);
    if (kept !== undefined) return kept;
    const own = this.#verifyOwn(note);
    // A line that is left out now, since it is dated ahead of this clock, may be right later.
    if (own.note === note) this.#verified.set(note, own);
    return own;
  }

  #verifyOwn(note: string): KnownNote {
    const { origin } = this.log;
    const { checkpoint } = verifyLogCheckpoint(note, this.#options.rules());
    if (checkpoint.origin === origin) {
      const { size, root } = checkpoint;
      return { size, root, note: this.ownLinesOf(note) };
    }
    throw new AttestryError(
      'CHECKPOINT_ORIGIN_UNKNOWN',
      `Expected a checkpoint of ${origin}, got one of ${checkpoint.origin}.`,
    );
  }

  // The note has been kept by now, so that after a kill the log is still held to what its entries were taken in under.
  async #grow(target: WitnessedCheckpoint, signal: AbortSignal): Promise<void> {
    const note = knownNote(target);
    try {
      if (!(await this.#takeIn(target, signal))) return;
    } catch (error) {
      if (isMismatch(error)) await this.#accuseOfMismatch(note, signal);
      throw error;
    }
    await this.#history.adopt(target);
    this.#options.onCheckpoint(target);
  }

  async #takeIn(target: WitnessedCheckpoint, signal: AbortSignal): Promise<boolean> {
    const { source, rules, onCommitted, log, judgeEntries } = this.#options;
    const { origin } = log;
    const { now } = rules();
    return await growMirror(target.checkpoint.size, {
      mirror: this.mirror,
      source,
      signal,
      tree: openServedTree(source, target.checkpoint, signal),
      continues: (tree) => this.#history.continuesIn(tree, knownNote(target)),
      judge: (entries, from) => judgeEntries(entries, { origin, from, now }),
      keepRefused: (refused) => this.refusals.keep(refused),
      onCommitted: (commit) => {
        this.#mirroredSize = commit.head.size;
        this.#verifiedEntries += commit.entries.length;
        onCommitted(commit);
      },
    });
  }

  async #accuseOfMismatch(target: KnownNote, signal: AbortSignal): Promise<void> {
    const { source, findings, log } = this.#options;
    const evidence = await rootMismatchEvidence(target, { source, mirror: this.mirror, signal });
    if (evidence === undefined) return;
    await findings.file({ origin: log.origin, evidence });
  }

  #take(error: unknown): void {
    const problem = problemOf(error instanceof AttestryError ? error : DEFECT);
    const local = isLocal(problem.code);
    if (local || problem.code === DEFECT.code) this.#options.onDefect(error);
    if (local) this.#failure = problem;
    else this.#problem = problem;
  }
}

const DEFECT: Problem = { code: 'INTERNAL', message: 'A defect of this verifier ended the look.' };

function isMismatch(error: unknown): boolean {
  if (!(error instanceof AttestryError)) return false;
  return error.code === 'ROOT_MISMATCH' || error.code === 'TILE_HASH_MISMATCH';
}
