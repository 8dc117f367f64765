/** Judging accusations against a witness: that it cosigned two views of one log, or went back. */
import { formatTime } from '../bytes/time.ts';
import { parseNote } from '../note/note.ts';
import { countedCosignatures, type VerificationRules } from '../trust/quorum.ts';
import { verifyExclusion } from './contradiction.ts';
import type { WitnessContradiction, WitnessRollback } from './finding.ts';
import { type Judgement, ownCheckpoint, unproven } from './proof.ts';

/** @throws FINDING_UNPROVEN, CHECKPOINT_*, COSIGNATURE_* */
export function judgeWitnessContradiction(
  origin: string,
  evidence: WitnessContradiction,
  rules: VerificationRules,
): Judgement {
  const { witness } = evidence;
  const { first, second } = verifyExclusion(origin, evidence, rules);
  for (const note of [evidence.first, evidence.second]) timeOf(witness, note, rules);
  return {
    accused: witness,
    code: 'WITNESS_CONTRADICTION',
    sentence: `${witness} cosigned two histories of ${origin}: the tree of size ${second.size} does not contain the one of size ${first.size} that it cosigned as well.`,
  };
}

/**
 * A cosignature says: nothing larger by this time. So one of a smaller tree that is dated later than one of a larger tree
 * contradicts it. @throws FINDING_UNPROVEN, CHECKPOINT_*, COSIGNATURE_*
 */
export function judgeWitnessRollback(
  origin: string,
  { witness, first, second }: WitnessRollback,
  rules: VerificationRules,
): Judgement {
  const smaller = ownCheckpoint(origin, first, rules);
  const larger = ownCheckpoint(origin, second, rules);
  const [later, earlier] = [timeOf(witness, first, rules), timeOf(witness, second, rules)];
  if (smaller.size >= larger.size) throw unproven('the first tree is not the smaller one');
  if (later <= earlier) throw unproven('the smaller tree was not cosigned after the larger one');
  return {
    accused: witness,
    code: 'WITNESS_ROLLBACK',
    sentence: `${witness} went back: at ${formatTime(later)} it cosigned ${smaller.size} entries of ${origin}, after ${larger.size} at ${formatTime(earlier)}.`,
  };
}

/** When the witness cosigned the note, unix seconds: the earliest time where it did so more than once. */
function timeOf(name: string, note: string, rules: VerificationRules): number {
  const witness = rules.trust.witnesses.find((known) => known.name === name);
  if (witness === undefined) throw unproven(`the trust root names no witness ${name}`);
  // One outside the witness's window may be whoever's has its old key.
  const [cosignature] = countedCosignatures(parseNote(note), [witness], rules);
  if (cosignature === undefined) throw unproven(`${name} has not cosigned both checkpoints`);
  return cosignature.time;
}
