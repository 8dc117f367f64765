/** Signed notes, c2sp.org/signed-note: text, a blank line, then signature lines `— <name> <base64>`. */
import { AttestryError } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { concatBytes } from '../bytes/equal.ts';
import { quote } from '../bytes/hex.ts';
import { isKeyName } from './vkey.ts';

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  /** What follows the key ID: 64 bytes for Ed25519, 72 for a cosignature, more for types we do not know. */
  readonly signature: Uint8Array;
}

export interface Note {
  /** Ends in a newline; exactly what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const LONGEST_NOTE = 128 * 1024;
const MOST_SIGNATURES = 100;
const SIGNATURE_LINE = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/;
// ASCII control characters except newline (c2sp.org/signed-note), and lone surrogates, which UTF-8 cannot write.
const UNWRITABLE = /[^\P{Cc}\n\u007f-\u009f]|\p{Cs}/u;

/** @throws NOTE_MALFORMED */
export function parseNote(note: string): Note {
  if (note.length > LONGEST_NOTE) throw malformed(`at most ${LONGEST_NOTE} characters`);
  if (UNWRITABLE.test(note)) {
    throw malformed('no control characters except newlines');
  }
  // The text may contain blank lines itself; signature lines may not: the last one divides.
  const divide = note.lastIndexOf('\n\n');
  if (divide < 0 || !note.endsWith('\n'))
    throw malformed('a text, a blank line and signature lines');
  const signatures = parseSignatureLines(note.slice(divide + 2));
  if (signatures.length === 0) throw malformed('at least one signature line');
  return { text: note.slice(0, divide + 1), signatures };
}

export function formatNote(note: Note): string {
  return `${note.text}\n${note.signatures.map(formatSignatureLine).join('')}`;
}

/** Signature lines alone, as a witness answers them. @throws NOTE_MALFORMED */
export function parseSignatureLines(text: string): readonly NoteSignature[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw malformed('signature lines that end in a newline');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > MOST_SIGNATURES) throw malformed(`at most ${MOST_SIGNATURES} signature lines`);
  return lines.map(parseSignatureLine);
}

/** The line with its newline. */
export function formatSignatureLine(signature: NoteSignature): string {
  return `— ${signature.name} ${encodeBase64(concatBytes(signature.keyId, signature.signature))}\n`;
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name, blobText] = SIGNATURE_LINE.exec(line) ?? [];
  if (name === undefined || blobText === undefined || !isKeyName(name)) {
    throw malformed(`signature lines like "— name base64", got ${quote(line)}`);
  }
  let blob: Uint8Array;
  try {
    blob = decodeBase64(blobText);
  } catch (cause) {
    throw malformed(`canonical base64 in the signature line of ${quote(name)}`, cause);
  }
  if (blob.length < 5) throw malformed(`a key ID and a signature in the line of ${quote(name)}`);
  return { name, keyId: blob.subarray(0, 4), signature: blob.subarray(4) };
}

function malformed(expected: string, cause?: unknown): AttestryError {
  return new AttestryError('NOTE_MALFORMED', `Expected a signed note with ${expected}.`, { cause });
}
