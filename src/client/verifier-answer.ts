/** What a verifier answers beside its files. None of it is proven: whoever must be sure judges the files. */
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import type { Report } from '../core/report/report.ts';
import type { Kind } from '../core/statement/statement.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';

export interface ModelPage {
  readonly models: readonly ListedModel[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

export interface ListedModel {
  /** Hex SHA-256. */
  readonly model: string;
  /** As statements name it. */
  readonly names: readonly string[];
  readonly statements: number;
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
  /** Origins of the logs that say something about it. */
  readonly origins: readonly string[];
}

export interface ModelStatus extends Pick<Report, 'outcome' | 'statements' | 'usage' | 'problems'> {
  readonly model: string;
  readonly status: 'attested' | 'withdrawn' | 'unknown';
  readonly logs: readonly FollowedLog[];
}

export interface FollowedLog {
  readonly origin: string;
  readonly region: string;
  /** How the verifier stands with it: `followed` when all is well. */
  readonly state: string;
  /** Entries under the newest verified checkpoint. */
  readonly size: number;
  readonly witnessedAt: string | null;
  /** Why the state is not `followed`. */
  readonly problem: PeerProblem | null;
}

export interface PeerProblem {
  readonly code: AttestryErrorCode;
  readonly message: string;
}

export interface NodeList {
  readonly nodes: readonly (FollowedLog & {
    readonly operator: string;
    readonly url: string;
    readonly mirroredSize: number;
    readonly talliedSize: number;
    readonly verifiedEntries: number;
    readonly refusedEntries: number;
  })[];
  readonly witnesses: readonly HeardParty[];
  /** The other verifiers that it asks. */
  readonly verifiers: readonly HeardParty[];
}

export interface HeardParty {
  readonly name: string;
  readonly operator: string;
  readonly url: string;
  readonly heardAt: string | null;
  readonly problem: PeerProblem | null;
}

export interface FindingList {
  /** The newest first. */
  readonly findings: readonly {
    /** Hex SHA-256 of the evidence. */
    readonly id: string;
    /** The log that it is held against. */
    readonly origin: string;
    readonly kind: string;
    readonly foundAt: string;
    /** The verifier that this one has it from; null where it found it itself. */
    readonly foundBy: string | null;
    /** Names of those that the evidence convicts. */
    readonly accused: readonly string[];
    readonly code: AttestryErrorCode;
    readonly sentence: string;
  }[];
}

/** The answer, if it is a JSON object with these fields at least; what is in them is the verifier's word. @throws RESPONSE_INVALID */
export function parseVerifierAnswer<T extends object>(
  body: Uint8Array,
  fields: readonly (keyof T & string)[],
): T {
  const value = parseObject(body);
  const missing = fields.find((field) => !Object.hasOwn(value, field));
  if (missing === undefined) return value as T;
  throw invalid(`an answer with the field ${missing}`);
}

function parseObject(body: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(body));
  } catch (cause) {
    throw invalid('JSON', cause);
  }
  if (typeof value === 'object' && value !== null) return value;
  throw invalid('a JSON object');
}

function invalid(expected: string, cause?: unknown): AttestryError {
  return new AttestryError('RESPONSE_INVALID', `Expected ${expected} from the verifier.`, {
    cause,
  });
}
