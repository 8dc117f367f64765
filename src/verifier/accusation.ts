/** What a finding is about, read from its evidence: the same wrong found twice, by whomever, is one. */
import { decodeBase64 } from '../core/bytes/base64.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import type { Evidence, ExclusiveNotes } from '../core/finding/finding.ts';
import type { VerifiedFinding } from '../core/finding/verify.ts';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import { decodeKey, KEY_BYTES } from '../core/tally/key.ts';
import { parseTally } from '../core/tally/tally-note.ts';
import { modelsNamedBy } from './readmission.ts';

/** What was done wrong, whichever checkpoint shows it and whatever cosignatures that carries. */
export function wrongOf({
  finding,
  further,
}: Pick<VerifiedFinding, 'finding' | 'further'>): string {
  const { evidence } = finding;
  switch (evidence.kind) {
    case 'checkpoint-contradiction':
      return `contradiction ${pairOf(evidence)}`;
    case 'witness-contradiction':
      return `witness ${evidence.witness} contradiction ${pairOf(evidence)}`;
    case 'witness-rollback':
      // Every pair of what it signed before and since shows it again.
      return `witness ${evidence.witness} rollback`;
    case 'entry-inadmissible':
      return `entry ${evidence.entries.at(-1)?.index}`;
    case 'root-mismatch':
      return `mismatch ${nameOf(evidence.checkpoint)}`;
    case 'tally-contradiction':
      return ['tally', evidence.key, ...namesOf(further)].join(' ');
    case 'tally-sum-contradiction': {
      const { size } = parseTally(evidence.tally).head;
      return ['tally sums', size, ...namesOf(further)].join(' ');
    }
  }
}

/** The models that it is about; none where it concerns the whole log. */
export function modelsOf(evidence: Evidence): readonly string[] {
  if (evidence.kind === 'entry-inadmissible') {
    const accused = evidence.entries.at(-1);
    return accused === undefined ? [] : modelsNamedBy(decodeBase64(accused.entry));
  }
  if (evidence.kind !== 'tally-contradiction') return [];
  const key = decodeBase64(evidence.key);
  const model = key.length === KEY_BYTES ? decodeKey(key)?.model : undefined;
  return model === undefined ? [] : [model];
}

function namesOf(judgements: VerifiedFinding['further']): readonly string[] {
  return judgements.map(({ accused }) => accused).sort();
}

function pairOf({ first, second }: ExclusiveNotes): string {
  return `${nameOf(first)} ${nameOf(second)}`;
}

function nameOf(note: string): string {
  const { size, root } = parseCheckpoint(note).checkpoint;
  return `${size} ${encodeHex(root)}`;
}
