/** Earlier checkpoints for a dossier: of entries whose keys have ended since, from when witnesses first saw them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type DossierEntry,
  type DossierLog,
  MOST_EARLIER_CHECKPOINTS,
} from '../core/dossier/dossier.ts';
import type { Checkpoint } from '../core/note/checkpoint.ts';
import { verifyKeyStanding } from '../core/statement/standing.ts';
import {
  type VerificationRules,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import type { Mirror } from './mirror.ts';

const ENTRIES_PER_TURN = 128;

type ShownLog = Extract<DossierLog, { checkpoint: string }>;

export interface EarlierOptions {
  readonly mirror: Mirror;
  /** What the entries are shown under. */
  readonly newest: WitnessedCheckpoint;
  readonly rules: VerificationRules;
}

/**
 * The entries, with an earlier sighting each where a key did not count any more when `newest` was witnessed, but did
 * when the mirror's first checkpoint over the entry was. One that covers an entry serves for those before it too.
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
  /** By size; undefined for one that the trust root does not take any more. */
  readonly #verified = new Map<number, WitnessedCheckpoint | undefined>();

  constructor(options: EarlierOptions) {
    this.#options = options;
  }

  /** The checkpoint to show the entry under, if it needs an earlier one and there is one; asked in descending order. */
  async of(entry: DossierEntry): Promise<Checkpoint | undefined> {
    const { newest } = this.#options;
    if (this.#counts(entry, newest)) return undefined;
    const last = this.chosen.at(-1);
    if (last && entry.index < last.checkpoint.size && this.#counts(entry, last)) {
      return last.checkpoint;
    }
    const first = await this.#firstOver(entry.index);
    if (first === undefined || first.witnessedAt >= newest.witnessedAt) return undefined;
    if (!this.#counts(entry, first) || this.chosen.length === MOST_EARLIER_CHECKPOINTS) {
      return undefined;
    }
    this.chosen.push(first);
    return first.checkpoint;
  }

  async #firstOver(index: number): Promise<WitnessedCheckpoint | undefined> {
    const { mirror, rules } = this.#options;
    const kept = await mirror.store.checkpointCovering('witnessed', index);
    if (kept === undefined) return undefined;
    if (!this.#verified.has(kept.size)) {
      const verified = orUndefined(() => verifyWitnessedCheckpoint(kept.note, rules));
      this.#verified.set(kept.size, verified);
    }
    return this.#verified.get(kept.size);
  }

  #counts({ index, envelope }: DossierEntry, { log, witnessedAt }: WitnessedCheckpoint): boolean {
    const seen = { origin: log.origin, index, time: witnessedAt };
    const { trust } = this.#options.rules;
    return orUndefined(() => verifyKeyStanding(envelope.signatures, seen, trust)) !== undefined;
  }
}

/** What `verify` gives; undefined where it refuses. */
function orUndefined<T>(verify: () => T): T | undefined {
  try {
    return verify();
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}
