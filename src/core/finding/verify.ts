/** The one function that judges a finding: an accusation counts only as far as its own evidence proves it. */
import { AttestryError, type AttestryErrorCode } from '../../errors.ts';
import { decodeBase64 } from '../bytes/base64.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { Frontier } from '../merkle/frontier.ts';
import { leafHash, requireHashes } from '../merkle/hash.ts';
import { verifyInclusion } from '../merkle/inclusion.ts';
import { CLOCK_SKEW_SECONDS } from '../note/cosignature.ts';
import { admitEntry } from '../statement/admission.ts';
import { advanceStream, type StreamState, streamAfter, streamKey } from '../statement/stream.ts';
import { type VerificationRules, verifyWitnessedCheckpoint } from '../trust/quorum.ts';
import { judgeContradiction } from './contradiction.ts';
import {
  type Finding,
  type Inadmissible,
  parseHashes,
  type RootMismatch,
  type TallyContradiction,
  type TallySumContradiction,
} from './finding.ts';
import { codeOf, type Judgement, ownCheckpoint, proving, unproven } from './proof.ts';
import { judgeTallyContradiction, judgeTallySums, wrongCosigners } from './tally-contradiction.ts';
import { judgeWitnessContradiction, judgeWitnessRollback } from './witness.ts';

export interface VerifiedFinding extends Judgement {
  readonly finding: Finding;
  /** What the same evidence proves besides, against others. */
  readonly further: readonly Judgement[];
  /** False where a part of the accusation rests on the word of the verifier that made it. */
  readonly selfContained: boolean;
}

/** What the evidence proves. @throws FINDING_UNPROVEN when it proves nothing, CHECKPOINT_* when the notes are not the log's */
export function verifyFinding(finding: Finding, rules: VerificationRules): VerifiedFinding {
  const { evidence } = finding;
  const judgement = judgeEvidence(finding, rules);
  const further = 'tally' in evidence ? wrongCosigners(finding.origin, evidence, rules) : [];
  return { finding, ...judgement, further, selfContained: evidence.kind !== 'root-mismatch' };
}

function judgeEvidence(finding: Finding, rules: VerificationRules): Judgement {
  const { evidence, origin } = finding;
  switch (evidence.kind) {
    case 'checkpoint-contradiction':
      return judgeContradiction(origin, evidence, rules);
    case 'entry-inadmissible':
      return judgeInadmissible(finding, evidence, rules);
    case 'root-mismatch':
      return judgeRootMismatch(finding, evidence, rules);
    case 'tally-contradiction':
      return judgeTally(finding, evidence, rules);
    case 'tally-sum-contradiction':
      return judgeSums(origin, evidence, rules);
    case 'witness-contradiction':
      return judgeWitnessContradiction(origin, evidence, rules);
    case 'witness-rollback':
      return judgeWitnessRollback(origin, evidence, rules);
  }
}

function judgeTally(
  finding: Finding,
  evidence: TallyContradiction,
  rules: VerificationRules,
): Judgement {
  const checkpoint = ownCheckpoint(finding.origin, evidence.checkpoint, rules);
  const sentence = judgeTallyContradiction({ evidence, checkpoint }, rules);
  return { accused: finding.origin, code: 'TALLY_CONTRADICTION', sentence };
}

function judgeSums(
  origin: string,
  evidence: TallySumContradiction,
  rules: VerificationRules,
): Judgement {
  const sentence = judgeTallySums({ evidence, origin }, rules);
  return { accused: origin, code: 'TALLY_CONTRADICTION', sentence };
}

function judgeInadmissible(
  finding: Finding,
  evidence: Inadmissible,
  rules: VerificationRules,
): Judgement {
  const { size, root } = ownCheckpoint(finding.origin, evidence.checkpoint, rules);
  // One entry shown twice would pass for a log that holds it twice.
  if (evidence.entries.some(({ index }, i) => i > 0 && index <= indexAt(evidence, i - 1))) {
    throw unproven('the entries are not in ascending order, each once');
  }
  const entries = evidence.entries.map(({ index, entry, proof }) => {
    const bytes = decodeBase64(entry);
    proving(() =>
      verifyInclusion({ leafHash: leafHash(bytes), index, size, root, proof: parseHashes(proof) }),
    );
    return { index, entry: bytes };
  });
  const now = latestTimeOf(evidence.checkpoint, rules);
  const code = refusalOf(entries, { ...rules, now, origin: finding.origin });
  if (code !== evidence.code) {
    throw unproven(`admission ends with ${code ?? 'no refusal'}, not with ${evidence.code}`);
  }
  const last = entries.at(-1)?.index;
  return {
    accused: finding.origin,
    code: 'ENTRY_INADMISSIBLE',
    sentence: `${finding.origin} logged entry ${last}, which admission refuses with ${code}.`,
  };
}

/** By when the entries were there: as the quorum saw them, so that a date in the future stays one however late this is read. */
function latestTimeOf(checkpoint: string, rules: VerificationRules): number {
  try {
    const { witnessedAt } = verifyWitnessedCheckpoint(checkpoint, rules);
    // The node admitted by its own clock: one that runs ahead of the witnesses' within bounds is no fault of the log.
    return Math.min(rules.now, witnessedAt + CLOCK_SKEW_SECONDS);
  } catch (error) {
    if (error instanceof AttestryError) return rules.now;
    throw error;
  }
}

function indexAt({ entries }: Inadmissible, i: number): number {
  return (entries[i] as Inadmissible['entries'][number]).index;
}

type JudgedEntries = readonly { readonly index: number; readonly entry: Uint8Array }[];
type EntryRules = VerificationRules & { readonly origin: string };

/** The code with which admission refuses the last entry, given the ones before it; undefined if it does not. */
function refusalOf(entries: JudgedEntries, rules: EntryRules): AttestryErrorCode | undefined {
  const last = entries.at(-1) as JudgedEntries[number];
  const before = entries.slice(0, -1);
  if (before.some(({ entry }) => bytesEqual(entry, last.entry))) return 'ENTRY_DUPLICATE';
  return codeOf(() => {
    const { statement, envelope } = admitEntry(last.entry, { ...rules, index: last.index });
    if (statement.kind !== 'usage') return;
    const state = replayStream(streamKey(statement), before, { ...rules, last: last.index });
    advanceStream(state, statement, envelope.payload);
  });
}

/**
 * The state of a stream before the last entry. The entries must be the whole stretch of the log since the stream's
 * previous statement, or since the log's start: else a missing number may stand in an entry that was left out.
 */
function replayStream(
  key: string,
  before: JudgedEntries,
  rules: EntryRules & { readonly last: number },
): StreamState | undefined {
  const first = rules.last - before.length;
  if (before.some(({ index }, i) => index !== first + i))
    throw unproven('entries in between are missing');
  let state: StreamState | undefined;
  for (const { index, entry } of before) {
    // An entry that is inadmissible itself moves no stream.
    codeOf(() => {
      const { statement, envelope } = admitEntry(entry, { ...rules, index });
      if (statement.kind !== 'usage' || streamKey(statement) !== key) return;
      const isStart = index === first && first > 0;
      state = isStart
        ? streamAfter(statement, envelope.payload)
        : advanceStream(state, statement, envelope.payload);
    });
    if (index === first && first > 0 && state === undefined) break;
  }
  if (first > 0 && state === undefined) {
    throw unproven(
      "the entries start neither at the log's start nor at the stream's previous statement",
    );
  }
  return state;
}

function judgeRootMismatch(
  finding: Finding,
  evidence: RootMismatch,
  rules: VerificationRules,
): Judgement {
  const { size, root } = ownCheckpoint(finding.origin, evidence.checkpoint, rules);
  const leafHashes = parseHashes(evidence.leafHashes);
  const hashes = parseHashes(evidence.frontier);
  proving(() => {
    for (const hash of [...hashes, ...leafHashes]) requireHashes('the evidence', hash);
  });
  const frontier = startOf(evidence.frontierSize, hashes);
  for (const hash of leafHashes) frontier.append(hash);
  if (frontier.size !== size || bytesEqual(frontier.root(), root)) {
    throw unproven('the hashes are not those of the tree, or give its root');
  }
  return {
    accused: finding.origin,
    code: 'FINDING_UNATTRIBUTED',
    sentence: `${finding.origin} signed a root of size ${size} that the hashes it served do not give.`,
  };
}

function startOf(size: number, hashes: readonly Uint8Array[]): Frontier {
  try {
    return new Frontier(size, hashes);
  } catch (cause) {
    if (cause instanceof RangeError) throw unproven('its frontier does not fit its size');
    throw cause;
  }
}
