/** Dossiers: everything about ONE model across ALL logs of a trust root, in one file. */
import { AttestryError, type AttestryErrorCode, ERROR_TABLE } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { formatCanonicalJson, type Json, parseCanonicalJson } from '../bytes/json.ts';
import {
  anyText,
  array,
  base64,
  count,
  digest,
  label,
  literal,
  object,
  optional,
  printable,
  type Reader,
  readShape,
  text,
} from '../bytes/shape.ts';
import { type Finding, findingOf } from '../finding/finding.ts';
import { type Envelope, envelopeFields, envelopeOf, fieldsOf } from '../statement/envelope.ts';
import { type UsageRange, usageRange } from '../tally/questions.ts';
import type { EarlierCheckpoint, EarlierSighting } from './earlier.ts';
import type { DossierTally } from './verify-tally.ts';

export const DOSSIER_TYPE = 'attestry/dossier';
export const LARGEST_DOSSIER_BYTES = 256 * 1024 * 1024;
/** Of one log; one is enough for all that a key signed before it ended. */
export const MOST_EARLIER_CHECKPOINTS = 256;

export interface Dossier {
  /** Hex SHA-256. */
  readonly model: string;
  /** Usage is summed over this stretch of time; without it every usage statement is listed. */
  readonly range?: UsageRange;
  readonly logs: readonly DossierLog[];
  /** What is held against logs of this dossier. */
  readonly findings: readonly Finding[];
}

/** What one log says about the model: entries under one checkpoint, or why there is nothing to show. */
export type DossierLog =
  | {
      readonly origin: string;
      readonly checkpoint: string;
      /** In ascending order of size: those that entries name, and absent where none does. */
      readonly earlier?: readonly EarlierCheckpoint[];
      /** Without the usage statements where the dossier sums them. */
      readonly entries: readonly DossierEntry[];
      /** Proves the entries to be all; absent where the log has none yet. */
      readonly tally?: DossierTally;
      /** Why the verifier brings no tally of the log: its word, like every reason. */
      readonly untallied?: MissingLog;
    }
  | { readonly origin: string; readonly missing: MissingLog };

export interface DossierEntry {
  readonly index: number;
  readonly envelope: Envelope;
  /** Inclusion proof under the log's checkpoint. */
  readonly proof: readonly Uint8Array[];
  /** Where a key that signed has ended before the log's checkpoint was witnessed. */
  readonly earlier?: EarlierSighting;
}

export interface MissingLog {
  readonly code: AttestryErrorCode;
  /** Printable text; what is not is written as question marks. */
  readonly message: string;
}

const LONGEST_MESSAGE = 1024;
const missingCode: Reader<AttestryErrorCode> = literal(
  ...(Object.keys(ERROR_TABLE) as AttestryErrorCode[]),
);

const proof = array(base64, { max: 63 });

const dossierEntry = object({
  index: count,
  envelope: envelopeFields,
  proof,
  earlier: optional(object({ size: count, proof })),
});

const dossierLog = object({
  origin: label,
  checkpoint: optional(anyText),
  earlier: optional(
    array(object({ checkpoint: anyText, proof }), { min: 1, max: MOST_EARLIER_CHECKPOINTS }),
  ),
  entries: optional(array(dossierEntry, { max: 10_000_000 })),
  tally: optional(object<DossierTally>({ note: anyText, proof: base64 })),
  untallied: optional(object<MissingLog>({ code: missingCode, message: text(LONGEST_MESSAGE) })),
  missing: optional(object<MissingLog>({ code: missingCode, message: text(LONGEST_MESSAGE) })),
});

const dossierFile = object({
  findings: array((value: Json | undefined): Json => value ?? null, { max: 1000 }),
  logs: array(dossierLog, { max: 256 }),
  model: digest,
  range: optional(usageRange),
  type: literal(DOSSIER_TYPE),
  version: literal(1),
});

/** @throws INPUT_TOO_LARGE, JSON_*, DOSSIER_MALFORMED, USAGE_RANGE_INVALID, FINDING_MALFORMED, ENVELOPE_* */
export function parseDossier(bytes: Uint8Array): Dossier {
  if (bytes.length > LARGEST_DOSSIER_BYTES) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected a dossier of at most ${LARGEST_DOSSIER_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  const file = readShape('DOSSIER_MALFORMED', dossierFile, parseCanonicalJson(bytes));
  return {
    model: file.model,
    ...(file.range === undefined ? {} : { range: file.range }),
    logs: file.logs.map(openLog),
    findings: file.findings.map(findingOf),
  };
}

/** RFC 8785 bytes. */
export function formatDossier(dossier: Dossier): Uint8Array {
  return formatCanonicalJson({
    findings: dossier.findings.map((finding) => ({
      ...finding,
      type: 'attestry/finding',
      version: 1,
    })),
    logs: dossier.logs.map(closeLog),
    model: dossier.model,
    ...(dossier.range === undefined ? {} : { range: dossier.range }),
    type: DOSSIER_TYPE,
    version: 1,
  });
}

function openLog(log: ReturnType<typeof dossierLog>): DossierLog {
  const { origin, checkpoint, earlier, entries, tally, untallied, missing } = log;
  const shown = [checkpoint, earlier, entries, tally, untallied];
  const nothing = shown.every((part) => part === undefined);
  if (missing !== undefined && nothing) {
    return { origin, missing };
  }
  if (missing !== undefined || checkpoint === undefined || entries === undefined) {
    throw new AttestryError(
      'DOSSIER_MALFORMED',
      `Expected either a checkpoint with entries or the reason why ${origin} is missing.`,
    );
  }
  if (tally !== undefined && untallied !== undefined) {
    throw new AttestryError(
      'DOSSIER_MALFORMED',
      `Expected either a tally of ${origin} or the reason why there is none.`,
    );
  }
  return {
    origin,
    checkpoint,
    ...(earlier === undefined ? {} : { earlier: earlier.map(openProof) }),
    entries: entries.map(({ envelope, earlier: seen, ...entry }) => ({
      ...openProof(entry),
      envelope: envelopeOf(envelope),
      ...(seen === undefined ? {} : { earlier: openProof(seen) }),
    })),
    ...(tally === undefined ? {} : { tally }),
    ...(untallied === undefined ? {} : { untallied }),
  };
}

function closeLog(log: DossierLog): unknown {
  if ('missing' in log) return { origin: log.origin, missing: closeReason(log.missing) };
  const { untallied, earlier, ...shown } = log;
  return {
    ...shown,
    ...(untallied === undefined ? {} : { untallied: closeReason(untallied) }),
    ...(earlier === undefined ? {} : { earlier: earlier.map(closeProof) }),
    entries: log.entries.map(({ envelope, earlier: seen, ...entry }) => ({
      ...closeProof(entry),
      envelope: fieldsOf(envelope),
      ...(seen === undefined ? {} : { earlier: closeProof(seen) }),
    })),
  };
}

/** The same with the hashes of its proof as bytes. */
function openProof<T extends { readonly proof: readonly string[] }>(
  part: T,
): Omit<T, 'proof'> & { readonly proof: readonly Uint8Array[] } {
  return { ...part, proof: part.proof.map(decodeBase64) };
}

/** The same with the hashes of its proof as base64. */
function closeProof<T extends { readonly proof: readonly Uint8Array[] }>(
  part: T,
): Omit<T, 'proof'> & { readonly proof: readonly string[] } {
  return { ...part, proof: part.proof.map(encodeBase64) };
}

function closeReason({ code, message }: MissingLog): MissingLog {
  return { code, message: printable(message, LONGEST_MESSAGE) };
}
