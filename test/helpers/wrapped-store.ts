import type { LogStore } from '../../src/store/log-store.ts';

/** The store with some of its operations replaced: disks that lie, fail or are slow. */
export function wrapStore(store: LogStore, changes: Partial<LogStore>): LogStore {
  return {
    head: () => store.head(),
    unkept: () => store.unkept(),
    commit: (commit) => store.commit(commit),
    entry: (index) => store.entry(index),
    entries: (start, end) => store.entries(start, end),
    entriesSync: (start, end) => store.entriesSync(start, end),
    bundlePieces: (start, end) => store.bundlePieces(start, end),
    bundlePiecesSync: (start, end) => store.bundlePiecesSync(start, end),
    tile: (level, index) => store.tile(level, index),
    middle: (index) => store.middle(index),
    ready: () => store.ready(),
    indexOf: (entryHash) => store.indexOf(entryHash),
    misplaced: (oneIn) => store.misplaced(oneIn),
    stream: (key) => store.stream(key),
    streams: () => store.streams(),
    mentions: (model, from, limit) => store.mentions(model, from, limit),
    models: (from, limit) => store.models(from, limit),
    putCheckpoint: (state, size, note) => store.putCheckpoint(state, size, note),
    checkpointCovering: (state, index) => store.checkpointCovering(state, index),
    checkpoints: (state) => store.checkpoints(state),
    latestCheckpoint: (state) => store.latestCheckpoint(state),
    close: () => store.close(),
    ...changes,
  };
}

/** The bytes with one bit turned. */
export function flipBit(bytes: Uint8Array, bit = 0): Uint8Array {
  const flipped = bytes.slice();
  const at = bit >> 3;
  flipped[at] = (flipped[at] as number) ^ (1 << (bit & 7));
  return flipped;
}

/** A gate that holds whoever waits at it until it is opened. */
export class Gate {
  #open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  /** How many have come to it. */
  arrived = 0;

  pass(): Promise<void> {
    this.arrived++;
    return this.#opened;
  }

  open(): void {
    this.#open();
  }
}
