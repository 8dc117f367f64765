/** Witness cosignatures, c2sp.org/tlog-cosignature, Ed25519 (type 0x04). */
import { AttestryError } from '../../errors.ts';
import { concatBytes } from '../bytes/equal.ts';
import { encodeHex, quote } from '../bytes/hex.ts';
import { type SignatureEngine, signatureHolds, signEd25519 } from './ed25519.ts';
import { formatSignatureLine, type Note, type NoteSignature } from './note.ts';
import { cosignatureMessage } from './signable.ts';
import { isLineOf, type NoteSigner, SIGNATURE_TYPE, type VerifierKey } from './vkey.ts';

export interface Cosignature {
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** Unix seconds: by this time the witness had seen no larger and no contradicting checkpoint of this log. */
  readonly time: number;
}

/** How far ahead of the verifier's clock a witness's clock may be, in seconds. */
export const CLOCK_SKEW_SECONDS = 300;
const TIME_BYTES = 8;

/** The signature line, with its newline, of a witness over a checkpoint note's text. `time` in unix seconds, not zero. */
export function signCosignature(noteText: string, time: number, signer: NoteSigner): string {
  const signature = (signer.sign ?? signEd25519)(signer.seed, cosignatureMessage(time, noteText));
  const { name, keyId } = signer.vkey;
  return formatSignatureLine({ name, keyId, signature: concatBytes(encodeTime(time), signature) });
}

export interface CosignatureTrust {
  readonly witnesses: readonly VerifierKey[];
  /** The verifier's clock in unix seconds; without it no cosignature counts as too new. */
  readonly now?: number;
  readonly engine?: SignatureEngine;
}

/**
 * The cosignatures of known witnesses on a note, one per public key, the earliest where a witness signed twice.
 * Lines of unknown keys are ignored: anyone may add them. @throws COSIGNATURE_*
 */
export function verifyCosignatures(note: Note, trust: CosignatureTrust): readonly Cosignature[] {
  const byKey = new Map<string, Cosignature>();
  for (const line of note.signatures) {
    const witness = trust.witnesses.find((key) => isLineOf(line, key));
    if (witness === undefined || witness.type !== SIGNATURE_TYPE.cosignature) continue;
    const cosignature = verifyLine(line, witness, { note, trust });
    const key = encodeHex(witness.publicKey);
    const earlier = byKey.get(key);
    if (earlier === undefined || cosignature.time < earlier.time) byKey.set(key, cosignature);
  }
  return [...byKey.values()];
}

/** The lines of a note that are right cosignatures of known witnesses, the first of each; all others are left out. */
export function rightCosignatures(note: Note, trust: CosignatureTrust): readonly NoteSignature[] {
  const byName = new Map<string, NoteSignature>();
  for (const line of note.signatures) {
    if (!byName.has(line.name) && isRight({ text: note.text, signatures: [line] }, trust)) {
      byName.set(line.name, line);
    }
  }
  return [...byName.values()];
}

function isRight(note: Note, trust: CosignatureTrust): boolean {
  try {
    return verifyCosignatures(note, trust).length > 0;
  } catch (error) {
    if (error instanceof AttestryError) return false;
    throw error;
  }
}

/** A note with further signature lines at its end; lines that are there already are not repeated. */
export function appendSignatures(noteText: string, lines: readonly string[]): string {
  const present = new Set(noteText.split('\n'));
  const added = [...new Set(lines)].filter((line) => !present.has(line.trimEnd()));
  return noteText + added.join('');
}

function verifyLine(
  line: NoteSignature,
  witness: VerifierKey,
  { note, trust }: { note: Note; trust: CosignatureTrust },
): Cosignature {
  const time = decodeTime(line);
  if (trust.now !== undefined && time > trust.now + CLOCK_SKEW_SECONDS) {
    throw new AttestryError(
      'COSIGNATURE_TIME_FUTURE',
      `The cosignature of ${quote(witness.name)} is dated ${time - trust.now} s ahead of this clock.`,
    );
  }
  const message = cosignatureMessage(time, note.text);
  const { publicKey } = witness;
  const signature = line.signature.subarray(TIME_BYTES);
  if (!signatureHolds({ publicKey, message, signature }, trust.engine)) {
    throw new AttestryError(
      'COSIGNATURE_INVALID',
      `The cosignature of ${quote(witness.name)} does not verify.`,
    );
  }
  return { name: witness.name, publicKey, time };
}

function encodeTime(time: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time));
  return bytes;
}

function decodeTime(line: NoteSignature): number {
  const blob = line.signature;
  if (blob.length !== TIME_BYTES + 64) {
    throw new AttestryError(
      'COSIGNATURE_MALFORMED',
      `Expected 8 bytes of time and 64 of signature from ${quote(line.name)}, got ${blob.length} in all.`,
    );
  }
  const time = new DataView(blob.buffer, blob.byteOffset).getBigUint64(0);
  if (time === 0n || time > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new AttestryError(
      'COSIGNATURE_TIME_INVALID',
      `Expected a time from 1 to 2^53-1 from ${quote(line.name)}, got ${time}.`,
    );
  }
  return Number(time);
}
