/** Judging the accusation that a log signed a tally which its own entries do not give. */
import { decodeBase64 } from '../bytes/base64.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { leafHash } from '../merkle/hash.ts';
import { verifyInclusion } from '../merkle/inclusion.ts';
import type { Checkpoint } from '../note/checkpoint.ts';
import { rightCosignatures } from '../note/cosignature.ts';
import { parseNote } from '../note/note.ts';
import { decodeKey, KEY_BYTES } from '../tally/key.ts';
import { leavesOf } from '../tally/leaves.ts';
import { summarizeLeaf, type TallyLeaf } from '../tally/node.ts';
import { type Answer, verifyTally } from '../tally/proof.ts';
import { decodeTallyProof } from '../tally/proof-bytes.ts';
import { WHOLE_TALLY } from '../tally/questions.ts';
import { TALLY_METRICS } from '../tally/sums.ts';
import { verifyTallyNote } from '../tally/tally-note.ts';
import { countedCosignatures, engineOf, type VerificationRules } from '../trust/quorum.ts';
import { parseHashes, type TallyContradiction, type TallySumContradiction } from './finding.ts';
import { type Judgement, unproven } from './proof.ts';

export interface TallyContradictionClaim {
  readonly evidence: TallyContradiction;
  /** The log's own, verified. */
  readonly checkpoint: Checkpoint;
}

/**
 * What the tally says under one key, which is not what the entry at that key's index gives; in a sentence.
 * @throws FINDING_UNPROVEN and what the verification of note, entry and proof throws
 */
export function judgeTallyContradiction(
  { evidence, checkpoint }: TallyContradictionClaim,
  rules: VerificationRules,
): string {
  const { origin, size, root } = checkpoint;
  const log = rules.trust.logs.get(origin);
  const key = decodeBase64(evidence.key);
  const entry = decodeBase64(evidence.entry);
  const parts = key.length === KEY_BYTES ? decodeKey(key) : undefined;
  if (log === undefined || parts === undefined) throw unproven('its key is not one of a tally');
  const { head } = verifyTallyNote(evidence.tally, log.vkey, rules.engine);
  if (head.size !== size || !bytesEqual(head.logRoot, root)) {
    throw unproven('the tally is not of the entries under the checkpoint');
  }
  const { index } = verifyInclusion({
    leafHash: leafHash(entry),
    index: parts.index,
    size,
    root,
    proof: parseHashes(evidence.inclusion),
  });
  const [said] = verifyTally({
    root: head.tallyRoot,
    questions: [{ first: key, last: key, want: 'list' }],
    proof: decodeTallyProof(decodeBase64(evidence.proof)),
  });
  const given = leavesOf(entry, index).find((leaf) => bytesEqual(leaf.key, key));
  const tallied = said?.leaves[0];
  if (hashText(given) === hashText(tallied)) throw unproven('the tally says what the entry gives');
  return `${origin} signed a tally of ${size} entries that ${difference(given, tallied)} entry ${index}${wrongSums(given, tallied)}, a statement of kind ${parts.kind} about model ${parts.model}.`;
}

/**
 * That a tally note gives a count or sums which its own tally root does not commit to; in a sentence.
 * @throws FINDING_UNPROVEN and what the verification of note and proof throws
 */
export function judgeTallySums(
  { evidence, origin }: { readonly evidence: TallySumContradiction; readonly origin: string },
  rules: VerificationRules,
): string {
  const log = rules.trust.logs.get(origin);
  if (log === undefined) throw unproven('the trust root names no such log');
  const { head } = verifyTallyNote(evidence.tally, log.vkey, rules.engine);
  const proof = decodeTallyProof(decodeBase64(evidence.proof));
  const [whole] = verifyTally({ root: head.tallyRoot, questions: [WHOLE_TALLY], proof });
  const { count, sums } = whole as Answer;
  if (count === head.count && sums.every((sum, i) => sum === head.sums[i])) {
    throw unproven('the note gives the count and sums of its tally');
  }
  return `${origin} signed a tally note of ${head.size} entries with a count of ${head.count} or sums that are not those of its own tally root, which holds ${count}.`;
}

/** One judgement for each verifier whose right cosignature stands on a tally note that has been proven wrong. */
export function wrongCosigners(
  origin: string,
  { tally }: Pick<TallyContradiction, 'tally'>,
  rules: VerificationRules,
): readonly Judgement[] {
  const { verifiers } = rules.trust;
  const witnesses = verifiers.map(({ vkey }) => vkey);
  const { text, signatures } = parseNote(tally);
  // A wrong line, or one from the future, is nobody's; one outside the verifier's window may be whoever's has its old key.
  const trusted = { witnesses, now: rules.now, ...engineOf(rules) };
  const right = rightCosignatures({ text, signatures }, trusted);
  const counted = countedCosignatures({ text, signatures: right }, verifiers, rules);
  return counted.map(({ name }) => ({
    accused: name,
    code: 'TALLY_COSIGNED_WRONG',
    sentence: `${name} cosigned that tally of ${origin}, which says that it rebuilt it from the entries.`,
  }));
}

function difference(given: TallyLeaf | undefined, tallied: TallyLeaf | undefined): string {
  if (tallied === undefined) return 'leaves out';
  return given === undefined ? 'invents something for' : 'gets wrong';
}

/** The metrics that differ, in brackets. */
function wrongSums(given: TallyLeaf | undefined, tallied: TallyLeaf | undefined): string {
  if (given === undefined || tallied === undefined) return '';
  const wrong = TALLY_METRICS.flatMap((metric, i) => {
    const [right, said] = [given.sums[i], tallied.sums[i]];
    return right === said ? [] : [`${said} ${metric} in place of ${right}`];
  });
  return wrong.length === 0 ? '' : ` (${wrong.join(', ')})`;
}

function hashText(leaf: TallyLeaf | undefined): string {
  return leaf === undefined ? '' : summarizeLeaf(leaf).hash.join();
}
