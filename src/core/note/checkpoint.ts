/** Checkpoints, c2sp.org/tlog-checkpoint: the signed head of a log. */
import { AttestryError, type AttestryErrorCode } from '../../errors.ts';
import { decodeBase64 } from '../bytes/base64.ts';
import { parseDecimal } from '../bytes/decimal.ts';
import { bytesEqual } from '../bytes/equal.ts';
import { quote } from '../bytes/hex.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { EMPTY_ROOT, HASH_LENGTH } from '../merkle/hash.ts';
import { nobleEngine, type SignatureEngine, signatureHolds, signEd25519 } from './ed25519.ts';
import { formatSignatureLine, type Note, type NoteSignature, parseNote } from './note.ts';
import { checkpointText } from './signable.ts';
import { isLineOf, type NoteSigner, SIGNATURE_TYPE, type VerifierKey } from './vkey.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

/** The checkpoint in a note; no signature is verified. @throws NOTE_MALFORMED, CHECKPOINT_* */
export function parseCheckpoint(noteText: string): SignedCheckpoint {
  const signed = parseCheckpointClaim(noteText);
  const { size, root } = signed.checkpoint;
  if (size === 0 && !bytesEqual(root, EMPTY_ROOT)) {
    throw malformed('the hash of nothing as the root of an empty log');
  }
  return signed;
}

/**
 * Like `parseCheckpoint`, but an empty log may claim any root: c2sp.org/tlog-witness has a witness judge that
 * last, after signature and size, and answer it otherwise than a note it cannot read.
 */
export function parseCheckpointClaim(noteText: string): SignedCheckpoint {
  const note = parseNote(noteText);
  const [origin = '', size = '', root = '', ...extensions] = note.text.slice(0, -1).split('\n');
  if (origin === '') throw malformed('a line with the origin of the log');
  const checkpoint = { origin, size: readSize(size), root: readRoot(root) };
  if (extensions.length > 0) {
    throw new AttestryError(
      'CHECKPOINT_EXTENSION_UNKNOWN',
      `Expected three lines in the checkpoint of ${quote(origin)}, got ${3 + extensions.length}.`,
    );
  }
  return { checkpoint, note };
}

/** Makes the 64-byte signature of RFC 8032: one and the same, whichever implementation. */
export type SignWithSeed = (seed: Uint8Array, message: Uint8Array) => Uint8Array;

/** The note: the checkpoint's text with the log's own signature. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  signer: NoteSigner,
  sign: SignWithSeed = signer.sign ?? signEd25519,
): string {
  const text = checkpointText(checkpoint.origin, checkpoint.size, checkpoint.root);
  const signature = sign(signer.seed, encodeUtf8(text));
  const line = formatSignatureLine({ name: signer.vkey.name, keyId: signer.vkey.keyId, signature });
  return `${text}\n${line}`;
}

export interface CheckpointTrust {
  /** Keys that may sign for the log; a key's name must be the origin. */
  readonly vkeys: readonly VerifierKey[];
  readonly engine?: SignatureEngine;
}

/**
 * The checkpoint, signed by a key of its log. Lines of unknown keys are ignored; a line of a known key must verify.
 * @throws CHECKPOINT_ORIGIN_UNKNOWN, CHECKPOINT_UNSIGNED, CHECKPOINT_SIGNATURE_INVALID and what `parseCheckpoint` throws
 */
export function verifyCheckpoint(noteText: string, trust: CheckpointTrust): SignedCheckpoint {
  return verifyParsedCheckpoint(parseCheckpoint(noteText), trust);
}

/** The same of a note that is parsed already. @throws what `verifyCheckpoint` throws of one that is in form */
export function verifyParsedCheckpoint(
  signed: SignedCheckpoint,
  trust: CheckpointTrust,
): SignedCheckpoint {
  const { origin } = signed.checkpoint;
  const keys = trust.vkeys.filter(
    (key) => key.name === origin && key.type === SIGNATURE_TYPE.ed25519,
  );
  if (keys.length === 0) {
    throw refusal(
      'CHECKPOINT_ORIGIN_UNKNOWN',
      `Expected a log that is known, got ${quote(origin)}.`,
    );
  }
  verifyLogSignatures(signed.note, keys, trust.engine);
  return signed;
}

/**
 * The lines that these keys signed, one per key, at least one in all. Every line of a known key must verify; lines of
 * other keys are ignored. @throws CHECKPOINT_UNSIGNED, CHECKPOINT_SIGNATURE_INVALID
 */
export function verifyLogSignatures(
  note: Note,
  keys: readonly VerifierKey[],
  engine: SignatureEngine = nobleEngine,
): readonly NoteSignature[] {
  const message = encodeUtf8(note.text);
  const claims = note.signatures.flatMap((line) =>
    keys.filter((key) => isLineOf(line, key)).map((key) => ({ key, line })),
  );
  const name = quote(note.text.slice(0, note.text.indexOf('\n')));
  if (claims.length === 0) {
    throw refusal('CHECKPOINT_UNSIGNED', `Expected a signature of ${name} on its checkpoint.`);
  }
  const lines = new Map<VerifierKey, NoteSignature>();
  for (const { key, line } of claims) {
    const { publicKey } = key;
    if (!signatureHolds({ publicKey, message, signature: line.signature }, engine)) {
      throw refusal('CHECKPOINT_SIGNATURE_INVALID', `The signature of ${name} does not verify.`);
    }
    if (!lines.has(key)) lines.set(key, line);
  }
  return [...lines.values()];
}

function readSize(text: string): number {
  try {
    return parseDecimal(text);
  } catch (cause) {
    throw malformed(`a decimal size, got ${quote(text)}`, cause);
  }
}

function readRoot(text: string): Uint8Array {
  let root: Uint8Array;
  try {
    root = decodeBase64(text);
  } catch (cause) {
    throw malformed(`a root in canonical base64, got ${quote(text)}`, cause);
  }
  if (root.length !== HASH_LENGTH) throw malformed(`a root of 32 bytes, got ${root.length}`);
  return root;
}

function malformed(expected: string, cause?: unknown): AttestryError {
  return refusal('CHECKPOINT_MALFORMED', `Expected a checkpoint with ${expected}.`, cause);
}

function refusal(code: AttestryErrorCode, message: string, cause?: unknown): AttestryError {
  return new AttestryError(code, message, { cause });
}
