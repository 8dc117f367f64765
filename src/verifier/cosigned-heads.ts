/**
 * What each witness is known to have cosigned of one log. A cosignature says "nothing larger by this time", so one of a
 * smaller tree that is dated later than one of a larger tree proves that the witness went back.
 */
import type { WitnessRollback } from '../core/finding/finding.ts';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import { formatNote } from '../core/note/note.ts';
import { countedCosignatures, type VerificationRules } from '../core/trust/quorum.ts';

interface CosignedHead {
  readonly size: number;
  /** Unix seconds. */
  readonly time: number;
  readonly note: string;
}

/** The largest tree, cosigned first, and the latest cosignature: what goes back contradicts one of the two. */
interface Known {
  readonly largest: CosignedHead;
  readonly latest: CosignedHead;
}

export class CosignedHeads {
  readonly #byWitness = new Map<string, Known>();

  /** Takes in the right cosignatures on a note that the log signed; gives the evidence against witnesses that went back. */
  take(noteText: string, rules: VerificationRules): readonly WitnessRollback[] {
    const { checkpoint, note } = parseCheckpoint(noteText);
    const { witnesses } = rules.trust;
    const found: WitnessRollback[] = [];
    for (const { name, time } of countedCosignatures(note, witnesses, rules)) {
      const signatures = note.signatures.filter(
        (line) => line.name === name || line.name === checkpoint.origin,
      );
      const head = {
        size: checkpoint.size,
        time,
        note: formatNote({ text: note.text, signatures }),
      };
      const known = this.#byWitness.get(name);
      const rollback = known && rollbackBetween(name, head, known);
      if (rollback !== undefined) found.push(rollback);
      this.#byWitness.set(name, extended(known, head));
    }
    return found;
  }
}

function rollbackBetween(
  witness: string,
  head: CosignedHead,
  { largest, latest }: Known,
): WitnessRollback | undefined {
  const before = [largest, latest].find((known) => goesBack(head, known));
  if (before !== undefined) return evidence(witness, head, before);
  const after = [largest, latest].find((known) => goesBack(known, head));
  return after && evidence(witness, after, head);
}

function goesBack(smaller: CosignedHead, larger: CosignedHead): boolean {
  return smaller.size < larger.size && smaller.time > larger.time;
}

function evidence(witness: string, smaller: CosignedHead, larger: CosignedHead): WitnessRollback {
  return { kind: 'witness-rollback', witness, first: smaller.note, second: larger.note };
}

function extended(known: Known | undefined, head: CosignedHead): Known {
  if (known === undefined) return { largest: head, latest: head };
  const { largest, latest } = known;
  const isLarger =
    head.size > largest.size || (head.size === largest.size && head.time < largest.time);
  return {
    largest: isLarger ? head : largest,
    latest: head.time > latest.time ? head : latest,
  };
}
