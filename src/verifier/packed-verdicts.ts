/**
 * Entries on their way to a thread that judges them, and what it says of them on the way back: a few long byte strings
 * instead of many short ones, each of which would be copied by itself.
 */
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import { type PackedLeaves, packLeaves, unpackLeaves } from '../tally/packed-leaves.ts';
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
  readonly leaves: PackedLeaves;
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
  return {
    verdicts: judged.map(({ verdict }) => packVerdict(verdict)),
    leaves: packLeaves(judged),
  };
}

/** What `packVerdicts` was given about these entries. */
export function unpackVerdicts(
  entries: readonly Uint8Array[],
  { verdicts, leaves }: PackedVerdicts,
): JudgedEntry[] {
  return unpackLeaves(leaves).map((tallied, i) => {
    const [entry, verdict] = [entries[i], verdicts[i]];
    if (entry === undefined || verdict === undefined)
      throw new RangeError('Expected a verdict on every entry.');
    return { entry, verdict: unpackVerdict(verdict), ...tallied };
  });
}

function packVerdict(verdict: JudgedEntry['verdict']): Verdict | PackedRefusal {
  if (!(verdict instanceof AttestryError)) return verdict;
  const { code, message } = verdict;
  return { code, message };
}

function unpackVerdict(packed: Verdict | PackedRefusal): JudgedEntry['verdict'] {
  return 'code' in packed ? new AttestryError(packed.code, packed.message) : packed;
}
