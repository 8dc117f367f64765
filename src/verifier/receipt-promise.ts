/**
 * Holding a log to a receipt. A log that answers "committed" signs a checkpoint over the entry: if what it publishes then
 * does not contain that tree, it has signed two histories, and the two checkpoints prove it.
 */
import { leafHash } from '../core/merkle/hash.ts';
import { verifyInclusion } from '../core/merkle/inclusion.ts';
import { parseReceipt } from '../core/receipt/receipt.ts';
import { type VerificationRules, verifyLogCheckpoint } from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import type { Findings } from './findings.ts';
import type { Follower } from './follower.ts';

export interface HeldReceipt {
  readonly origin: string;
  readonly index: number;
  /**
   * - `published`: what the log publishes contains the entry.
   * - `waiting`: the log has not published as much yet; it stays held to the receipt.
   * - `contradicted`: the log has signed two histories.
   */
  readonly state: 'published' | 'waiting' | 'contradicted';
  /** Id of the finding. */
  readonly finding: string | null;
}

export interface ReceiptOptions {
  readonly followers: ReadonlyMap<string, Follower>;
  readonly findings: Findings;
  readonly rules: VerificationRules;
}

/** What became of the promise. @throws RECEIPT_MALFORMED, PROOF_MALFORMED, CHECKPOINT_*, INCLUSION_*, STORE_* */
export async function holdToReceipt(
  bytes: Uint8Array,
  { followers, findings, rules }: ReceiptOptions,
): Promise<HeldReceipt> {
  const { envelope, proof } = parseReceipt(bytes);
  const { checkpoint } = verifyLogCheckpoint(proof.checkpoint, rules);
  const { origin, size, root } = checkpoint;
  const { index } = verifyInclusion({
    leafHash: leafHash(envelope.entry),
    index: proof.index,
    size,
    root,
    proof: proof.proof,
  });
  const follower = followers.get(origin) as Follower;
  await follower.observe(proof.checkpoint);
  const { failure, current } = follower.facts(rules.now);
  if (failure !== undefined) throw new AttestryError(failure.code, failure.message);
  const contradiction = findings.contradictionOf(origin);
  if (contradiction !== undefined) {
    return { origin, index, state: 'contradicted', finding: contradiction.id };
  }
  const isPublished = current !== undefined && size <= current.checkpoint.size;
  return { origin, index, state: isPublished ? 'published' : 'waiting', finding: null };
}
