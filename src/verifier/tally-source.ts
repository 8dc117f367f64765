/** What a verifier asks a log about its tally. The HTTP side is in src/client; nothing in the answers is believed. */
import type { TallyPair } from '../tally/tally-store.ts';

export interface ServedTallyProof extends TallyPair {
  readonly proof: Uint8Array;
}

/** The note that the log asks verifiers to cosign, or the newest that enough of them have. */
export type ServedNote = 'offered' | 'cosigned';

/** All three throw PEER_UNAVAILABLE, RESPONSE_INVALID or RESPONSE_TOO_LARGE. */
export interface TallySource {
  /** The tally note and the checkpoint beside it; undefined while the log publishes none. */
  readPair(which: ServedNote, signal: AbortSignal): Promise<TallyPair | undefined>;
  /** The proof of everything about a model, from that note. */
  readProof(
    model: string,
    which: ServedNote,
    signal: AbortSignal,
  ): Promise<ServedTallyProof | undefined>;
  /** Hands a cosignature line in; the log may keep it. */
  offerCosignature(line: string, signal: AbortSignal): Promise<void>;
}
