/** Earlier checkpoints for a dossier: of entries whose keys have ended since, from when witnesses first saw them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type DossierEntry,
  type DossierLog,
  MOST_EARLIER_CHECKPOINTS,
} from '../core/dossier/dossier.ts';
import type { Checkpoint } from '../core/note/checkpoint.ts';
import { verifyKeyStanding } from '../core/statement/standing.ts';
import type { WitnessedCheckpoint } from '../core/trust/quorum.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import type { FirstSightings } from './first-sightings.ts';
import type { Mirror } from './mirror.ts';

const ENTRIES_PER_TURN = 128;
/** Receipts that the log is asked for, for one dossier: one is enough for all that a key signed before it ended. */
const MOST_ASKED = 16;

type ShownLog = Extract<DossierLog, { checkpoint: string }>;

export interface EarlierOptions {
  readonly mirror: Mirror;
  /** What the entries are shown under. */
  readonly newest: WitnessedCheckpoint;
  readonly trust: TrustRoot;
  readonly first: FirstSightings;
}

/**
 * The entries, with an earlier sighting each where a key did not count any more when `newest` was witnessed, but did
 * when they first saw the entry. One checkpoint that covers an entry serves for those before it too.
 */
export async function withEarlierSightings(
  entries: readonly DossierEntry[],
  options: EarlierOptions,
): Promise<Pick<ShownLog, 'earlier' | 'entries'>> {
  const { mirror, newest } = options;
  const sightings = new EarlierSightings(options);
  const shown: DossierEntry[] = [];
  for (const entry of entries.toReversed()) {
    if (shown.length % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await nextTurn();
    const seen = await sightings.of(entry);
    const earlier = seen && {
      size: seen.size,
      proof: mirror.prove(entry.index, seen).proof,
    };
    shown.push(earlier === undefined ? entry : { ...entry, earlier });
  }
  const earlier = sightings.chosen.toReversed().map(({ note, checkpoint }) => ({
    checkpoint: note,
    proof: mirror.proofBetween(checkpoint.size, newest.checkpoint.size),
  }));
  return { ...(earlier.length === 0 ? {} : { earlier }), entries: shown.toReversed() };
}

class EarlierSightings {
  /** In descending order. */
  readonly chosen: WitnessedCheckpoint[] = [];
  readonly #options: EarlierOptions;
  #asked = 0;

  constructor(options: EarlierOptions) {
    this.#options = options;
  }

  /** The checkpoint to show the entry under, if it needs an earlier one and there is one; asked in descending order. */
  async of(entry: DossierEntry): Promise<Checkpoint | undefined> {
    if (this.#counts(entry, this.#options.newest)) return undefined;
    const last = this.chosen.at(-1);
    if (last && entry.index < last.checkpoint.size && this.#counts(entry, last)) {
      return last.checkpoint;
    }
    const found = await this.#find(entry);
    if (found !== undefined) this.chosen.push(found);
    return found?.checkpoint;
  }

  async #find(entry: DossierEntry): Promise<WitnessedCheckpoint | undefined> {
    const { first } = this.#options;
    if (this.chosen.length === MOST_EARLIER_CHECKPOINTS) return undefined;
    const mirrored = await first.mirrored(entry.index);
    if (mirrored && this.#isOfUse(entry, mirrored)) return mirrored;
    if (this.#asked === MOST_ASKED) return undefined;
    this.#asked += 1;
    const received = await first.received(entry.index);
    return received && this.#isOfUse(entry, received) ? received : undefined;
  }

  #isOfUse(entry: DossierEntry, seen: WitnessedCheckpoint): boolean {
    const { newest } = this.#options;
    const { size } = seen.checkpoint;
    const isBefore = seen.witnessedAt < newest.witnessedAt && size <= newest.checkpoint.size;
    const isNext = size < (this.chosen.at(-1)?.checkpoint.size ?? Number.POSITIVE_INFINITY);
    return isBefore && isNext && entry.index < size && this.#counts(entry, seen);
  }

  #counts({ index, envelope }: DossierEntry, { log, witnessedAt }: WitnessedCheckpoint): boolean {
    const seen = { origin: log.origin, index, time: witnessedAt };
    try {
      verifyKeyStanding(envelope.signatures, seen, this.#options.trust);
      return true;
    } catch (error) {
      if (error instanceof AttestryError) return false;
      throw error;
    }
  }
}
