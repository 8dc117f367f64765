/**
 * Rebuilds a log's tally from the mirrored entries, and cosigns the log's tally note only if both are equal. A note that
 * differs becomes a finding; until then it is only not cosigned. It looks at the note that the log offers for cosigning, on
 * which all verifiers meet, and at the newest that enough of them have cosigned.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import type { TallyContradiction, TallySumContradiction } from '../core/finding/finding.ts';
import { appendSignatures, rightCosignatures, signCosignature } from '../core/note/cosignature.ts';
import { formatSignatureLine, type NoteSignature, parseNote } from '../core/note/note.ts';
import type { NoteSigner } from '../core/note/vkey.ts';
import { type TallyHead, verifyTallyNote } from '../core/tally/tally-note.ts';
import {
  countOrganisations,
  engineOf,
  type VerificationRules,
  verifyWitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import type { TrustedLog } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import { ProvableView } from '../tally/provable-view.ts';
import { type FindLeaves, Tally, tallyHead } from '../tally/tally.ts';
import type { TallyPair, TallyStore } from '../tally/tally-store.ts';
import type { Findings } from './findings.ts';
import type { Mirror } from './mirror.ts';
import { ownLines } from './own-lines.ts';
import { RebuiltTallies, type VerifiedTally } from './rebuilt-tallies.ts';
import { isLocal, type Problem, problemOf } from './standing.ts';
import { findTallyContradiction, type SuspectTally, sumEvidence } from './tally-contradiction.ts';
import type { ServedNote, TallySource } from './tally-source.ts';

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

type TallyEvidence = TallyContradiction | TallySumContradiction;

export class TallyFollower {
  readonly #options: TallyFollowerOptions;
  readonly #tally: Tally;
  readonly #rebuilt: RebuiltTallies;
  /** Read from the log, and waiting for the mirror to reach its size. */
  readonly #waiting = new Map<ServedNote, SuspectTally>();
  #problem: Problem | undefined;
  /** The evidence against a wrong note, by its text: the search is not repeated at every look. */
  #accused: { readonly text: string; readonly evidence: TallyEvidence } | undefined;

  constructor(options: TallyFollowerOptions) {
    this.#options = options;
    const { store, mirror } = options;
    const readEntries = (start: number, end: number): Promise<Uint8Array[]> =>
      mirror.store.entries(start, end);
    const findLeaves: FindLeaves = (start, end) => mirror.freshLeaves.between(start, end);
    this.#tally = new Tally({ store, readEntries, findLeaves });
    this.#rebuilt = new RebuiltTallies((note) => this.#hasQuorum(note));
  }

  /** What it has rebuilt and found equal: the newest with the quorum of verifiers first, then the newest. */
  get rebuilt(): readonly VerifiedTally[] {
    return this.#rebuilt.list;
  }

  /** Entries under the newest tally that it has rebuilt and found equal. */
  get size(): number {
    return this.#rebuilt.newest?.checkpoint.checkpoint.size ?? 0;
  }

  /** What is wrong with the log's newest tally, or with asking for it. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** One look at the log's tally, with everything that follows from it. */
  async poll(signal: AbortSignal): Promise<void> {
    try {
      for (const which of ['cosigned', 'offered'] as const) await this.#look(which, signal);
      this.#problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#waiting.clear();
      this.#problem = problemOf(error instanceof AttestryError ? error : DEFECT);
      if (!(error instanceof AttestryError) || isLocal(error.code)) this.#options.onDefect(error);
    }
  }

  async close(): Promise<void> {
    await this.#rebuilt.close();
    await this.#options.store.close();
  }

  /** After a restart: what was cosigned last, if the tally still stands there. To be called once, before the first look. */
  async resume(): Promise<void> {
    const { store } = this.#options;
    const pair = store.pair();
    const claim = pair && this.#verifyKept(pair);
    if (claim?.head.size !== store.state().size) return;
    const { checkpoint } = claim;
    await this.#rebuilt.put({ checkpoint, note: claim.pair.tally, view: this.#view() });
  }

  #hasQuorum(note: string): boolean {
    const rules = this.#options.rules();
    const { verifiers, verifierQuorum } = rules.trust;
    return countOrganisations(parseNote(note), verifiers, rules) >= verifierQuorum;
  }

  #view(): ProvableView {
    return new ProvableView(this.#options.store.view());
  }

  /** Undefined for what the trust root of today does not bear out: the tally is then asked for anew. */
  #verifyKept(pair: TallyPair): SuspectTally | undefined {
    try {
      return this.#verify(pair, 'offered');
    } catch (error) {
      if (error instanceof AttestryError) return undefined;
      throw error;
    }
  }

  async #look(which: ServedNote, signal: AbortSignal): Promise<void> {
    const { mirror, source } = this.#options;
    const served = this.#waiting.get(which) ?? (await source.readPair(which, signal));
    if (served === undefined) return;
    const claim = 'head' in served ? served : this.#verify(served, which);
    // The log has published more since it was last followed.
    if (claim.head.size > mirror.head.size) {
      this.#waiting.set(which, claim);
      return;
    }
    this.#waiting.delete(which);
    await this.#take(claim, signal);
  }

  #verify(pair: TallyPair, which: ServedNote): SuspectTally {
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
    return { pair, which, head, checkpoint };
  }

  async #take(claim: SuspectTally, signal: AbortSignal): Promise<void> {
    const { mirror, store } = this.#options;
    const { size } = claim.head;
    const held = this.#rebuilt.at(size);
    if (held !== undefined && textOf(held.note) === textOf(claim.pair.tally)) {
      return await this.#merge(claim, held, signal);
    }
    if (size < store.state().size) return;
    if (!bytesEqual(mirror.rootAt(size), claim.head.logRoot)) {
      throw new AttestryError(
        'ROOT_MISMATCH',
        `${claim.head.origin} signed a tally of another history than its entries.`,
      );
    }
    const state = await this.#tally.grow(size, () => signal.aborted);
    if (state.size !== size) return;
    const own = tallyHead(claim.head.origin, state, claim.head.logRoot);
    if (!sameTally(own, claim.head)) await this.#accuse(claim, own, signal);
    this.#demandAdmissible();
    await this.#accept(claim, signal);
  }

  /** Equal: cosigned, kept, and handed to the log for others. */
  async #accept({ pair, checkpoint }: SuspectTally, signal: AbortSignal): Promise<void> {
    const line = this.#cosign(pair.tally);
    const shown = this.#rightLines(pair.tally);
    const note = line === undefined ? shown : appendSignatures(shown, [line]);
    await this.#options.store.putPair({ checkpoint: pair.checkpoint, tally: note });
    await this.#rebuilt.put({ checkpoint, note, view: this.#view() });
    if (line !== undefined) await this.#options.source.offerCosignature(line, signal);
  }

  /** The same tally again, perhaps with other verifiers' cosignatures, perhaps still without ours. */
  async #merge({ pair }: SuspectTally, held: VerifiedTally, signal: AbortSignal): Promise<void> {
    const present = new Set(parseNote(held.note).signatures.map(({ name }) => name));
    const added = this.#cosignaturesOn(pair.tally).filter(({ name }) => !present.has(name));
    const note = appendSignatures(held.note, added.map(formatSignatureLine));
    if (added.length > 0) await this.#keep({ ...held, note });
    const own = this.#options.signer?.vkey.name;
    const shown = parseNote(pair.tally).signatures;
    if (own === undefined || shown.some(({ name }) => name === own)) return;
    const mine = note.split('\n').find((line) => line.startsWith(`— ${own} `));
    if (mine !== undefined) await this.#options.source.offerCosignature(`${mine}\n`, signal);
  }

  async #keep(tally: VerifiedTally): Promise<void> {
    const { checkpoint, note } = tally;
    if (checkpoint.checkpoint.size === this.size) {
      await this.#options.store.putPair({ checkpoint: checkpoint.note, tally: note });
    }
    await this.#rebuilt.put(tally);
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
      `${log.origin} holds entries that admission refuses (${refused}); its tally counts them and is not cosigned.`,
      { details: { refused } },
    );
  }

  async #accuse(claim: SuspectTally, own: TallyHead, signal: AbortSignal): Promise<never> {
    const { log, findings } = this.#options;
    const { head } = claim;
    const evidence = await this.#evidenceAgainst(claim, own, signal);
    if (evidence !== undefined) await findings.file({ origin: log.origin, evidence });
    const message = `${log.origin} signed a tally of ${head.size} entries that its entries do not give.`;
    throw new AttestryError('TALLY_CONTRADICTION', message, { details: { size: head.size } });
  }

  /** With whatever cosignatures stand on the note by now: each convicts the verifier that made it. */
  async #evidenceAgainst(
    claim: SuspectTally,
    own: TallyHead,
    signal: AbortSignal,
  ): Promise<TallyEvidence | undefined> {
    const { source, mirror, store } = this.#options;
    const tally = this.#rightLines(claim.pair.tally);
    const text = textOf(tally);
    if (this.#accused?.text !== text) {
      const evidence = bytesEqual(own.tallyRoot, claim.head.tallyRoot)
        ? await sumEvidence(claim, store)
        : await findTallyContradiction(claim, { source, mirror, store, signal });
      if (evidence === undefined) return undefined;
      this.#accused = { text, evidence };
    }
    return { ...this.#accused.evidence, tally };
  }
}

const DEFECT: Problem = { code: 'INTERNAL', message: 'A defect of this verifier ended the look.' };

/** What is signed of a note. */
function textOf(note: string): string {
  return parseNote(note).text;
}

function sameTally(a: TallyHead, b: TallyHead): boolean {
  return (
    bytesEqual(a.tallyRoot, b.tallyRoot) &&
    a.count === b.count &&
    a.sums.every((sum, i) => sum === b.sums[i])
  );
}
