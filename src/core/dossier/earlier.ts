/**
 * Earlier sightings: a key that has ended since still counts for what witnesses saw while it held, so an entry may be shown
 * under a checkpoint from then, beside the newest one that shows what else there is.
 */
import { AttestryError } from '../../errors.ts';
import { verifyConsistency } from '../merkle/consistency.ts';
import { verifyInclusion } from '../merkle/inclusion.ts';
import type { VerifiedReceipt } from '../receipt/verify.ts';
import {
  type VerificationRules,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../trust/quorum.ts';

/** A checkpoint from before the one that the log is shown under. */
export interface EarlierCheckpoint {
  /** The signed note, verbatim. */
  readonly checkpoint: string;
  /** Consistency proof from it to the log's checkpoint. */
  readonly proof: readonly Uint8Array[];
}

/** That an entry stood in the tree of an earlier checkpoint. */
export interface EarlierSighting {
  /** Of that checkpoint's tree: names it. */
  readonly size: number;
  /** Inclusion proof under that checkpoint. */
  readonly proof: readonly Uint8Array[];
}

/** By size. */
export type EarlierCheckpoints = ReadonlyMap<number, WitnessedCheckpoint>;

interface ShownEarlier {
  readonly earlier?: readonly EarlierCheckpoint[];
  readonly entries: readonly { readonly earlier?: EarlierSighting }[];
}

/**
 * The earlier checkpoints of a log: witnessed like the newest one and before it, of trees that it continues, in ascending
 * order, and none that no entry needs. @throws DOSSIER_MALFORMED, CONSISTENCY_*, and what `verifyWitnessedCheckpoint` throws
 */
export function verifyEarlierCheckpoints(
  { earlier = [], entries }: ShownEarlier,
  newest: WitnessedCheckpoint,
  rules: VerificationRules,
): EarlierCheckpoints {
  const named = new Set(entries.flatMap((entry) => entry.earlier?.size ?? []));
  const verified = new Map<number, WitnessedCheckpoint>();
  let last = 0;
  for (const { checkpoint: note, proof } of earlier) {
    const witnessed = verifyWitnessedCheckpoint(note, rules);
    const { size, root } = witnessed.checkpoint;
    verifyBefore(witnessed, newest);
    if (size <= last || !named.has(size)) {
      throw malformed(newest, 'in ascending order, each with an entry that names it', size);
    }
    const { size: size2, root: root2 } = newest.checkpoint;
    verifyConsistency({ size1: size, root1: root, size2, root2, proof });
    verified.set(size, witnessed);
    last = size;
  }
  const unknown = [...named].find((size) => !verified.has(size));
  if (unknown !== undefined) throw malformed(newest, 'for every entry that names one', unknown);
  return verified;
}

/**
 * The statement as witnesses saw it under the checkpoint that its entry names; as it is where the entry names none, and
 * undefined where the log's earlier checkpoints were refused. @throws HASH_MALFORMED, INCLUSION_*
 */
export function verifyEarlierSighting(
  statement: VerifiedReceipt,
  sighting: EarlierSighting | undefined,
  checkpoints: EarlierCheckpoints | undefined,
): VerifiedReceipt | undefined {
  if (sighting === undefined) return statement;
  const checkpoint = checkpoints?.get(sighting.size);
  if (checkpoint === undefined) return undefined;
  const { entryHash: leafHash, index } = statement;
  const { size, root } = checkpoint.checkpoint;
  verifyInclusion({ leafHash, index, size, root, proof: sighting.proof });
  return { ...statement, checkpoint };
}

function verifyBefore(earlier: WitnessedCheckpoint, newest: WitnessedCheckpoint): void {
  const { origin, size } = earlier.checkpoint;
  if (origin !== newest.checkpoint.origin) throw malformed(newest, 'of that log', origin);
  if (size > newest.checkpoint.size) throw malformed(newest, 'of no larger tree', size);
  if (earlier.witnessedAt >= newest.witnessedAt) {
    throw malformed(newest, 'witnessed before its newest one', earlier.witnessedAt);
  }
}

function malformed(
  { log }: WitnessedCheckpoint,
  expected: string,
  got: string | number,
): AttestryError {
  return new AttestryError(
    'DOSSIER_MALFORMED',
    `Expected earlier checkpoints of ${log.origin} ${expected}, got ${got}.`,
  );
}
