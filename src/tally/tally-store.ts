/** What a tally keeps: its nodes, its head, and the notes about it. Everything in it can be rebuilt from the log. */
import type { Branch, TallyInner, TallyLeaf } from '../core/tally/node.ts';

/** Where a tally stands: the entries of the log that are in it, and its root; undefined root for no leaves. */
export interface TallyState {
  readonly size: number;
  readonly root: Branch | undefined;
}

/** Leaves and nodes that a piece of the log adds. */
export interface TallyCommit extends TallyState {
  readonly leaves: readonly TallyLeaf[];
  readonly inners: readonly TallyInner[];
}

/** A checkpoint of a log, and the tally note of the same size. */
export interface TallyPair {
  readonly checkpoint: string;
  readonly tally: string;
}

/** A tally as it stands, or stood. */
export interface TallyReader {
  /** Size 0 before the first commit. @throws STORE_CORRUPT */
  state(): TallyState;
  /** The inner node of a branch of this tally. @throws STORE_CORRUPT when it is gone or damaged */
  inner(branch: Branch): TallyInner;
  /** The leaf of a branch of this tally. @throws STORE_CORRUPT when it is gone or damaged */
  leaf(branch: Branch): TallyLeaf;
}

/** A tally as it stood at one moment, however it has grown since. */
export interface TallyView extends TallyReader {
  close(): Promise<void>;
}

export interface TallyStore extends TallyReader {
  /** The tally as it stands now, to be proven from while it grows on. */
  view(): TallyView;
  /** All of it in one batch or nothing. Not synced: a power cut takes the tally back to an earlier state, whole. */
  commit(commit: TallyCommit): Promise<void>;
  /** The notes that were published last. @throws STORE_CORRUPT */
  pair(): TallyPair | undefined;
  putPair(pair: TallyPair): Promise<void>;
  /** Forgets everything: the tally is rebuilt from the log. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
