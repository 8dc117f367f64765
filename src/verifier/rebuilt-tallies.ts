/**
 * The tallies of one log that this verifier has rebuilt and found equal: the newest, and the newest that the quorum of
 * verifiers has cosigned. While a log grows they differ, as each verifier cosigns in its own time.
 */
import type { WitnessedCheckpoint } from '../core/trust/quorum.ts';
import type { ProvableView } from '../tally/provable-view.ts';

/** A tally that is as its log says, with what a dossier needs of it. */
export interface VerifiedTally {
  readonly checkpoint: WitnessedCheckpoint;
  /** The tally note with the cosignatures of verifiers, among them this one's. */
  readonly note: string;
  readonly view: ProvableView;
}

export class RebuiltTallies {
  readonly #hasQuorum: (note: string) => boolean;
  #newest: VerifiedTally | undefined;
  #cosigned: VerifiedTally | undefined;

  constructor(hasQuorum: (note: string) => boolean) {
    this.#hasQuorum = hasQuorum;
  }

  get newest(): VerifiedTally | undefined {
    return this.#newest;
  }

  /** The best to rely on first. */
  get list(): readonly VerifiedTally[] {
    const both = [this.#cosigned, this.#newest].filter((tally) => tally !== undefined);
    return [...new Set(both)];
  }

  at(size: number): VerifiedTally | undefined {
    return this.list.find((tally) => sizeOf(tally) === size);
  }

  /** Takes in a newer one, or one that is held with another note; closes what is of no use any more. */
  async put(tally: VerifiedTally): Promise<void> {
    const before = this.list;
    if (this.#newest === undefined || sizeOf(tally) >= sizeOf(this.#newest)) this.#newest = tally;
    const isNewer = this.#cosigned === undefined || sizeOf(tally) >= sizeOf(this.#cosigned);
    if (isNewer && this.#hasQuorum(tally.note)) this.#cosigned = tally;
    const kept = new Set(this.list.map(({ view }) => view));
    for (const { view } of before) if (!kept.has(view)) await view.close();
  }

  async close(): Promise<void> {
    for (const { view } of this.list) await view.close();
  }
}

function sizeOf({ checkpoint }: VerifiedTally): number {
  return checkpoint.checkpoint.size;
}
