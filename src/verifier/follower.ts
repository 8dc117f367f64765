/**
 * Follows one log: reads its checkpoint, holds it against everything that the log has signed before, mirrors and re-admits
 * what is new. Whatever the log does, it changes only what this verifier says about this log.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import {
  type VerificationRules,
  verifyLogCheckpoint,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import type { TrustedLog } from '../core/trust/trust-root.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import type { LogCommit, LogStore } from '../store/log-store.ts';
import {
  type ContradictingNotes,
  contradictionInTree,
  contradictionWith,
} from './contradiction.ts';
import { type Findings, wrongOfContradiction } from './findings.ts';
import { growMirror } from './growth.ts';
import { type KnownNotes, openKnownNotes } from './known-notes.ts';
import type { LogSource } from './log-source.ts';
import { Mirror } from './mirror.ts';
import { openRefusals, type Refusals } from './refusals.ts';
import { rootMismatchEvidence } from './root-mismatch.ts';
import { openServedTree, type ServedTree } from './served-tree.ts';
import type { LogFacts, Problem } from './standing.ts';
import type { KnownNote, VerifierStore } from './verifier-store.ts';

export interface FollowerOptions {
  readonly log: TrustedLog;
  readonly source: LogSource;
  /** Of this log's mirror; the follower closes it. */
  readonly store: LogStore;
  readonly records: VerifierStore;
  readonly findings: Findings;
  /** The rules of the moment. */
  readonly rules: () => VerificationRules;
  readonly onCheckpoint: (checkpoint: WitnessedCheckpoint) => void;
  readonly onCommitted: (commit: LogCommit) => void;
  /** Told of defects: what is neither a log's nor this machine's fault. */
  readonly onDefect: (error: unknown) => void;
}

/** The follower of a log, as far as it came before. @throws STORE_CORRUPT, STORE_FAILED */
export async function openFollower(options: FollowerOptions): Promise<Follower> {
  const { log, store, records, findings, rules } = options;
  const { origin } = log;
  const mirror = new Mirror(store);
  mirror.verify();
  const kept = await store.latestCheckpoint('witnessed');
  return new Follower(options, {
    mirror,
    current: kept && witnessedOrNot(kept.note, rules()),
    notes: await openKnownNotes({ store: records, origin, now: () => rules().now }),
    refusals: await openRefusals({ store: records, findings, origin }),
  });
}

interface FollowerParts {
  readonly mirror: Mirror;
  readonly current: WitnessedCheckpoint | undefined;
  readonly notes: KnownNotes;
  readonly refusals: Refusals;
}

const LOCAL: ReadonlySet<AttestryErrorCode> = new Set([
  'STORE_FAILED',
  'STORE_CORRUPT',
  'STORE_LOCKED',
  'HEAD_CONFLICT',
]);

export class Follower {
  readonly log: TrustedLog;
  readonly mirror: Mirror;
  readonly refusals: Refusals;
  readonly #options: FollowerOptions;
  readonly #notes: KnownNotes;
  #current: WitnessedCheckpoint | undefined;
  #verifiedAt: number | undefined;
  #problem: Problem | undefined;
  #failure: Problem | undefined;
  #verifiedEntries = 0;

  constructor(options: FollowerOptions, { mirror, current, notes, refusals }: FollowerParts) {
    this.#options = options;
    this.log = options.log;
    this.mirror = mirror;
    this.refusals = refusals;
    this.#current = current;
    this.#notes = notes;
  }

  /** Entries verified since the start. */
  get verifiedEntries(): number {
    return this.#verifiedEntries;
  }

  /** What is known of the log; a larger checkpoint counts as withheld once it has been known since `withheldSince`. */
  facts(withheldSince: number): LogFacts {
    const { origin } = this.log;
    return {
      origin,
      current: this.#current,
      verifiedAt: this.#verifiedAt,
      problem: this.#problem,
      failure: this.#failure,
      contradiction: this.#options.findings.contradictionOf(origin),
      withheld: this.#notes.largestSince(withheldSince),
    };
  }

  /** One look at the log, with everything that follows from it. What goes wrong becomes the log's standing. */
  async poll(signal: AbortSignal): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#look(signal);
      this.#problem = undefined;
      this.#verifiedAt = this.#options.rules().now;
    } catch (error) {
      if (!signal.aborted) this.#take(error);
    }
  }

  /** Holds a note that someone else was shown against the log. @throws CHECKPOINT_* when it is not the log's own word */
  async observe(note: string): Promise<void> {
    const seen = this.#ownNote(note);
    if (this.#isOver) return;
    try {
      await this.#compare(seen);
      if (seen.size > (this.#current?.checkpoint.size ?? 0)) await this.#notes.remember(seen);
    } catch (error) {
      this.#take(error);
    }
  }

  async close(): Promise<void> {
    await this.#options.store.close();
  }

  get #isOver(): boolean {
    const { findings, log } = this.#options;
    return this.#failure !== undefined || findings.contradictionOf(log.origin) !== undefined;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const note = await this.#options.source.readCheckpoint(signal);
    if (note === undefined) {
      throw new AttestryError(
        'CHECKPOINT_UNPUBLISHED',
        `${this.log.origin} has published no checkpoint yet.`,
      );
    }
    // Also without the quorum, it is the log's word, to which the log can be held.
    await this.observe(note);
    if (this.#isOver) return;
    const witnessed = verifyWitnessedCheckpoint(note, this.#options.rules());
    this.#refuseOlder(witnessed);
    if (witnessed.checkpoint.size !== this.#current?.checkpoint.size) {
      await this.#grow(witnessed, signal);
    } else if (witnessed.witnessedAt > this.#current.witnessedAt) {
      this.#current = witnessed;
    }
  }

  #refuseOlder({ checkpoint: { size } }: WitnessedCheckpoint): void {
    const shown = this.#current?.checkpoint.size ?? 0;
    if (size >= shown) return;
    throw new AttestryError(
      'CHECKPOINT_STALE',
      `${this.log.origin} shows a checkpoint of ${size} entries after one of ${shown}.`,
      { details: { size, shown } },
    );
  }

  /** The note as this log's own. @throws CHECKPOINT_*, NOTE_MALFORMED */
  #ownNote(note: string): KnownNote {
    const { origin } = this.log;
    const { checkpoint } = verifyLogCheckpoint(note, this.#options.rules());
    if (checkpoint.origin === origin) return { ...checkpoint, note };
    throw new AttestryError(
      'CHECKPOINT_ORIGIN_UNKNOWN',
      `Expected a checkpoint of ${origin}, got one of ${checkpoint.origin}.`,
    );
  }

  async #compare(seen: KnownNote): Promise<void> {
    const found = contradictionWith(seen, {
      mirror: this.mirror,
      current: this.#current && knownNote(this.#current),
      notes: this.#notes.all(),
    });
    if (found !== undefined) await this.#accuse(found);
  }

  async #accuse({ first, second, evidence }: ContradictingNotes): Promise<void> {
    const { findings, log } = this.#options;
    const wrong = wrongOfContradiction(first, second);
    const filing = await findings.file({ origin: log.origin, evidence, wrong });
    if (filing === 'filed') return;
    // The notes are the log's and were compared: only a damaged mirror can have made a proof that does not hold.
    throw new AttestryError(
      'STORE_CORRUPT',
      `The mirror of ${log.origin} on this machine is damaged: it proves nothing against a checkpoint that differs from it.`,
    );
  }

  async #grow(target: WitnessedCheckpoint, signal: AbortSignal): Promise<void> {
    const note = knownNote(target);
    // First, so that after a kill the log is still held to what the entries were taken in under.
    await this.#notes.remember(note);
    try {
      const { source } = this.#options;
      const tree = await openServedTree(source, target.checkpoint, signal);
      if (!(await this.#continues(tree, note))) return;
      await this.#takeIn(tree, signal);
    } catch (error) {
      await this.#accuseOfMismatch(error, note, signal);
      throw error;
    }
    await this.#adopt(target);
  }

  /** Whether the served tree begins with what is mirrored; if not, the log is accused of it. @throws CONSISTENCY_ROOT_MISMATCH */
  async #continues(tree: ServedTree, target: KnownNote): Promise<boolean> {
    const shared = Math.min(tree.size, this.mirror.head.size);
    if (bytesEqual(await tree.rootAt(shared), this.mirror.rootAt(shared))) return true;
    const known = [...(this.#current ? [knownNote(this.#current)] : []), ...this.#notes.all()];
    const found = await contradictionInTree(tree, target, known);
    if (found === undefined) {
      throw new AttestryError(
        'CONSISTENCY_ROOT_MISMATCH',
        `${this.log.origin} shows another history than the ${shared} entries that it served before, under a checkpoint that it no longer serves in full.`,
        { details: { size1: shared, size2: tree.size } },
      );
    }
    await this.#accuse(found);
    return false;
  }

  async #takeIn(tree: ServedTree, signal: AbortSignal): Promise<void> {
    const { source, rules, onCommitted, log } = this.#options;
    const { trust, now } = rules();
    await growMirror(tree, {
      mirror: this.mirror,
      source,
      signal,
      rules: { trust, origin: log.origin, now },
      keepRefused: (refused) => this.refusals.keep(refused),
      onCommitted: (commit) => {
        this.#verifiedEntries += commit.entries.length;
        onCommitted(commit);
      },
    });
  }

  async #adopt(target: WitnessedCheckpoint): Promise<void> {
    const { size } = target.checkpoint;
    await this.#options.store.putCheckpoint('witnessed', size, target.note);
    this.#current = target;
    this.#options.onCheckpoint(target);
    for (const note of this.#notes.all()) if (note.size <= size) await this.#compare(note);
    await this.#notes.forget(size);
    await this.refusals.file(this.mirror, target);
  }

  async #accuseOfMismatch(error: unknown, target: KnownNote, signal: AbortSignal): Promise<void> {
    const isMismatch =
      error instanceof AttestryError &&
      (error.code === 'ROOT_MISMATCH' || error.code === 'TILE_HASH_MISMATCH');
    if (!isMismatch) return;
    const { source, findings, log } = this.#options;
    const evidence = await rootMismatchEvidence(target, { source, mirror: this.mirror, signal });
    if (evidence === undefined) return;
    const wrong = `root ${wrongOfContradiction(target, target)}`;
    await findings.file({ origin: log.origin, evidence, wrong });
  }

  #take(error: unknown): void {
    if (!(error instanceof AttestryError)) {
      this.#options.onDefect(error);
      this.#problem = { code: 'INTERNAL', message: 'A defect of this verifier stopped the look.' };
      return;
    }
    const { code, message } = error;
    if (LOCAL.has(code)) {
      this.#options.onDefect(error);
      this.#failure = { code, message };
    } else this.#problem = { code, message };
  }
}

function knownNote({ checkpoint, note }: WitnessedCheckpoint): KnownNote {
  return { size: checkpoint.size, root: checkpoint.root, note };
}

// Under a trust root that has changed since, a kept checkpoint may no longer do; the next look brings another.
function witnessedOrNot(note: string, rules: VerificationRules): WitnessedCheckpoint | undefined {
  try {
    return verifyWitnessedCheckpoint(note, rules);
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}
