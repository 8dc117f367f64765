/** What a witness keeps: for each log, the one checkpoint that it cosigned last. */

export interface WitnessState {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Unix seconds of the cosignature. */
  readonly time: number;
  /** The checkpoint with the log's signatures that verified and this witness's cosignature. */
  readonly note: string;
}

/**
 * A store promises two things: when `put` has resolved, the state survives a kill and a power cut; and `readAll` gives
 * for every log the state that was put last, or throws. Forgetting a state would let a witness sign a second history.
 */
export interface WitnessStore {
  /** The state of every log. @throws STORE_CORRUPT, STORE_FAILED, HEAD_ROLLBACK, HEAD_FORK, HEAD_MALFORMED */
  readAll(): Promise<readonly WitnessState[]>;
  /** Replaces the state of its log. After STORE_FAILED it is unknown which of the two is stored. */
  put(state: WitnessState): Promise<void>;
  /** Waits for writes under way, then lets go of what it holds. */
  close(): Promise<void>;
}

/** A store for tests and simulations; it forgets everything when the process ends. */
export function openMemoryWitnessStore(states: readonly WitnessState[] = []): WitnessStore {
  const byOrigin = new Map(states.map((state) => [state.origin, state]));
  return {
    readAll: async () => [...byOrigin.values()],
    put: async (state) => {
      byOrigin.set(state.origin, state);
    },
    close: async () => {},
  };
}
