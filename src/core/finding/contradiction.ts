/** Judging the accusation that two checkpoints of one log exclude each other. */
import { decodeBase64 } from '../bytes/base64.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { verifyConsistency } from '../merkle/consistency.ts';
import type { Checkpoint } from '../note/checkpoint.ts';
import type { VerificationRules } from '../trust/quorum.ts';
import { type ExclusiveNotes, parseHashes } from './finding.ts';
import { type Judgement, ownCheckpoint, proving, unproven } from './proof.ts';

/** @throws FINDING_UNPROVEN, CHECKPOINT_* */
export function judgeContradiction(
  origin: string,
  evidence: ExclusiveNotes,
  rules: VerificationRules,
): Judgement {
  const { first, second } = verifyExclusion(origin, evidence, rules);
  return {
    accused: origin,
    code: 'CHECKPOINT_CONTRADICTION',
    sentence: `${origin} signed two histories: the tree of size ${second.size} does not contain the one of size ${first.size} that it signed as well.`,
  };
}

/** The two checkpoints, of which no single history exists. @throws FINDING_UNPROVEN, CHECKPOINT_* */
export function verifyExclusion(
  origin: string,
  evidence: ExclusiveNotes,
  rules: VerificationRules,
): { readonly first: Checkpoint; readonly second: Checkpoint } {
  const first = ownCheckpoint(origin, evidence.first, rules);
  const second = ownCheckpoint(origin, evidence.second, rules);
  const rootAtFirst = decodeBase64(evidence.rootAtFirst);
  proving(() =>
    verifyConsistency({
      size1: first.size,
      root1: rootAtFirst,
      size2: second.size,
      root2: second.root,
      proof: parseHashes(evidence.proof),
    }),
  );
  if (bytesEqual(rootAtFirst, first.root)) throw unproven('the two checkpoints agree');
  return { first, second };
}
