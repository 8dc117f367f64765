/**
 * Asking any C2SP witness (c2sp.org/tlog-witness) for its cosignature. Nothing that a witness answers is believed
 * before its signature has been checked.
 */
import { quote } from '../core/bytes/hex.ts';
import { decodeUtf8, encodeUtf8 } from '../core/bytes/utf8.ts';
import { formatAddCheckpoint } from '../core/note/add-checkpoint.ts';
import {
  type Checkpoint,
  parseCheckpoint,
  type SignedCheckpoint,
} from '../core/note/checkpoint.ts';
import { type Cosignature, verifyCosignatures } from '../core/note/cosignature.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import {
  formatNote,
  formatSignatureLine,
  type Note,
  type NoteSignature,
} from '../core/note/note.ts';
import { originHash } from '../core/note/origin-hash.ts';
import { isLineOf, type VerifierKey } from '../core/note/vkey.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import { type BoundedRequest, boundedFetch, type Fetch } from './bounded-fetch.ts';
import { readWitnessAnswer, type WitnessAnswer } from './witness-answer.ts';

export interface WitnessEndpoint {
  readonly name: string;
  readonly vkey: VerifierKey;
  /** What its paths begin with, with or without a slash at the end. */
  readonly url: string;
}

export interface WitnessClientOptions {
  /** For each exchange; 5,000 unless told. */
  readonly timeoutMs?: number;
  /** The clock in unix seconds; without it no cosignature counts as too new. */
  readonly now?: () => number;
  readonly engine?: SignatureEngine;
  readonly signal?: AbortSignal;
  readonly fetch?: Fetch;
}

export interface CosignatureRequest {
  /** The log's signed checkpoint; cosignatures that it has already are not sent on. */
  readonly checkpoint: string;
  /** The size that the witness is believed to have cosigned last; 0 if unknown. At most the checkpoint's. */
  readonly oldSize: number;
  /** The proof from an older size to the checkpoint's; not asked for from 0. */
  readonly proveConsistency: (
    oldSize: number,
  ) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
}

export interface ReceivedCosignature {
  /** The witness's signature line or lines, each with its newline. */
  readonly lines: string;
  /** Unix seconds. */
  readonly time: number;
}

/** Deployed witnesses read no more. */
const LARGEST_REQUEST = 16 * 1024;
const LARGEST_ANSWER = 64 * 1024;
const LARGEST_CHECKPOINT = 128 * 1024;
const TIMEOUT_MS = 5000;

/**
 * The witness's verified cosignature on the checkpoint. If the witness cosigned another size last than was believed, it
 * is asked once more, with a proof from there.
 * @throws WITNESS_AHEAD with `size` in its details, when the witness says it cosigned more than the checkpoint holds;
 * WITNESS_SIZE_CONFLICT, COSIGNATURE_*, INPUT_TOO_LARGE, and what `readWitnessAnswer` and `boundedFetch` throw
 */
export async function requestCosignature(
  witness: WitnessEndpoint,
  request: CosignatureRequest,
  options: WitnessClientOptions = {},
): Promise<ReceivedCosignature> {
  const { checkpoint, note } = parseCheckpoint(request.checkpoint);
  if (request.oldSize > checkpoint.size) {
    throw new RangeError(
      `Expected an old size of at most ${checkpoint.size}, got ${request.oldSize}.`,
    );
  }
  const submission = { witness, options, request, checkpoint, note: ownPart(checkpoint, note) };
  let answer = await submit(submission, request.oldSize);
  if (answer.conflict !== undefined) {
    if (answer.conflict > checkpoint.size) throw ahead(submission, answer.conflict);
    answer = await submit(submission, answer.conflict);
  }
  if (answer.conflict !== undefined) throw conflictAgain(submission, answer.conflict);
  return receive(submission, answer.lines);
}

/** What a witness cosigned last of a log, for comparing with what the log shows elsewhere. */
export interface SeenCheckpoint extends SignedCheckpoint {
  /** As the witness serves it, with the log's signature; that is not verified. */
  readonly noteText: string;
  /** Unix seconds of the cosignature. */
  readonly time: number;
}

/**
 * What the witness cosigned last of the log, with its cosignature verified; undefined if it never cosigned any.
 * @throws RESPONSE_INVALID, COSIGNATURE_*, and what `boundedFetch` throws
 */
export async function latestSeenBy(
  witness: WitnessEndpoint,
  origin: string,
  options: WitnessClientOptions = {},
): Promise<SeenCheckpoint | undefined> {
  const { status, body } = await boundedFetch(
    joinUrl(witness.url, `${originHash(origin)}/checkpoint`),
    { ...bounds(options), maxBytes: LARGEST_CHECKPOINT },
  );
  if (status === 404) return undefined;
  if (status !== 200) {
    const code = status >= 500 || status === 429 ? 'PEER_UNAVAILABLE' : 'RESPONSE_INVALID';
    throw unusable(witness, `a checkpoint, got status ${status}`, { code });
  }
  const seen = readSeen(witness, body);
  if (seen.checkpoint.origin !== origin) {
    throw unusable(witness, `a checkpoint of ${quote(origin)}, got another log's`);
  }
  return { ...seen, time: ownCosignature(witness, seen.note, options).time };
}

interface Submission {
  readonly witness: WitnessEndpoint;
  readonly options: WitnessClientOptions;
  readonly request: CosignatureRequest;
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

async function submit(submission: Submission, oldSize: number): Promise<WitnessAnswer> {
  const { witness, options, request, checkpoint, note } = submission;
  const proof = oldSize === 0 ? [] : await request.proveConsistency(oldSize);
  const body = formatAddCheckpoint({ oldSize, proof, checkpoint: formatNote(note) });
  if (encodeUtf8(body).length > LARGEST_REQUEST) {
    throw new AttestryError(
      'INPUT_TOO_LARGE',
      `Expected a request to ${quote(witness.name)} of at most ${LARGEST_REQUEST} bytes; witnesses read no more.`,
    );
  }
  const response = await boundedFetch(joinUrl(witness.url, 'add-checkpoint'), {
    ...bounds(options),
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body,
    maxBytes: LARGEST_ANSWER,
  });
  return readWitnessAnswer({ witness: witness.name, size: checkpoint.size, oldSize, response });
}

// Cosignatures of other witnesses say nothing to this one, and four post-quantum ones would fill the request.
function ownPart({ origin }: Checkpoint, note: Note): Note {
  const own = note.signatures.filter((line) => line.name === origin);
  return own.length === 0 ? note : { text: note.text, signatures: own };
}

// The answer is judged as a note of its own, so lines of unknown keys in it are ignored like in any note.
function receive(
  { witness, note, options }: Submission,
  lines: readonly NoteSignature[],
): ReceivedCosignature {
  const own = lines.filter((line) => isLineOf(line, witness.vkey));
  const { time } = ownCosignature(witness, { text: note.text, signatures: own }, options);
  return { lines: own.map(formatSignatureLine).join(''), time };
}

function ownCosignature(
  witness: WitnessEndpoint,
  note: Note,
  { now, engine }: WitnessClientOptions,
): Cosignature {
  const [cosignature] = verifyCosignatures(note, {
    witnesses: [witness.vkey],
    ...(now === undefined ? {} : { now: now() }),
    ...(engine === undefined ? {} : { engine }),
  });
  if (cosignature === undefined)
    throw unusable(witness, 'a line signed with its own key, got none');
  return cosignature;
}

function readSeen(
  witness: WitnessEndpoint,
  body: Uint8Array,
): SignedCheckpoint & { noteText: string } {
  try {
    const noteText = decodeUtf8(body);
    return { ...parseCheckpoint(noteText), noteText };
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
    throw unusable(witness, 'a checkpoint, got something else', { cause });
  }
}

function bounds(
  options: WitnessClientOptions,
): Pick<BoundedRequest, 'timeoutMs' | 'signal' | 'fetch'> {
  const { timeoutMs = TIMEOUT_MS, signal, fetch } = options;
  return {
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
    ...(fetch === undefined ? {} : { fetch }),
  };
}

function joinUrl(prefix: string, path: string): string {
  return `${prefix.replace(/\/+$/, '')}/${path}`;
}

function ahead({ witness, checkpoint }: Submission, size: number): AttestryError {
  return new AttestryError(
    'WITNESS_AHEAD',
    `Witness ${quote(witness.name)} says it cosigned size ${size} of ${quote(checkpoint.origin)}, this checkpoint has ${checkpoint.size}. Look at the checkpoint it serves: the log may have lost entries.`,
    { details: { witness: witness.name, size, checkpointSize: checkpoint.size } },
  );
}

function conflictAgain({ witness }: Submission, size: number): AttestryError {
  return new AttestryError(
    'WITNESS_SIZE_CONFLICT',
    `Witness ${quote(witness.name)} named another size each time, ${size} at last; someone else submits for this log too. Try again.`,
    { details: { witness: witness.name, size } },
  );
}

function unusable(
  witness: WitnessEndpoint,
  expected: string,
  { code = 'RESPONSE_INVALID', cause }: { code?: AttestryErrorCode; cause?: unknown } = {},
): AttestryError {
  return new AttestryError(code, `Expected from witness ${quote(witness.name)} ${expected}.`, {
    cause,
    details: { witness: witness.name },
  });
}
