/** Finding out where a log's tally differs from the one that its entries give, and the evidence for it. */
import { encodeBase64 } from '../core/bytes/base64.ts';
import { bytesEqual } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import type { TallyContradiction, TallySumContradiction } from '../core/finding/finding.ts';
import { decodeKey } from '../core/tally/key.ts';
import { EMPTY_TALLY, summarizeLeaf, type TallyLeaf } from '../core/tally/node.ts';
import { type Question, type TallyProof, verifyTally } from '../core/tally/proof.ts';
import { decodeTallyProof, encodeTallyProof } from '../core/tally/proof-bytes.ts';
import { narrowProof } from '../core/tally/prove.ts';
import { questionsAbout, WHOLE_TALLY } from '../core/tally/questions.ts';
import type { TallyHead } from '../core/tally/tally-note.ts';
import type { WitnessedCheckpoint } from '../core/trust/quorum.ts';
import { proveInTurns } from '../tally/provable-view.ts';
import type { TallyPair, TallyStore } from '../tally/tally-store.ts';
import type { Mirror } from './mirror.ts';
import type { ServedNote, TallySource } from './tally-source.ts';

/** What a log says of its tally. */
export interface SuspectTally {
  readonly pair: TallyPair;
  /** Where the log serves it. */
  readonly which: ServedNote;
  readonly head: TallyHead;
  readonly checkpoint: WitnessedCheckpoint;
}

export interface TallySearch {
  readonly source: TallySource;
  readonly mirror: Mirror;
  /** The tally as rebuilt, at the suspect's size. */
  readonly store: TallyStore;
  readonly signal: AbortSignal;
}

/** Models asked about in one search: a log that lies must not keep its verifier busy. */
const MOST_MODELS = 10_000;

/**
 * Asks the log, model by model, for the proof of what its tally holds, and compares. Undefined when no difference shows:
 * the log has published another tally in the meantime, refuses to prove, or differs in a model that its entries do not name.
 */
export async function findTallyContradiction(
  suspect: SuspectTally,
  search: TallySearch,
): Promise<TallyContradiction | undefined> {
  for (const model of await search.mirror.store.models(undefined, MOST_MODELS)) {
    const served = await search.source.readProof(model, suspect.which, search.signal);
    if (served === undefined || textOf(served.tally) !== textOf(suspect.pair.tally))
      return undefined;
    const found = await compare(model, decodeTallyProof(served.proof), { suspect, search });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The evidence that the note gives a count or sums other than those of its tally root, which is this verifier's too. */
export async function sumEvidence(
  { pair }: SuspectTally,
  store: TallyStore,
): Promise<TallySumContradiction> {
  const proof = await proveInTurns(store, [WHOLE_TALLY]);
  return {
    kind: 'tally-sum-contradiction',
    tally: pair.tally,
    proof: encodeBase64(encodeTallyProof(proof)),
  };
}

async function compare(
  model: string,
  proof: TallyProof,
  { suspect, search }: { suspect: SuspectTally; search: TallySearch },
): Promise<TallyContradiction | undefined> {
  const { head, pair, checkpoint } = suspect;
  const questions = questionsAbout(model, null);
  const said = leavesIn(proof, questions, head.tallyRoot);
  const root = search.store.state().root?.hash ?? EMPTY_TALLY;
  const given = leavesIn(await proveInTurns(search.store, questions), questions, root);
  const key = firstDifference(said, given);
  const index = key && decodeKey(key)?.index;
  if (key === undefined || index === undefined || index >= head.size) return undefined;
  const { entry, proof: inclusion } = search.mirror.prove(index, checkpoint.checkpoint);
  const question: Question = { first: key, last: key, want: 'list' };
  return {
    kind: 'tally-contradiction',
    checkpoint: pair.checkpoint,
    tally: pair.tally,
    key: encodeBase64(key),
    proof: encodeBase64(encodeTallyProof(narrowProof(proof, [question]))),
    entry: encodeBase64(entry),
    inclusion: inclusion.map(encodeBase64),
  };
}

function leavesIn(
  proof: TallyProof,
  questions: readonly Question[],
  root: Uint8Array,
): Map<string, TallyLeaf> {
  const answers = verifyTally({ root, questions, proof });
  return new Map(
    answers.flatMap(({ leaves }) => leaves).map((leaf) => [encodeHex(leaf.key), leaf]),
  );
}

function firstDifference(
  said: Map<string, TallyLeaf>,
  given: Map<string, TallyLeaf>,
): Uint8Array | undefined {
  const keys = [...new Set([...said.keys(), ...given.keys()])].sort();
  const different = keys.find((key) => !sameLeaf(said.get(key), given.get(key)));
  if (different === undefined) return undefined;
  return (said.get(different) ?? given.get(different))?.key;
}

function sameLeaf(a: TallyLeaf | undefined, b: TallyLeaf | undefined): boolean {
  return (
    a !== undefined && b !== undefined && bytesEqual(summarizeLeaf(a).hash, summarizeLeaf(b).hash)
  );
}

/** The text that is signed: cosignatures come and go. */
function textOf(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}
