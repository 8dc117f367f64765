/** What a log answered to a submission, verified: nothing here is said to have worked before it is proven. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { formatCanonicalJson } from '../core/bytes/json.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { leafHash } from '../core/merkle/hash.ts';
import { verifyInclusion } from '../core/merkle/inclusion.ts';
import { parseReceipt, type Receipt } from '../core/receipt/receipt.ts';
import { verifyReceipt } from '../core/receipt/verify.ts';
import { admitEntry } from '../core/statement/admission.ts';
import { type VerificationRules, verifyLogCheckpoint } from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';

/** `committed`: durable and signed by the log. `witnessed`: cosigned by the quorum as well. */
export type EntryState = 'committed' | 'witnessed';

export interface SubmittedEntry {
  readonly receipt: Receipt;
  readonly index: number;
  /** Lowercase hex. */
  readonly entryHash: string;
  /** What the receipt proves. */
  readonly state: EntryState;
}

export interface ExpectedEntry {
  /** The very bytes that were submitted. */
  readonly entry: Uint8Array;
  /** The log that they were submitted to, after `admitEntry`. */
  readonly origin: string;
}

/** The JSON of an answer. @throws RESPONSE_INVALID */
export function parseAnswer(body: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(body));
  } catch (cause) {
    throw invalid('JSON', cause);
  }
}

/** The answer, if its receipt proves what it says of exactly this envelope. @throws RESPONSE_INVALID, every code of verification */
export function verifyAnswer(
  answer: unknown,
  expected: ExpectedEntry,
  rules: VerificationRules,
): SubmittedEntry {
  const { entryHash, index, receipt, state } = readAnswer(answer);
  const submitted = verifyState(
    readReceipt(() => formatCanonicalJson(receipt)),
    state,
    {
      ...rules,
      ...expected,
    },
  );
  if (submitted.entryHash !== entryHash || submitted.index !== index) {
    throw invalid('the index and hash that its own receipt proves');
  }
  return submitted;
}

/** The receipt of a known entry hash, if it proves this state. @throws RESPONSE_INVALID, every code of verification */
export function verifyServedReceipt(
  bytes: Uint8Array,
  asked: { readonly entryHash: string; readonly state: EntryState },
  rules: VerificationRules,
): SubmittedEntry {
  const receipt = readReceipt(() => bytes);
  const { entry } = receipt.envelope;
  if (encodeHex(leafHash(entry)) !== asked.entryHash) throw invalid('the receipt asked for');
  return verifyState(receipt, asked.state, { ...rules, entry });
}

interface StateRules extends VerificationRules {
  readonly entry: Uint8Array;
  readonly origin?: string;
}

function verifyState(receipt: Receipt, state: EntryState, rules: StateRules): SubmittedEntry {
  const { envelope, proof } = receipt;
  if (!bytesEqual(envelope.entry, rules.entry)) throw invalid('the receipt of this envelope');
  const hash = leafHash(envelope.entry);
  const { checkpoint } = verifyLogCheckpoint(proof.checkpoint, rules);
  const { origin, size, root } = checkpoint;
  if (rules.origin !== undefined && origin !== rules.origin) {
    throw invalid(`a checkpoint of ${rules.origin}, got one of ${origin}`);
  }
  verifyInclusion({ leafHash: hash, index: proof.index, size, root, proof: proof.proof });
  if (state === 'witnessed') verifyReceipt(receipt, rules);
  // What was submitted has been admitted before it was sent.
  else if (rules.origin === undefined) admitEntry(envelope.entry, { ...rules, origin });
  return { receipt, index: proof.index, entryHash: encodeHex(hash), state };
}

function readAnswer(answer: unknown): {
  readonly entryHash: string;
  readonly index: number;
  readonly receipt: unknown;
  readonly state: EntryState;
} {
  const fields: Readonly<Record<string, unknown>> =
    typeof answer === 'object' && answer !== null ? { ...answer } : {};
  const { entryHash, index, receipt, state } = fields;
  const isState = state === 'committed' || state === 'witnessed';
  if (typeof entryHash !== 'string' || typeof index !== 'number' || !isState) {
    throw invalid('an entry hash, an index, a receipt and a state');
  }
  return { entryHash, index, receipt, state };
}

function readReceipt(bytesOf: () => Uint8Array): Receipt {
  try {
    return parseReceipt(bytesOf());
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
    throw invalid(`a receipt (${cause.code})`, cause);
  }
}

function invalid(expected: string, cause?: unknown): AttestryError {
  return new AttestryError('RESPONSE_INVALID', `Expected the log to answer with ${expected}.`, {
    cause,
  });
}
