/** What a verifier answers beside its files. None of it is proven: whoever must be sure judges the files. */
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import type { Problem } from '../core/dossier/problem.ts';
import type { ReportedStatement } from '../core/report/report.ts';
import type { Kind } from '../core/statement/statement.ts';
import { AttestryError, type Outcome } from '../errors.ts';

export interface ModelPage {
  readonly models: readonly ListedModel[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

export interface ListedModel {
  /** Hex SHA-256. */
  readonly model: string;
  readonly statements: number;
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
  /** Origins of the logs that say something about it. */
  readonly origins: readonly string[];
}

export interface ModelStatus {
  readonly model: string;
  readonly status: 'attested' | 'withdrawn' | 'unknown';
  /** Of the dossier, as the verifier judges it. */
  readonly outcome: Outcome;
  readonly statements: readonly ReportedStatement[];
  readonly logs: readonly FollowedLog[];
  readonly problems: readonly Problem[];
}

export interface FollowedLog {
  readonly origin: string;
  readonly size: number;
  readonly state: string;
}

export interface NodeList {
  readonly nodes: readonly FollowedLog[];
}

export interface FindingList {
  readonly findings: readonly ListedFinding[];
}

export interface ListedFinding {
  /** Hex SHA-256 of the evidence. */
  readonly id: string;
  /** The log that it is held against. */
  readonly origin: string;
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
