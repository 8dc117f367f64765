/** What a tally proves about one log's part of a dossier: that its list is whole, and what usage adds up to. */
import { AttestryError } from '../../errors.ts';
import { decodeBase64 } from '../bytes/base64.ts';
import { bytesEqual, compareBytes } from '../bytes/equal.ts';
import { encodeHex } from '../bytes/hex.ts';
import type { VerifiedReceipt } from '../receipt/verify.ts';
import type { Kind } from '../statement/statement.ts';
import { decodeKey, keysOf } from '../tally/key.ts';
import { summarizeLeaf, type TallyLeaf } from '../tally/node.ts';
import { type Answer, verifyTally } from '../tally/proof.ts';
import { decodeTallyProof } from '../tally/proof-bytes.ts';
import {
  COUNTED_KINDS,
  formatHour,
  questionsAbout,
  stretchesOf,
  type UsageRange,
} from '../tally/questions.ts';
import { type Sums, sumsOf } from '../tally/sums.ts';
import { verifyTallyNote } from '../tally/tally-note.ts';
import {
  countedCosignatures,
  timesByOrganisation,
  type VerificationRules,
  type WitnessedCheckpoint,
} from '../trust/quorum.ts';

/** A tally note and the proof from it, as they stand in a dossier. */
export interface DossierTally {
  readonly note: string;
  /** Base64 of the tally proof. */
  readonly proof: string;
}

/** Usage of one stretch of time, recomputed from the proof. */
export interface ProvenStretch {
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  /** Usage statements in it. */
  readonly windows: number;
  readonly sums: Sums;
}

/** What one log's tally proves. */
export interface ProvenLog {
  readonly checkpoint: WitnessedCheckpoint;
  /** Names of the verifiers that have rebuilt and cosigned the tally. */
  readonly verifiers: readonly string[];
  /** Kinds of which the log holds no statement about the model; usage only where the whole of it was asked for. */
  readonly absent: readonly Kind[];
  /** Empty where usage is listed and not summed. */
  readonly stretches: readonly ProvenStretch[];
  /** How many statements there are of each kind that is counted and not listed; empty where all are listed. */
  readonly counted: readonly CountedKind[];
}

export interface CountedKind {
  readonly kind: Kind;
  readonly statements: number;
}

export interface TallyRules extends VerificationRules {
  readonly model: string;
  readonly range: UsageRange | null;
}

const OTHER_KINDS: readonly Kind[] = ['training', 'evaluation', 'deployment', 'revocation'];

/**
 * What the tally proves, if it is of the very entries under the checkpoint, cosigned by enough verifiers, and lists exactly
 * the given statements. @throws TALLY_*, VERIFIER_QUORUM_SHORT, COSIGNATURE_*, DOSSIER_INCOMPLETE
 */
export function verifyLogTally(
  tally: DossierTally,
  shown: {
    readonly checkpoint: WitnessedCheckpoint;
    readonly statements: readonly VerifiedReceipt[];
  },
  rules: TallyRules,
): ProvenLog {
  const { checkpoint, statements } = shown;
  const { tallyRoot, verifiers } = verifyCosignedNote(tally.note, checkpoint, rules);
  const questions = questionsAbout(rules.model, rules.range);
  const answers = verifyTally({
    root: tallyRoot,
    questions,
    proof: decodeTallyProof(decodeBase64(tally.proof)),
  });
  const listed = answers.flatMap(({ leaves }) => leaves);
  verifyList(listed, expectedLeaves(statements, rules.model), checkpoint.log.origin);
  const counted = countedKinds(rules.range, answers);
  const found = new Set([
    ...listed.map(({ key }) => decodeKey(key)?.kind),
    ...counted.filter(({ statements: count }) => count > 0).map(({ kind }) => kind),
  ]);
  const kinds: readonly Kind[] = rules.range === null ? [...OTHER_KINDS, 'usage'] : OTHER_KINDS;
  return {
    checkpoint,
    verifiers,
    absent: kinds.filter((kind) => !found.has(kind)),
    stretches: provenStretches(rules.range, answers.slice(1 + counted.length, -1)),
    counted,
  };
}

function verifyCosignedNote(
  note: string,
  { log, checkpoint }: WitnessedCheckpoint,
  rules: TallyRules,
): { tallyRoot: Uint8Array; verifiers: string[] } {
  const { trust, engine } = rules;
  const { head, note: parsed } = verifyTallyNote(note, log.vkey, engine);
  if (head.size !== checkpoint.size || !bytesEqual(head.logRoot, checkpoint.root)) {
    throw new AttestryError(
      'TALLY_CHECKPOINT_MISMATCH',
      `Expected the tally of the ${checkpoint.size} entries of ${log.origin} under its checkpoint, got one of ${head.size} entries or another root.`,
    );
  }
  const cosigned = countedCosignatures(parsed, trust.verifiers, rules);
  const organisations = timesByOrganisation(cosigned, trust.verifiers).length;
  if (organisations < trust.verifierQuorum) {
    throw new AttestryError(
      'VERIFIER_QUORUM_SHORT',
      `Expected cosignatures of verifiers of ${trust.verifierQuorum} organisations on the tally of ${log.origin}, got ${organisations}.`,
    );
  }
  return { tallyRoot: head.tallyRoot, verifiers: cosigned.map(({ name }) => name) };
}

function expectedLeaves(statements: readonly VerifiedReceipt[], model: string): TallyLeaf[] {
  return statements.flatMap(({ statement, index, entryHash }) =>
    keysOf(statement, index)
      .filter((key) => decodeKey(key)?.model === model)
      .map((key) => ({ key, entryHash, sums: sumsOf(statement) })),
  );
}

/** Leaf by leaf: a statement that is left out, or one that the log does not hold, is found here. */
function verifyList(
  listed: readonly TallyLeaf[],
  shown: readonly TallyLeaf[],
  origin: string,
): void {
  const ordered = shown.toSorted((a, b) => compareBytes(a.key, b.key));
  const hashes = (leaves: readonly TallyLeaf[]): string[] =>
    leaves.map((leaf) => encodeHex(summarizeLeaf(leaf).hash));
  const proven = hashes(listed);
  const given = hashes(ordered);
  if (proven.length === given.length && proven.every((hash, i) => hash === given[i])) return;
  const known = new Set(given);
  const missing = listed.filter((_, i) => !known.has(proven[i] as string));
  const first = missing[0] && decodeKey(missing[0].key);
  throw new AttestryError(
    'DOSSIER_INCOMPLETE',
    first === undefined
      ? `The dossier shows ${given.length} statements on ${origin}, the tally lists ${proven.length}.`
      : `The dossier leaves out entry ${first.index} of ${origin}, a statement of kind ${first.kind} that the tally lists.`,
    { details: { listed: proven.length, shown: given.length } },
  );
}

function countedKinds(range: UsageRange | null, answers: readonly Answer[]): CountedKind[] {
  if (range?.others === undefined) return [];
  return COUNTED_KINDS.map((kind, i) => ({ kind, statements: (answers[i + 1] as Answer).count }));
}

function provenStretches(range: UsageRange | null, answers: readonly Answer[]): ProvenStretch[] {
  if (range === null) return [];
  return stretchesOf(range).map(({ from, to }, i) => {
    const { count, sums } = answers[i] as Answer;
    return { from: formatHour(from), to: formatHour(to), windows: count, sums };
  });
}
