/** Every bound of a log in one place, with the default of each. */

export interface LogLimits {
  /** Entries waiting to be committed before QUEUE_FULL. */
  readonly queuedEntries: number;
  /** Bytes of entries waiting to be committed before QUEUE_FULL. */
  readonly queuedBytes: number;
  /** Entries in one commit. */
  readonly batchEntries: number;
  /** Entries per second that one operator may add; 0 for no limit. */
  readonly operatorEntriesPerSecond: number;
  /** Entries that an operator may add at once after a pause. */
  readonly operatorBurst: number;
  /**
   * Newest entries that are re-hashed before the log starts; the rest follows while it runs. More than LevelDB gathers in
   * memory, so that all are among them that a crash could have kept from their place.
   */
  readonly scrubbedAtStart: number;
  /** Milliseconds between two requests to the witnesses while nothing is added: keeps cosignatures fresh. */
  readonly refreshMs: number;
  /** Milliseconds before a round without quorum is tried again. */
  readonly retryMs: number;
}

export const DEFAULT_LOG_LIMITS: LogLimits = {
  queuedEntries: 20_000,
  queuedBytes: 128 * 1024 * 1024,
  batchEntries: 1_024,
  operatorEntriesPerSecond: 5_000,
  operatorBurst: 10_000,
  scrubbedAtStart: 32_768,
  refreshMs: 10_000,
  retryMs: 1_000,
};
