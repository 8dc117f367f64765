/** What a verifier asks another one. The HTTP side is in src/client; nothing in the answers is believed. */

export interface ListedFinding {
  /** Hex SHA-256 of the evidence. */
  readonly id: string;
  /** The log that it concerns. */
  readonly origin: string;
}

/** All three throw PEER_UNAVAILABLE, RESPONSE_INVALID or RESPONSE_TOO_LARGE. */
export interface PeerSource {
  /** Notes of checkpoints that it knows of the log; none if it does not follow the log. */
  checkpoints(origin: string, signal: AbortSignal): Promise<readonly string[]>;
  /** What it has found, the newest first. */
  findings(signal: AbortSignal): Promise<readonly ListedFinding[]>;
  /** The bytes of a finding; undefined if it has none of this id. */
  finding(id: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}
