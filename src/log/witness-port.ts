/** What a log needs of a witness. The network side of it is in src/client; a test or simulation brings its own. */

export interface WitnessPort {
  readonly name: string;
  readonly url: string;
  /** The witness's verified signature lines on the checkpoint. @throws WITNESS_AHEAD, PEER_UNAVAILABLE and others */
  cosign(request: CosignRequest): Promise<{ readonly lines: string; readonly time: number }>;
  /** The newest checkpoint of this log that the witness has cosigned, or undefined if none. */
  latestSeen(origin: string): Promise<string | undefined>;
}

export interface CosignRequest {
  readonly checkpoint: string;
  /** The size that this witness cosigned last, as far as the log knows; 0 if unknown. */
  readonly oldSize: number;
  readonly proveConsistency: (oldSize: number) => readonly Uint8Array[];
}
