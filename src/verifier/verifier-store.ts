/** What a verifier keeps beside its mirrors: findings, checkpoints that it cannot compare yet, entries that admission refuses. */
import type { Finding } from '../core/finding/finding.ts';
import type { AttestryErrorCode } from '../errors.ts';
import type { RefusedEntry } from './readmission.ts';

/** What is said of a finding where its evidence is not shown. */
export interface FiledFinding {
  /** Hex SHA-256 of the evidence. */
  readonly id: string;
  readonly origin: string;
  readonly kind: Finding['evidence']['kind'];
  /** RFC 3339. */
  readonly foundAt: string;
  /** The verifier that this one has it from; null where it found it itself. */
  readonly foundBy: string | null;
  /** Names of those that the evidence convicts. */
  readonly accused: readonly string[];
  /** What its evidence proves. */
  readonly code: AttestryErrorCode;
  readonly sentence: string;
  /** The models that it is about; empty where it concerns the whole log. */
  readonly models: readonly string[];
  /** What was done wrong, whichever checkpoint shows it: one finding per origin and wrong. */
  readonly wrong: string;
}

/** A note that the log has signed, kept until the mirror is long enough to compare it. */
export interface KnownNote {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** `pending`: to be filed as a finding. `filed`: there is one. `none`: what is held cannot prove it to others. */
export type EvidenceState = 'pending' | 'filed' | 'none';

export interface RefusedRecord extends RefusedEntry {
  readonly evidence: EvidenceState;
}

/** Each write is synced and whole, or not there. All throw STORE_FAILED, and STORE_CORRUPT for rows that do not decode. */
export interface VerifierStore {
  addFinding(filed: FiledFinding, bytes: Uint8Array): Promise<void>;
  /** The canonical bytes of a finding. */
  findingBytes(id: string): Uint8Array | undefined;
  /** All findings, the oldest first. */
  filedFindings(): Promise<FiledFinding[]>;
  putNote(origin: string, known: KnownNote): Promise<void>;
  deleteNotes(origin: string, notes: readonly KnownNote[]): Promise<void>;
  /** Ascending by size. */
  notes(origin: string): Promise<KnownNote[]>;
  putRefused(origin: string, records: readonly RefusedRecord[]): Promise<void>;
  refusedAt(origin: string, index: number): RefusedRecord | undefined;
  /** Ascending by index. */
  refused(origin: string): AsyncIterable<RefusedRecord>;
  close(): Promise<void>;
}
