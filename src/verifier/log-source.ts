/**
 * What a verifier asks the network for. The HTTP side of it is in src/client; a test or a simulation brings its own.
 * Answers are bounded in size and time by whoever implements this; nothing in them is believed.
 */
import type { BundleCoordinate, TileCoordinate } from '../core/merkle/tile-path.ts';

/** One log as c2sp.org/tlog-tiles serves it. All three throw PEER_UNAVAILABLE, RESPONSE_INVALID or RESPONSE_TOO_LARGE. */
export interface LogSource {
  /** The newest checkpoint that the log publishes; undefined while it publishes none. */
  readCheckpoint(signal: AbortSignal): Promise<string | undefined>;
  /** The bytes of a tile; undefined where the log says that it has no such tile. */
  readTile(tile: TileCoordinate, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** The bytes of an entry bundle; undefined where the log says that it has no such bundle. */
  readBundle(bundle: BundleCoordinate, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** The monitoring interface of one witness, c2sp.org/tlog-witness. */
export interface WitnessSource {
  /** As in the trust root. */
  readonly name: string;
  /** The note that the witness cosigned last of a log; undefined if it never cosigned any. @throws like LogSource, COSIGNATURE_* */
  latestSeen(origin: string, signal: AbortSignal): Promise<string | undefined>;
}
