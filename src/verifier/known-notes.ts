/** Checkpoints that a log has signed and that its mirror is too short to compare yet. */
import { bytesEqual } from '../core/bytes/equal.ts';
import type { KnownNote, VerifierStore } from './verifier-store.ts';

/** Notes kept per log. An honest log needs one or two; each is a promise that a dishonest one may be held to. */
const MOST_NOTES = 64;

interface SeenNote extends KnownNote {
  /** Unix seconds. */
  readonly seenAt: number;
}

export interface KnownNotesOptions {
  readonly store: VerifierStore;
  readonly origin: string;
  readonly now: () => number;
}

/** The notes that were kept before. @throws STORE_FAILED, STORE_CORRUPT */
export async function openKnownNotes(options: KnownNotesOptions): Promise<KnownNotes> {
  const { store, origin, now } = options;
  const seenAt = now();
  const notes = await store.notes(origin);
  return new KnownNotes(
    options,
    notes.map((note) => ({ ...note, seenAt })),
  );
}

export class KnownNotes {
  readonly #options: KnownNotesOptions;
  /** In the order in which they were first seen. */
  #notes: readonly SeenNote[];

  constructor(options: KnownNotesOptions, notes: readonly SeenNote[]) {
    this.#options = options;
    this.#notes = notes;
  }

  all(): readonly KnownNote[] {
    return this.#notes;
  }

  /** The largest of those that have been known since `time` or longer. */
  largestSince(time: number): KnownNote | undefined {
    return this.#notes
      .filter(({ seenAt }) => seenAt <= time)
      .reduce<SeenNote | undefined>(
        (largest, note) => (largest === undefined || note.size > largest.size ? note : largest),
        undefined,
      );
  }

  /** Keeps the note, on disk when this resolves. */
  async remember(known: KnownNote): Promise<void> {
    const { store, origin, now } = this.#options;
    const isKnown = this.#notes.some(
      ({ size, root }) => size === known.size && bytesEqual(root, known.root),
    );
    if (isKnown) return;
    this.#notes = [...this.#notes, { ...known, seenAt: now() }];
    await store.putNote(origin, known);
    const surplus = this.#notes.slice(0, -MOST_NOTES);
    this.#notes = this.#notes.slice(surplus.length);
    await store.deleteNotes(origin, surplus);
  }

  /** Lets go of the notes up to this size: they have been compared. */
  async forget(upTo: number): Promise<void> {
    const gone = this.#notes.filter(({ size }) => size <= upTo);
    if (gone.length === 0) return;
    this.#notes = this.#notes.filter(({ size }) => size > upTo);
    await this.#options.store.deleteNotes(this.#options.origin, gone);
  }
}
