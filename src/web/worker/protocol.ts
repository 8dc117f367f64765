/** What the page asks its worker, and what comes back. Plain data only: it is copied from one thread to the other. */
import type { Report, ReportedLog } from '../../core/report/report.ts';
import type { UsageRange } from '../../core/tally/questions.ts';

/** A file to hash, under its path within the model. */
export interface PickedFile {
  readonly path: string;
  readonly file: Blob;
}

export interface PickedModel {
  readonly form: 'file' | 'folder';
  readonly name: string;
  readonly files: readonly PickedFile[];
}

/** A model in hand, by its digests. */
export interface HashedModel {
  readonly form: PickedModel['form'];
  readonly name: string;
  readonly bytes: number;
  /** Hex: of the file, or the OMS root of the folder. */
  readonly sha256: string;
  readonly files: readonly { readonly name: string; readonly digest: string }[];
}

/** What a trust root says, for people to look at. */
export interface TrustView {
  readonly digest: string;
  readonly version: number;
  /** From then on nothing is VALID by it. */
  readonly expires: string;
  readonly logs: readonly TrustedParty[];
  readonly witnesses: readonly TrustedParty[];
  readonly witnessQuorum: number;
  /** Dishonest witnesses that the quorum withstands. */
  readonly tolerance: number;
  readonly verifiers: readonly TrustedParty[];
  readonly verifierQuorum: number;
}

export interface TrustedParty {
  readonly name: string;
  readonly operator: string;
  /** Of a log. */
  readonly region?: string;
}

export interface JudgeRequest {
  readonly bytes: Uint8Array;
  /** Digest of a trust root that the worker has been given. */
  readonly trust: string;
  /** Seconds since the quorum saw a checkpoint after which it counts as stale. Default: it never does. */
  readonly maxAge?: number;
  readonly model?: HashedModel;
  /** What a server was asked for: anything else is no answer. */
  readonly asked?: { readonly model: string; readonly range: UsageRange | null };
}

/** A report without its statements, which are asked for in parts. */
export interface Judgement {
  /** Names the judged file to the worker. */
  readonly handle: number;
  readonly report: Omit<Report, 'statements'>;
  readonly statements: number;
  /** As verified statements name the model. */
  readonly names: readonly string[];
  readonly bytes: number;
  readonly logsTrusted: number;
}

/** Checkpoints that stand alone. */
export interface CheckRequest extends Pick<JudgeRequest, 'trust' | 'maxAge'> {
  readonly notes: readonly string[];
}

export type Row = Report['statements'][number];

/** One step up the tree: the sibling's side and hash, and what both give. */
export interface PathStep {
  readonly side: 'left' | 'right';
  readonly sibling: string;
  readonly parent: string;
}

/** How one statement is proven. */
export interface ProofView {
  readonly origin: string;
  readonly index: number;
  readonly size: number;
  readonly leaf: string;
  readonly path: readonly PathStep[];
  readonly root: string;
  /** The signed note, verbatim. */
  readonly checkpoint: string;
  readonly cosignatures: ReportedLog['witnesses'];
  readonly keyIds: readonly string[];
  /** The statement and its envelope, as JSON to read. */
  readonly statement: string;
  readonly envelope: string;
}

/** What a log's tally note and checkpoint say, verbatim. */
export interface LogNotes {
  readonly checkpoint: string;
  readonly tally: string | null;
}

/** A checkpoint that holds, or why it does not. */
export type CheckedNote =
  | { readonly log: ReportedLog; readonly problem?: undefined }
  | { readonly log?: undefined; readonly problem: Refusal };

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

export type FileKind = 'trust-root' | 'receipt' | 'dossier' | 'finding' | 'other';

/** Everything that the worker does: what it takes and what it gives. */
export interface Tasks {
  trust(bytes: Uint8Array): TrustView;
  kind(bytes: Uint8Array): FileKind;
  hash(model: PickedModel): Promise<HashedModel>;
  judge(request: JudgeRequest): Promise<Judgement>;
  rows(part: {
    readonly handle: number;
    readonly from: number;
    readonly to: number;
  }): readonly Row[];
  proof(of: {
    readonly handle: number;
    readonly origin: string;
    readonly index: number;
  }): ProofView;
  notes(of: { readonly handle: number; readonly origin: string }): LogNotes;
  check(request: CheckRequest): readonly CheckedNote[];
  csv(handle: number): string;
  bytes(handle: number): Uint8Array;
  forget(handle: number): void;
}

export type TaskName = keyof Tasks;
export type Input<K extends TaskName> = Parameters<Tasks[K]>[0];
export type Output<K extends TaskName> = Awaited<ReturnType<Tasks[K]>>;

export interface Call {
  readonly id: number;
  readonly task: TaskName;
  readonly input: unknown;
}

export type Reply =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly refusal: Refusal }
  | { readonly id: number; readonly done: number; readonly total: number };
