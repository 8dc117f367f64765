/** Findings: something wrong that a verifier discovered, with the evidence that proves it to anyone offline. */
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { formatCanonicalJson, type Json, parseCanonicalJson } from '../bytes/json.ts';
import {
  anyText,
  array,
  base64,
  count,
  label,
  literal,
  object,
  type Reader,
  readShape,
  time,
} from '../bytes/shape.ts';
import { sha256 } from '../merkle/hash.ts';

export const FINDING_TYPE = 'attestry/finding';

/** Two checkpoints signed by one log of which no single history exists. */
export interface ExclusiveNotes {
  /** The note of the smaller tree. */
  readonly first: string;
  /** The note of the tree that is larger or of equal size. */
  readonly second: string;
  /** Root that the second tree has at the first one's size: proven by `proof`, and not what the first one signed. */
  readonly rootAtFirst: string;
  /** Consistency proof from `rootAtFirst` to the second; empty for equal sizes. */
  readonly proof: readonly string[];
}

export interface Contradiction extends ExclusiveNotes {
  readonly kind: 'checkpoint-contradiction';
}

/** Two such checkpoints that one witness has cosigned. */
export interface WitnessContradiction extends ExclusiveNotes {
  readonly kind: 'witness-contradiction';
  /** Its name in the trust root. */
  readonly witness: string;
}

/** A witness cosigned a smaller tree after a larger one. */
export interface WitnessRollback {
  readonly kind: 'witness-rollback';
  readonly witness: string;
  /** The note of the smaller tree, cosigned later. */
  readonly first: string;
  readonly second: string;
}

/** A log's checkpoint commits to an entry that admission must refuse. */
export interface Inadmissible {
  readonly kind: 'entry-inadmissible';
  /** The note under which the entries stand. */
  readonly checkpoint: string;
  /** Why the last of `entries` is refused: an error code of admission. */
  readonly code: string;
  /** The inadmissible entry last; before it, in order, the entries that its meter's stream is judged by. */
  readonly entries: readonly {
    readonly index: number;
    readonly entry: string;
    readonly proof: readonly string[];
  }[];
}

/**
 * A log's checkpoint whose root the served hashes do not give. That the log served them is the verifier's word: anyone
 * can check that the hashes miss the root, not who sent them.
 */
export interface RootMismatch {
  readonly kind: 'root-mismatch';
  readonly checkpoint: string;
  /** Compact range of the tree up to where the verifier had followed, largest subtree first. */
  readonly frontierSize: number;
  readonly frontier: readonly string[];
  /** The leaf hashes that were served from there on. */
  readonly leafHashes: readonly string[];
}

/** A log's tally note that says something else under one key than the entry at that key's index gives. */
export interface TallyContradiction {
  readonly kind: 'tally-contradiction';
  readonly checkpoint: string;
  /** The tally note of the same entries. */
  readonly tally: string;
  /** Base64 of the 45 bytes. */
  readonly key: string;
  /** Tally proof, in base64, of what the tally holds under this one key. */
  readonly proof: string;
  /** Base64 of the entry at the key's index, and its inclusion proof under the checkpoint. */
  readonly entry: string;
  readonly inclusion: readonly string[];
}

/** A log's tally note whose count or sums are not those that its own tally root commits to. */
export interface TallySumContradiction {
  readonly kind: 'tally-sum-contradiction';
  readonly tally: string;
  /** Tally proof, in base64, of the totals of the whole tally. */
  readonly proof: string;
}

export type Evidence =
  | Contradiction
  | Inadmissible
  | RootMismatch
  | TallyContradiction
  | TallySumContradiction
  | WitnessContradiction
  | WitnessRollback;

export const FINDING_KINDS = [
  'checkpoint-contradiction',
  'entry-inadmissible',
  'root-mismatch',
  'tally-contradiction',
  'tally-sum-contradiction',
  'witness-contradiction',
  'witness-rollback',
] as const satisfies readonly Evidence['kind'][];

export interface Finding {
  readonly origin: string;
  /** RFC 3339: when the verifier found it. */
  readonly foundAt: string;
  readonly evidence: Evidence;
}

const hashes = array(base64, { max: 63 });

const exclusiveNotes = {
  first: anyText,
  second: anyText,
  rootAtFirst: base64,
  proof: hashes,
};

const readers: { readonly [K in Evidence['kind']]: Reader<Extract<Evidence, { kind: K }>> } = {
  'checkpoint-contradiction': object<Contradiction>({
    kind: literal('checkpoint-contradiction'),
    ...exclusiveNotes,
  }),
  'entry-inadmissible': object<Inadmissible>({
    kind: literal('entry-inadmissible'),
    checkpoint: anyText,
    code: label,
    entries: array(object({ index: count, entry: base64, proof: hashes }), { min: 1, max: 10_000 }),
  }),
  'root-mismatch': object<RootMismatch>({
    kind: literal('root-mismatch'),
    checkpoint: anyText,
    frontierSize: count,
    frontier: hashes,
    leafHashes: array(base64, { max: 1_000_000 }),
  }),
  'tally-contradiction': object<TallyContradiction>({
    kind: literal('tally-contradiction'),
    checkpoint: anyText,
    tally: anyText,
    key: base64,
    proof: base64,
    entry: base64,
    inclusion: hashes,
  }),
  'tally-sum-contradiction': object<TallySumContradiction>({
    kind: literal('tally-sum-contradiction'),
    tally: anyText,
    proof: base64,
  }),
  'witness-contradiction': object<WitnessContradiction>({
    kind: literal('witness-contradiction'),
    witness: label,
    ...exclusiveNotes,
  }),
  'witness-rollback': object<WitnessRollback>({
    kind: literal('witness-rollback'),
    witness: label,
    first: anyText,
    second: anyText,
  }),
};

const evidence: Reader<Evidence> = (value, path) => {
  const named =
    typeof value === 'object' && value !== null && 'kind' in value ? value['kind'] : undefined;
  const kind = literal(...FINDING_KINDS)(named, `${path}.kind`);
  return readers[kind](value, path);
};

const findingFile = object({
  evidence,
  foundAt: time,
  origin: label,
  type: literal(FINDING_TYPE),
  version: literal(1),
});

/** @throws JSON_*, FINDING_MALFORMED */
export function parseFinding(bytes: Uint8Array): Finding {
  return findingOf(parseCanonicalJson(bytes));
}

/** The finding in JSON that stands inside another document. @throws FINDING_MALFORMED */
export function findingOf(value: Json): Finding {
  const { origin, foundAt, evidence: proof } = readShape('FINDING_MALFORMED', findingFile, value);
  return { origin, foundAt, evidence: proof };
}

/** RFC 8785 bytes. */
export function formatFinding(finding: Finding): Uint8Array {
  return formatCanonicalJson({ ...finding, type: FINDING_TYPE, version: 1 });
}

/** Hex SHA-256 of the evidence: the same wrong found twice is one finding. */
export function findingId(finding: Finding): string {
  return encodeHex(sha256(formatCanonicalJson(finding.evidence)));
}

/** Hashes as they stand in evidence. */
export function formatHashes(list: readonly Uint8Array[]): readonly string[] {
  return list.map(encodeBase64);
}

export function parseHashes(list: readonly string[]): readonly Uint8Array[] {
  return list.map(decodeBase64);
}
