/**
 * The tally note: a log's signed word on the tally of its first `size` entries. Its origin is `<origin>/tally`; the log's
 * own key signs it, verifiers that rebuilt the tally cosign it as witnesses do a checkpoint.
 */
import { AttestryError } from '../../errors.ts';
import { decodeBase64 } from '../bytes/base64.ts';
import { parseDecimal } from '../bytes/decimal.ts';
import { quote } from '../bytes/hex.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { HASH_LENGTH } from '../merkle/hash.ts';
import { type SignatureEngine, signatureHolds, signEd25519 } from '../note/ed25519.ts';
import { formatSignatureLine, type Note, parseNote } from '../note/note.ts';
import { tallyText } from '../note/signable.ts';
import { isLineOf, type NoteSigner, type VerifierKey } from '../note/vkey.ts';
import { type Sums, TALLY_METRICS } from './sums.ts';

export interface TallyHead {
  /** Of the log. */
  readonly origin: string;
  /** Entries of the log that are tallied. */
  readonly size: number;
  /** RFC 6962 root of the log at that size. */
  readonly logRoot: Uint8Array;
  readonly tallyRoot: Uint8Array;
  /** Leaves of the tally: one for each model of each entry. */
  readonly count: number;
  readonly sums: Sums;
}

export interface SignedTally {
  readonly head: TallyHead;
  readonly note: Note;
}

/** The signed note. */
export function signTally(head: TallyHead, signer: NoteSigner): string {
  const text = textOf(head);
  const signature = (signer.sign ?? signEd25519)(signer.seed, encodeUtf8(text));
  const { name, keyId } = signer.vkey;
  return `${text}\n${formatSignatureLine({ name, keyId, signature })}`;
}

/** The head in a tally note; no signature is verified. @throws NOTE_MALFORMED, TALLY_NOTE_MALFORMED */
export function parseTally(noteText: string): SignedTally {
  const note = parseNote(noteText);
  const head = readHead(note.text);
  // One head has one text: this refuses reordered, repeated and unknown lines at once.
  if (head === undefined || textOf(head) !== note.text) {
    throw new AttestryError(
      'TALLY_NOTE_MALFORMED',
      `Expected the ${5 + TALLY_METRICS.length} lines of a tally note, got ${quote(note.text)}.`,
    );
  }
  return { head, note };
}

/** The tally note, signed by the log. @throws TALLY_NOTE_UNSIGNED and what `parseTally` throws */
export function verifyTallyNote(
  noteText: string,
  vkey: VerifierKey,
  engine?: SignatureEngine,
): SignedTally {
  const signed = parseTally(noteText);
  const message = encodeUtf8(signed.note.text);
  const lines = signed.note.signatures.filter((line) => isLineOf(line, vkey));
  const holds = lines.every(({ signature }) =>
    signatureHolds({ publicKey: vkey.publicKey, message, signature }, engine),
  );
  if (signed.head.origin === vkey.name && lines.length > 0 && holds) return signed;
  throw new AttestryError(
    'TALLY_NOTE_UNSIGNED',
    `Expected a tally note of ${vkey.name} with its own signature, got one of ${quote(signed.head.origin)} that has none, or a wrong one.`,
  );
}

function textOf({ origin, size, logRoot, tallyRoot, count, sums }: TallyHead): string {
  const metrics = TALLY_METRICS.map((metric, i): [string, bigint] => [metric, sums[i] ?? 0n]);
  return tallyText({ origin, size, logRoot, tallyRoot, count, metrics });
}

function readHead(text: string): TallyHead | undefined {
  const [origin = '', size = '', tallyRoot = '', logRoot = '', count = '', ...metrics] = text
    .slice(0, -1)
    .split('\n');
  if (!/.\/tally$/.test(origin) || metrics.length !== TALLY_METRICS.length) return undefined;
  try {
    return {
      origin: origin.slice(0, -'/tally'.length),
      size: parseDecimal(size),
      tallyRoot: readHash(tallyRoot),
      logRoot: readHash(logRoot.replace(/^log /, '')),
      count: parseDecimal(count.replace(/^count /, '')),
      sums: metrics.map((line) => readSum(line)),
    };
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}

function readSum(line: string): bigint {
  const digits = /^\S+ (\d{1,39})$/.exec(line)?.[1] ?? '';
  const value = digits === '' ? -1n : BigInt(digits);
  if (value >= 0n && value < 2n ** 128n) return value;
  throw new AttestryError(
    'TALLY_NOTE_MALFORMED',
    `Expected a metric and its sum, got ${quote(line)}.`,
  );
}

function readHash(text: string): Uint8Array {
  const hash = decodeBase64(text);
  if (hash.length === HASH_LENGTH) return hash;
  throw new AttestryError(
    'TALLY_NOTE_MALFORMED',
    `Expected a hash of 32 bytes, got ${hash.length}.`,
  );
}
