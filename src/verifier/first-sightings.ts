/** When witnesses first saw the entries of a log, as far as this verifier can show it: by its mirror, or by the log's receipts. */
import { LRUCache } from 'lru-cache';
import { bytesEqual } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { leafHash } from '../core/merkle/hash.ts';
import { parseReceipt } from '../core/receipt/receipt.ts';
import {
  type VerificationRules,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import type { Follower } from './follower.ts';

/** The receipts that a log gives out. */
export interface ReceiptSource {
  /**
   * The receipt of an entry, by its hash in hex, under the first checkpoint that witnesses had cosigned; undefined where
   * the log has none. @throws PEER_UNAVAILABLE, RESPONSE_INVALID, RESPONSE_TOO_LARGE
   */
  readReceipt(entryHash: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

export interface FirstSightingsOptions {
  readonly follower: Follower;
  /** The rules of the moment. */
  readonly rules: () => VerificationRules;
  /** Undefined where nobody is to be asked. */
  readonly source: ReceiptSource | undefined;
}

/** Somebody waits for the dossier, and one log must not hold it up for all. */
const PATIENCE_MS = 3_000;
const SILENCE_SECONDS = 15;
const MOST_KEPT = 512;

/** In a wrapper, since it is kept as well that there is none. */
interface Kept {
  readonly checkpoint: WitnessedCheckpoint | undefined;
}

export class FirstSightings {
  readonly #options: FirstSightingsOptions;
  /** By size. */
  readonly #mirrored = new LRUCache<number, Kept>({ max: MOST_KEPT });
  /** By index. */
  readonly #received = new LRUCache<number, Kept>({ max: MOST_KEPT });
  /** Unix seconds: until then a log that did not answer is not asked again. */
  #silentUntil = 0;

  constructor(options: FirstSightingsOptions) {
    this.#options = options;
  }

  /** The first checkpoint of the mirror that covers the entry, if the trust root still takes it. */
  async mirrored(index: number): Promise<WitnessedCheckpoint | undefined> {
    const { follower, rules } = this.#options;
    const kept = await follower.mirror.store.checkpointCovering('witnessed', index);
    if (kept === undefined) return undefined;
    const known = this.#mirrored.get(kept.size) ?? {
      checkpoint: orUndefined(() => verifyWitnessedCheckpoint(kept.note, rules())),
    };
    this.#mirrored.set(kept.size, known);
    return known.checkpoint;
  }

  /** The checkpoint of the log's own receipt for the entry, for what the mirror took in later; the log is held to it. */
  async received(index: number): Promise<WitnessedCheckpoint | undefined> {
    const { source, follower, rules } = this.#options;
    const known = this.#received.get(index);
    const entry = follower.mirror.store.entry(index);
    if (known !== undefined || source === undefined || entry === undefined) {
      return known?.checkpoint;
    }
    const { now } = rules();
    if (now < this.#silentUntil) return undefined;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const bytes = await source.readReceipt(encodeHex(leafHash(entry)), signal);
      const checkpoint = bytes && (await this.#accepted(bytes));
      this.#received.set(index, { checkpoint });
      return checkpoint;
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      this.#silentUntil = now + SILENCE_SECONDS;
      return undefined;
    }
  }

  /** The receipt's checkpoint, if it is a witnessed one of the very tree that is mirrored. */
  async #accepted(bytes: Uint8Array): Promise<WitnessedCheckpoint | undefined> {
    const { follower, rules } = this.#options;
    const { mirror } = follower;
    // A note of another log has no line that is this one's own.
    const witnessed = orUndefined(() =>
      verifyWitnessedCheckpoint(follower.ownLinesOf(parseReceipt(bytes).proof.checkpoint), rules()),
    );
    if (witnessed === undefined) return undefined;
    await follower.observe(witnessed.note);
    const { size, root } = witnessed.checkpoint;
    const isMirrored = size <= mirror.head.size && bytesEqual(root, mirror.rootAt(size));
    return isMirrored ? witnessed : undefined;
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
