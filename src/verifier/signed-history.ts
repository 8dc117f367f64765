/** Everything that one log has signed, held against one history: the mirror, its newest checkpoint, and what came to be known besides. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { parseNote } from '../core/note/note.ts';
import {
  countedCosignatures,
  type VerificationRules,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import {
  type ContradictingNotes,
  contradictionInTree,
  contradictionWith,
} from './contradiction.ts';
import { CosignedHeads } from './cosigned-heads.ts';
import type { Findings } from './findings.ts';
import { type KnownNotes, openKnownNotes } from './known-notes.ts';
import type { Mirror } from './mirror.ts';
import type { ServedTree } from './served-tree.ts';
import type { KnownNote, VerifierStore } from './verifier-store.ts';

/** Finds which of the known notes excludes `note`, as far as the log serves its tree: unpublished, it need not. */
export type NoteSearch = (
  note: KnownNote,
  known: readonly KnownNote[],
) => Promise<ContradictingNotes | undefined>;

/** Notes beyond the mirror that one look examines. */
const MOST_EXAMINED = 4;
/** Notes of each sort that other verifiers are shown. */
const MOST_SHOWN = 8;

export interface SignedHistoryOptions {
  readonly origin: string;
  readonly mirror: Mirror;
  readonly records: VerifierStore;
  readonly findings: Findings;
  /** The rules of the moment. */
  readonly rules: () => VerificationRules;
}

/** @throws STORE_CORRUPT, STORE_FAILED */
export async function openSignedHistory(options: SignedHistoryOptions): Promise<SignedHistory> {
  const { origin, mirror, records, rules } = options;
  const kept = await mirror.store.latestCheckpoint('witnessed');
  const now = (): number => rules().now;
  const notes = await openKnownNotes({ store: records, origin, now });
  return new SignedHistory(options, notes, kept && witnessedOrNot(kept.note, rules()));
}

/** A contradiction that it comes upon is filed as a finding. */
export class SignedHistory {
  readonly #options: SignedHistoryOptions;
  readonly #notes: KnownNotes;
  readonly #heads = new CosignedHeads();
  /** The newest checkpoints that were mirrored in full since the start, the newest first. */
  #recent: readonly KnownNote[] = [];
  #current: WitnessedCheckpoint | undefined;

  constructor(
    options: SignedHistoryOptions,
    notes: KnownNotes,
    current: WitnessedCheckpoint | undefined,
  ) {
    this.#options = options;
    this.#notes = notes;
    this.#current = current;
    if (current !== undefined) this.#heads.take(current.note, options.rules());
  }

  /** The newest checkpoint that is mirrored in full. */
  get current(): WitnessedCheckpoint | undefined {
    return this.#current;
  }

  /** Whether the log has been found to have signed two histories. */
  get isContradicted(): boolean {
    const { findings, origin } = this.#options;
    return findings.contradictionOf(origin) !== undefined;
  }

  /** The largest checkpoint beyond the mirror that has been known since `time` (unix seconds) or longer. */
  largestSince(time: number): KnownNote | undefined {
    return this.#notes.largestSince(time);
  }

  /** Checkpoints of this log that are known here, for other verifiers: the newest of each sort first. */
  shown(): readonly KnownNote[] {
    const ahead = this.#notes.all().slice(-MOST_SHOWN).reverse();
    const own = this.#current === undefined ? [] : [knownNote(this.#current)];
    return [...own, ...ahead, ...this.#recent];
  }

  /** Holds a note of this log against all that is known; keeps it where the mirror is too short to tell. */
  async hold(seen: KnownNote): Promise<void> {
    await this.#followWitnesses(seen);
    // Kept first: of two that arrive at once, each must find the other.
    if (seen.size > (this.#current?.checkpoint.size ?? 0)) await this.#notes.remember(seen);
    await this.#compare(seen);
  }

  /**
   * Whether the tree behind `target`, as the log serves it, begins with what is mirrored. If not, the log is accused.
   * @throws CONSISTENCY_ROOT_MISMATCH when nothing that it signed proves that, STORE_CORRUPT when it is the mirror's fault
   */
  async continuesIn(tree: ServedTree, target: KnownNote): Promise<boolean> {
    const { mirror, origin } = this.#options;
    const shared = Math.min(tree.size, mirror.head.size);
    if (bytesEqual(await tree.rootAt(shared), mirror.rootAt(shared))) return true;
    mirror.verify();
    const found = await contradictionInTree(tree, target, this.#known());
    if (found === undefined) {
      throw new AttestryError(
        'CONSISTENCY_ROOT_MISMATCH',
        `${origin} shows another history than the ${shared} entries that it served before, under a checkpoint that it no longer serves in full.`,
        { details: { size1: shared, size2: tree.size } },
      );
    }
    await this.#accuse(found);
    return false;
  }

  /** Takes a checkpoint that is mirrored in full as the newest, and holds against it what waited for it. */
  async adopt(target: WitnessedCheckpoint): Promise<void> {
    const { size } = target.checkpoint;
    await this.#options.mirror.store.putCheckpoint('witnessed', size, target.note);
    if (this.#current !== undefined) {
      this.#recent = [knownNote(this.#current), ...this.#recent].slice(0, MOST_SHOWN);
    }
    this.#current = target;
    await this.#settle(size);
  }

  /** Takes the newest checkpoint with later cosignatures. */
  async renew(witnessed: WitnessedCheckpoint): Promise<void> {
    if (witnessed.witnessedAt > (this.#current?.witnessedAt ?? 0)) this.#current = witnessed;
    await this.#settle(witnessed.checkpoint.size);
  }

  /** The notes that the mirror is too short for. */
  waiting(): readonly KnownNote[] {
    const size = this.#current?.checkpoint.size ?? 0;
    return this.#notes.all().filter((note) => note.size > size);
  }

  /** Lets `search` hold those of the notes that still wait against all that is known. */
  async examine(notes: readonly KnownNote[], search: NoteSearch): Promise<void> {
    const waiting = this.waiting().filter((note) => notes.includes(note));
    for (const note of waiting.slice(-MOST_EXAMINED)) {
      const found = await search(note, this.#known());
      if (found !== undefined) return await this.#accuse(found);
    }
  }

  #known(): readonly KnownNote[] {
    const own = this.#current === undefined ? [] : [knownNote(this.#current)];
    return [...own, ...this.#notes.all()];
  }

  async #settle(size: number): Promise<void> {
    for (const note of this.#notes.all()) if (note.size <= size) await this.#compare(note);
    await this.#notes.forget(size);
  }

  async #compare(seen: KnownNote): Promise<void> {
    const found = contradictionWith(seen, {
      mirror: this.#options.mirror,
      current: this.#current && knownNote(this.#current),
      notes: this.#notes.all(),
    });
    if (found !== undefined) await this.#accuse(found);
  }

  /** Files what shows that a witness went back; that says nothing about the log. */
  async #followWitnesses({ note }: KnownNote): Promise<void> {
    const { findings, origin, rules } = this.#options;
    for (const evidence of this.#heads.take(note, rules()))
      await findings.file({ origin, evidence });
  }

  /** Whoever cosigned both sides of a contradiction showed two views as well. */
  async #accuseWitnesses(found: ContradictingNotes): Promise<void> {
    const { findings, origin, rules } = this.#options;
    for (const witness of cosignersOfBoth(found, rules())) {
      const evidence = { ...found.evidence, kind: 'witness-contradiction' as const, witness };
      await findings.file({ origin, evidence });
    }
  }

  async #accuse(found: ContradictingNotes): Promise<void> {
    const { findings, origin } = this.#options;
    const filing = await findings.file({ origin, evidence: found.evidence });
    if (filing !== 'unproven') return await this.#accuseWitnesses(found);
    // The notes are the log's and were compared: only a damaged mirror can have made a proof that does not hold.
    throw new AttestryError(
      'STORE_CORRUPT',
      `The mirror of ${origin} on this machine is damaged: it differs from a checkpoint and proves nothing against it.`,
    );
  }
}

/** The names on both notes. */
function cosignersOfBoth(
  { first, second }: ContradictingNotes,
  rules: VerificationRules,
): readonly string[] {
  const { witnesses } = rules.trust;
  const [one = [], other = []] = [first, second].map(({ note }) =>
    countedCosignatures(parseNote(note), witnesses, rules).map(({ name }) => name),
  );
  return one.filter((name) => other.includes(name));
}

export function knownNote({ checkpoint, note }: WitnessedCheckpoint): KnownNote {
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
