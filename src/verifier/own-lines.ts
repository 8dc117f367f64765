/** A note without the lines of strangers: anyone may add such, and what is kept and served must not grow with them. */
import { rightCosignatures } from '../core/note/cosignature.ts';
import { formatNote, parseNote } from '../core/note/note.ts';
import { isLineOf, type VerifierKey } from '../core/note/vkey.ts';
import { engineOf, type VerificationRules } from '../core/trust/quorum.ts';

/** The note with one signature of the log, which is not verified, and the right cosignatures of these cosigners. */
export function ownLines(
  noteText: string,
  { log, cosigners }: { readonly log: VerifierKey; readonly cosigners: readonly VerifierKey[] },
  rules: VerificationRules,
): string {
  const note = parseNote(noteText);
  const own = note.signatures.filter((line) => isLineOf(line, log)).slice(0, 1);
  const cosigned = rightCosignatures(note, {
    witnesses: cosigners,
    now: rules.now,
    ...engineOf(rules),
  });
  return formatNote({ text: note.text, signatures: [...own, ...cosigned] });
}
