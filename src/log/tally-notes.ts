/**
 * The notes of a log's tally that are of use: the newest; the one that verifiers are asked to cosign, which stands still until
 * enough of them have, so that they meet on it however fast the log grows; and the newest that their quorum has cosigned.
 */
import { appendSignatures, rightCosignatures } from '../core/note/cosignature.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import { formatSignatureLine, parseNote, parseSignatureLines } from '../core/note/note.ts';
import { countOrganisations } from '../core/trust/quorum.ts';
import type { TrustedWitness } from '../core/trust/trust-root.ts';
import { opensslEngine } from '../keys/openssl-engine.ts';
import type { ProvableView } from '../tally/provable-view.ts';
import type { TallyPair } from '../tally/tally-store.ts';

export type TallyChoice = 'newest' | 'offered' | 'cosigned';

export interface TallyNotesOptions {
  /** Whose cosignatures are kept. */
  readonly verifiers: readonly TrustedWitness[];
  /** Of how many organisations verifiers must have cosigned a note to rely on. */
  readonly quorum: number;
  /** Unix seconds. */
  readonly now: () => number;
  /** Checks signatures on notes; OpenSSL unless told. */
  readonly engine?: SignatureEngine | undefined;
}

/** A checkpoint and the tally note of the same size, with the tally as it stood then. */
export interface HeldNote extends TallyPair {
  readonly size: number;
  readonly view: ProvableView;
}

/** After so long without the quorum a newer note is offered in its place. */
export const OFFERED_SECONDS = 30;

export class TallyNotes {
  readonly #options: TallyNotesOptions;
  readonly #chosen = new Map<TallyChoice, HeldNote>();
  #offeredAt = 0;
  /** Names on each note that are cosignatures of verifiers. */
  readonly #cosigners = new Map<number, Set<string>>();

  constructor(options: TallyNotesOptions) {
    this.#options = options;
  }

  get(choice: TallyChoice): HeldNote | undefined {
    return this.#chosen.get(choice);
  }

  /** Takes a newer note in; closes what is of no use any more. */
  async add(note: HeldNote): Promise<void> {
    this.#cosigners.set(note.size, new Set());
    await this.#replacing(() => this.#chosen.set('newest', note));
  }

  /** Keeps verifiers' cosignatures on the notes that they are for, one of each; gives how many of the lines are such. */
  async cosign(lines: string): Promise<number> {
    const signatures = parseSignatureLines(lines);
    const { now, verifiers, engine = opensslEngine } = this.#options;
    const witnesses = verifiers.map(({ vkey }) => vkey);
    let taken = 0;
    await this.#replacing(() => {
      for (const note of new Set(this.#chosen.values())) {
        const { text } = parseNote(note.tally);
        const right = rightCosignatures({ text, signatures }, { witnesses, now: now(), engine });
        taken += right.length;
        const cosigners = this.#cosigners.get(note.size) as Set<string>;
        // A verifier that signs again with another time must not make the note grow.
        const added = right.filter(({ name }) => !cosigners.has(name));
        for (const { name } of added) cosigners.add(name);
        const tally = appendSignatures(note.tally, added.map(formatSignatureLine));
        this.#replace(note, { ...note, tally });
      }
    });
    return taken;
  }

  async close(): Promise<void> {
    await this.#replacing(() => this.#chosen.clear());
  }

  /** Changes what is chosen, then closes the views that no choice needs. */
  async #replacing(change: () => void): Promise<void> {
    const before = new Map([...this.#chosen.values()].map(({ size, view }) => [size, view]));
    change();
    this.#settle();
    const kept = new Set([...this.#chosen.values()].map(({ size }) => size));
    const closing = [...before].filter(([size]) => !kept.has(size));
    for (const [size] of closing) this.#cosigners.delete(size);
    await Promise.all(closing.map(([, view]) => view.close()));
  }

  #settle(): void {
    const newest = this.#chosen.get('newest');
    if (newest === undefined) return;
    const offered = this.#chosen.get('offered');
    const isOver = this.#options.now() - this.#offeredAt >= OFFERED_SECONDS;
    if (offered === undefined || isOver) this.#offer(newest);
    // Where the quorum is 0 the newest has it at once.
    for (const note of [this.#chosen.get('offered') as HeldNote, newest]) {
      if (!this.#hasQuorum(note)) continue;
      this.#chosen.set('cosigned', note);
      this.#offer(newest);
    }
  }

  #offer(note: HeldNote): void {
    if (this.#chosen.get('offered')?.size === note.size) return;
    this.#chosen.set('offered', note);
    this.#offeredAt = this.#options.now();
  }

  #hasQuorum({ tally }: HeldNote): boolean {
    const { verifiers, quorum, now, engine = opensslEngine } = this.#options;
    const rules = { now: now(), engine };
    return countOrganisations(parseNote(tally), verifiers, rules) >= quorum;
  }

  #replace(before: HeldNote, after: HeldNote): void {
    for (const [choice, note] of this.#chosen) if (note === before) this.#chosen.set(choice, after);
  }
}
