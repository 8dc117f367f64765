/** Notes of any text with good signatures: what a dishonest log or witness could publish. */
import { concatBytes } from '../../src/core/bytes/equal.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { signEd25519 } from '../../src/core/note/ed25519.ts';
import {
  formatNote,
  formatSignatureLine,
  type NoteSignature,
  parseNote,
} from '../../src/core/note/note.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';

/** A note of any text with a good signature. */
export function signText(text: string, signer: NoteSigner): string {
  const { name, keyId } = signer.vkey;
  const signature = signEd25519(signer.seed, encodeUtf8(text));
  return formatNote({ text, signatures: [{ name, keyId, signature }] });
}

/** The note with the signatures of its lines replaced; the index tells which. */
export function withSignatures(
  note: string,
  change: (signature: Uint8Array, index: number) => Uint8Array,
): string {
  const { text, signatures } = parseNote(note);
  return formatNote({
    text,
    signatures: signatures.map(
      (line, i): NoteSignature => ({
        ...line,
        signature: change(line.signature, i),
      }),
    ),
  });
}

/** A cosignature line over the note at any time, zero included. */
export function cosignatureLine(note: string, time: bigint, { vkey, seed }: NoteSigner): string {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, time);
  const message = encodeUtf8(`cosignature/v1\ntime ${time}\n${parseNote(note).text}`);
  return signatureLine(concatBytes(head, signEd25519(seed, message)), { vkey, seed });
}

/** A line of the signer over any blob after the key ID. */
export function signatureLine(signature: Uint8Array, { vkey }: NoteSigner): string {
  return formatSignatureLine({ name: vkey.name, keyId: vkey.keyId, signature });
}
