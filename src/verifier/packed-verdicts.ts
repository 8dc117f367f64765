/**
 * Entries on their way to a thread that judges them, and what it says of them on the way back: a few long byte strings
 * instead of many short ones, each of which would be copied by itself.
 */
import { concatBytes } from '../core/bytes/equal.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { KEY_BYTES } from '../core/tally/key.ts';
import type { TallyLeaf } from '../core/tally/node.ts';
import { type Sums, ZERO_SUMS } from '../core/tally/sums.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import type { JudgedEntry, Verdict } from './readmission.ts';

/** Entries one after the other. */
export interface PackedEntries {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of each. */
  readonly lengths: readonly number[];
}

/** An error loses its class on the way to another thread. */
interface PackedRefusal {
  readonly code: AttestryErrorCode;
  readonly message: string;
}

export interface PackedVerdicts {
  /** Of each entry. */
  readonly verdicts: readonly (Verdict | PackedRefusal)[];
  /** Leaf hashes of the entries, one after the other. */
  readonly hashes: Uint8Array;
  /** How many leaves each entry has in the tally. */
  readonly leafCounts: readonly number[];
  /** Keys of all these leaves, one after the other. */
  readonly keys: Uint8Array;
  /** Sums of the leaves of those entries whose leaves count anything, by the entry's place. */
  readonly sums: ReadonlyMap<number, Sums>;
}

export function packEntries(entries: readonly Uint8Array[]): PackedEntries {
  const lengths = entries.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const entry of entries) {
    bytes.set(entry, at);
    at += entry.length;
  }
  return { bytes, lengths };
}

export function unpackEntries({ bytes, lengths }: PackedEntries): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}

export function packVerdicts(judged: readonly JudgedEntry[]): PackedVerdicts {
  const sums = new Map<number, Sums>();
  for (const [i, { tallyLeaves }] of judged.entries()) {
    const [leaf] = tallyLeaves;
    if (leaf !== undefined && leaf.sums !== ZERO_SUMS) sums.set(i, leaf.sums);
  }
  return {
    verdicts: judged.map(({ verdict }) => packVerdict(verdict)),
    hashes: concatBytes(...judged.map(({ entryHash }) => entryHash)),
    leafCounts: judged.map(({ tallyLeaves }) => tallyLeaves.length),
    keys: concatBytes(...judged.flatMap(({ tallyLeaves }) => tallyLeaves.map(({ key }) => key))),
    sums,
  };
}

/** What `packVerdicts` was given about these entries. */
export function unpackVerdicts(
  entries: readonly Uint8Array[],
  packed: PackedVerdicts,
): JudgedEntry[] {
  const { verdicts, hashes, leafCounts, keys } = packed;
  let leavesBefore = 0;
  return entries.map((entry, i) => {
    const entryHash = hashes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
    const sums = packed.sums.get(i) ?? ZERO_SUMS;
    const tallyLeaves: TallyLeaf[] = [];
    for (const end = leavesBefore + (leafCounts[i] as number); leavesBefore < end; leavesBefore++) {
      const key = keys.subarray(leavesBefore * KEY_BYTES, (leavesBefore + 1) * KEY_BYTES);
      tallyLeaves.push({ key, entryHash, sums });
    }
    return { entry, entryHash, verdict: unpackVerdict(verdicts[i]), tallyLeaves };
  });
}

function packVerdict(verdict: JudgedEntry['verdict']): Verdict | PackedRefusal {
  if (!(verdict instanceof AttestryError)) return verdict;
  const { code, message } = verdict;
  return { code, message };
}

function unpackVerdict(packed: Verdict | PackedRefusal | undefined): JudgedEntry['verdict'] {
  if (packed === undefined) throw new RangeError('Expected a verdict on every entry.');
  return 'code' in packed ? new AttestryError(packed.code, packed.message) : packed;
}
