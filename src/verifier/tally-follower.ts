/**
 * Rebuilds a log's tally from the mirrored entries, and cosigns the log's tally note only if both are equal. A note that
 * differs becomes a finding; until then it is only not cosigned.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import type { TallyContradiction } from '../core/finding/finding.ts';
import { appendSignatures, rightCosignatures, signCosignature } from '../core/note/cosignature.ts';
import { formatSignatureLine, type NoteSignature, parseNote } from '../core/note/note.ts';
import type { NoteSigner } from '../core/note/vkey.ts';
import { type TallyHead, verifyTallyNote } from '../core/tally/tally-note.ts';
import {
  engineOf,
  type VerificationRules,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import type { TrustedLog } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import { Tally, tallyHead } from '../tally/tally.ts';
import type { TallyPair, TallyStore, TallyView } from '../tally/tally-store.ts';
import type { Findings } from './findings.ts';
import type { Mirror } from './mirror.ts';
import { ownLines } from './own-lines.ts';
import { isLocal, type Problem, problemOf } from './standing.ts';
import { findTallyContradiction } from './tally-contradiction.ts';
import type { TallySource } from './tally-source.ts';

export interface TallyFollowerOptions {
  readonly log: TrustedLog;
  readonly source: TallySource;
  /** The follower closes it. */
  readonly store: TallyStore;
  readonly mirror: Mirror;
  /** Cosigns; a verifier without a key only compares. */
  readonly signer: NoteSigner | undefined;
  readonly findings: Findings;
  readonly rules: () => VerificationRules;
  /** How many of the mirrored entries admission refuses. */
  readonly refusedEntries: () => number;
  /** Told of defects, and of failures of this machine. */
  readonly onDefect: (error: unknown) => void;
}

/** A tally that this verifier has rebuilt and found equal, with what a dossier needs of it. */
export interface VerifiedTally {
  readonly checkpoint: WitnessedCheckpoint;
  /** The tally note with this verifier's cosignature. */
  readonly note: string;
  readonly view: TallyView;
}

interface Claim {
  readonly pair: TallyPair;
  readonly head: TallyHead;
  readonly checkpoint: WitnessedCheckpoint;
}

export class TallyFollower {
  readonly #options: TallyFollowerOptions;
  readonly #tally: Tally;
  #current: VerifiedTally | undefined;
  /** Read from the log, and waiting for the mirror to reach its size. */
  #waiting: Claim | undefined;
  #problem: Problem | undefined;
  /** The wrong note that a finding has been filed for: the search is not repeated at every look. */
  #accused: { readonly text: string; readonly evidence: TallyContradiction } | undefined;

  constructor(options: TallyFollowerOptions) {
    this.#options = options;
    const { store, mirror } = options;
    const readEntries = (start: number, end: number): Promise<Uint8Array[]> =>
      mirror.store.entries(start, end);
    this.#tally = new Tally({ store, readEntries });
    this.#resume();
  }

  get current(): VerifiedTally | undefined {
    return this.#current;
  }

  /** What is wrong with the log's newest tally, or with asking for it. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** One look at the log's tally, with everything that follows from it. */
  async poll(signal: AbortSignal): Promise<void> {
    try {
      this.#waiting ??= await this.#read(signal);
      if (this.#waiting !== undefined) await this.#take(this.#waiting, signal);
      this.#problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#waiting = undefined;
      this.#problem = problemOf(error instanceof AttestryError ? error : DEFECT);
      if (!(error instanceof AttestryError) || isLocal(error.code)) this.#options.onDefect(error);
    }
  }

  async close(): Promise<void> {
    await this.#current?.view.close();
    await this.#options.store.close();
  }

  /** After a restart: what was cosigned last, if the tally still stands there. */
  #resume(): void {
    const { store } = this.#options;
    const pair = store.pair();
    if (pair === undefined) return;
    const claim = this.#verifyKept(pair);
    if (claim?.head.size !== store.state().size) return;
    this.#current = { checkpoint: claim.checkpoint, note: pair.tally, view: store.view() };
  }

  /** Undefined for what the trust root of today does not bear out: the tally is then asked for anew. */
  #verifyKept(pair: TallyPair): Claim | undefined {
    try {
      return this.#verify(pair);
    } catch (error) {
      if (error instanceof AttestryError) return undefined;
      throw error;
    }
  }

  async #read(signal: AbortSignal): Promise<Claim | undefined> {
    const pair = await this.#options.source.readPair(signal);
    return pair && this.#verify(pair);
  }

  #verify(pair: TallyPair): Claim {
    const { log, rules } = this.#options;
    const now = rules();
    const { head } = verifyTallyNote(pair.tally, log.vkey, now.engine);
    const checkpoint = verifyWitnessedCheckpoint(pair.checkpoint, now);
    const { origin, size, root } = checkpoint.checkpoint;
    if (origin !== log.origin || size !== head.size || !bytesEqual(root, head.logRoot)) {
      throw new AttestryError(
        'TALLY_CHECKPOINT_MISMATCH',
        `${log.origin} shows a tally of ${head.size} entries beside a checkpoint of ${size}, or of another root.`,
      );
    }
    return { pair, head, checkpoint };
  }

  async #take(claim: Claim, signal: AbortSignal): Promise<void> {
    const { mirror, store } = this.#options;
    const { size } = claim.head;
    // The log has published more since it was last followed.
    if (size > mirror.head.size) return;
    this.#waiting = undefined;
    const before = this.#current?.checkpoint.checkpoint.size ?? -1;
    if (size < before || size < store.state().size) return;
    if (size === before) return await this.#merge(claim, signal);
    if (!bytesEqual(mirror.rootAt(size), claim.head.logRoot)) {
      throw new AttestryError(
        'ROOT_MISMATCH',
        `${claim.head.origin} signed a tally of another history than its entries.`,
      );
    }
    const state = await this.#tally.grow(size, () => signal.aborted);
    if (state.size !== size) return;
    const own = tallyHead(claim.head.origin, state, claim.head.logRoot);
    if (!sameTally(own, claim.head)) await this.#accuse(claim, signal);
    this.#demandAdmissible();
    await this.#accept(claim, signal);
  }

  /** Equal: cosigned, kept, and handed to the log for others. */
  async #accept(claim: Claim, signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const line = this.#cosign(claim.pair.tally);
    const shown = this.#rightLines(claim.pair.tally);
    const note = line === undefined ? shown : appendSignatures(shown, [line]);
    await store.putPair({ checkpoint: claim.pair.checkpoint, tally: note });
    const before = this.#current;
    this.#current = { checkpoint: claim.checkpoint, note, view: store.view() };
    await before?.view.close();
    if (line !== undefined) await this.#options.source.offerCosignature(line, signal);
  }

  /** The same tally again, perhaps with other verifiers' cosignatures, perhaps still without ours. */
  async #merge({ pair }: Claim, signal: AbortSignal): Promise<void> {
    const current = this.#current as VerifiedTally;
    const shown = parseNote(pair.tally);
    if (shown.text !== parseNote(current.note).text) return;
    const present = new Set(parseNote(current.note).signatures.map(({ name }) => name));
    const added = this.#cosignaturesOn(pair.tally).filter(({ name }) => !present.has(name));
    const note = appendSignatures(current.note, added.map(formatSignatureLine));
    this.#current = { ...current, note };
    const own = this.#options.signer?.vkey.name;
    if (own === undefined || shown.signatures.some(({ name }) => name === own)) return;
    const mine = current.note.split('\n').find((line) => line.startsWith(`— ${own} `));
    if (mine !== undefined) await this.#options.source.offerCosignature(`${mine}\n`, signal);
  }

  /** The note with the log's signature and the verifiers' right ones: a log could add any line, without end. */
  #rightLines(tally: string): string {
    const rules = this.#options.rules();
    const cosigners = rules.trust.verifiers.map(({ vkey }) => vkey);
    return ownLines(tally, { log: this.#options.log.vkey, cosigners }, rules);
  }

  #cosignaturesOn(tally: string): readonly NoteSignature[] {
    const rules = this.#options.rules();
    const witnesses = rules.trust.verifiers.map(({ vkey }) => vkey);
    return rightCosignatures(parseNote(tally), { witnesses, now: rules.now, ...engineOf(rules) });
  }

  #cosign(note: string): string | undefined {
    const { signer, rules } = this.#options;
    return signer && signCosignature(parseNote(note).text, rules().now, signer);
  }

  /** A sum over entries that nobody may believe is right as a sum, and must not get this verifier's name. */
  #demandAdmissible(): void {
    const { log, refusedEntries } = this.#options;
    const refused = refusedEntries();
    if (refused === 0) return;
    throw new AttestryError(
      'ENTRY_INADMISSIBLE',
      `${log.origin} holds ${refused} entries that admission refuses; its tally counts them and is not cosigned.`,
      { details: { refused } },
    );
  }

  async #accuse(claim: Claim, signal: AbortSignal): Promise<never> {
    const { log, findings } = this.#options;
    const { head } = claim;
    const evidence = await this.#evidenceAgainst(claim, signal);
    if (evidence !== undefined) await findings.file({ origin: log.origin, evidence });
    const message = `${log.origin} signed a tally of ${head.size} entries that its entries do not give.`;
    throw new AttestryError('TALLY_CONTRADICTION', message, { details: { size: head.size } });
  }

  /** With whatever cosignatures stand on the note by now: each convicts the verifier that made it. */
  async #evidenceAgainst(
    claim: Claim,
    signal: AbortSignal,
  ): Promise<TallyContradiction | undefined> {
    const { source, mirror, store } = this.#options;
    const tally = this.#rightLines(claim.pair.tally);
    const { text } = parseNote(tally);
    if (this.#accused?.text === text) return { ...this.#accused.evidence, tally };
    const found = await findTallyContradiction(claim, { source, mirror, store, signal });
    if (found === undefined) return undefined;
    this.#accused = { text, evidence: found };
    return { ...found, tally };
  }
}

const DEFECT: Problem = { code: 'INTERNAL', message: 'A defect of this verifier ended the look.' };

function sameTally(a: TallyHead, b: TallyHead): boolean {
  return (
    bytesEqual(a.tallyRoot, b.tallyRoot) &&
    a.count === b.count &&
    a.sums.every((sum, i) => sum === b.sums[i])
  );
}
