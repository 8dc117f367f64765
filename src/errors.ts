/**
 * Every error that Attestry raises on purpose: one class, one table of codes.
 *
 * A code reads SUBJECT_PROBLEM. The table gives, for each code, the outcome that a verification ends with
 * when it fails with that code, and one sentence of meaning that the docs repeat.
 */

/** How a verification ends. Process exit codes: VALID 0, INVALID 1, INCONCLUSIVE 2, EQUIVOCATION 3. */
export type Outcome = 'VALID' | 'INVALID' | 'INCONCLUSIVE' | 'EQUIVOCATION';

interface ErrorKind {
  readonly outcome: Exclude<Outcome, 'VALID'>;
  readonly means: string;
}

const invalid = (means: string): ErrorKind => ({ outcome: 'INVALID', means });
const inconclusive = (means: string): ErrorKind => ({ outcome: 'INCONCLUSIVE', means });
const equivocation = (means: string): ErrorKind => ({ outcome: 'EQUIVOCATION', means });

export const ERROR_TABLE = {
  // Text and numbers
  INPUT_TOO_LARGE: invalid('The input is larger than the format allows.'),
  INPUT_NOT_UTF8: invalid('The bytes are not valid UTF-8, or start with a byte order mark.'),
  JSON_MALFORMED: invalid('The text is not JSON.'),
  JSON_NOT_CANONICAL: invalid(
    'The JSON is not in RFC 8785 form (this also catches duplicate keys and rounded numbers).',
  ),
  JSON_KEY_FORBIDDEN: invalid('An object has a key named __proto__, constructor or prototype.'),
  JSON_TOO_DEEP: invalid('The JSON is nested deeper than 32 levels.'),
  JSON_NUMBER_UNSAFE: invalid('A JSON number is not an integer between -(2^53-1) and 2^53-1.'),
  BASE64_MALFORMED: invalid('The text is not canonical standard base64 with padding.'),
  HEX_MALFORMED: invalid('The text is not lowercase hexadecimal of the expected length.'),
  DECIMAL_MALFORMED: invalid('The text is not a decimal without sign, leading zeros or spaces.'),
  TIME_MALFORMED: invalid(
    'The time is not RFC 3339 UTC with whole seconds (2026-10-01T12:00:00Z).',
  ),

  // Keys and signatures
  KEY_MALFORMED: invalid(
    'The Ed25519 key is not canonical, is of small order, or has a torsion component.',
  ),
  KEY_UNKNOWN: invalid('No key of the trust root made this signature.'),
  KEY_OUT_OF_WINDOW: invalid(
    'The statement was witnessed before its key was valid, or when it no longer was.',
  ),
  KEY_REVOKED: invalid(
    'The statement stands behind the size of the log at which its key is revoked.',
  ),
  SIGNATURE_MALFORMED: invalid('The signature is not 64 bytes, or its S or R is not canonical.'),
  SIGNATURE_INVALID: invalid('The signature does not verify under the key that it names.'),
  SIGNATURE_DUPLICATE: invalid('Signatures are not in ascending order of key, one per key.'),
  KEY_FILE_MALFORMED: invalid('The key file is not one that attestry keygen writes.'),
  KEY_FILE_EXPOSED: invalid('The key file can be read by other users of this machine.'),
  PASSPHRASE_WRONG: invalid('The passphrase does not open the key file.'),

  // Envelope and statement
  ENTRY_TOO_LARGE: invalid('The entry is longer than 65,535 bytes.'),
  ENVELOPE_MALFORMED: invalid('The DSSE envelope has missing, wrong or unknown fields.'),
  ENVELOPE_PAYLOAD_TYPE: invalid('The payloadType is not application/vnd.in-toto+json.'),
  STATEMENT_MALFORMED: invalid('A field of the statement is missing, unknown or out of range.'),
  STATEMENT_TYPE_UNKNOWN: invalid('The statement is not an in-toto Statement v1.'),
  PREDICATE_TYPE_UNKNOWN: invalid('The predicate type is not one that Attestry knows.'),
  MODEL_MALFORMED: invalid(
    'The model has no files, a file twice, or a file name that leads out of it.',
  ),
  SUBJECT_MISMATCH: invalid(
    'The file or folder in hand is not the model that the statement names.',
  ),
  SHARD_MISMATCH: invalid('The shard in hand is not part of the model that the statement names.'),
  SHARD_PROOF_MALFORMED: invalid(
    'The shard proof has missing, wrong or unknown fields, or an unknown version.',
  ),
  OPERATOR_UNAUTHORIZED: invalid('The key may not say this for this operator on this log.'),
  STATEMENT_LOG_MISMATCH: invalid('The statement was made for another log.'),
  STATEMENT_TIME_FUTURE: invalid('The statement is dated after the time at which it was seen.'),
  CLAIM_MISMATCH: invalid(
    'An evaluation claim says passed against its own numbers, or the reverse.',
  ),
  USAGE_SUM_MISMATCH: invalid('The buckets of a usage statement do not add up to its totals.'),
  USAGE_WINDOW_INVALID: invalid(
    'The usage window is empty, crosses a UTC hour, or ends in the future.',
  ),
  STREAM_SEQUENCE_MISMATCH: invalid('The usage statement is not the next one of its meter.'),
  STREAM_PREVIOUS_MISMATCH: invalid('The usage statement does not commit to the one before it.'),
  STREAM_WINDOW_OVERLAP: invalid(
    'The usage window starts before the previous window of its meter ended.',
  ),
  STREAM_MODEL_CHANGED: invalid('A meter counts one model; the statement names another.'),

  // Signed notes
  NOTE_MALFORMED: invalid('The signed note does not follow c2sp.org/signed-note.'),
  VKEY_MALFORMED: invalid('The verifier key is malformed, or its key ID does not match.'),
  CHECKPOINT_MALFORMED: invalid('The checkpoint does not follow c2sp.org/tlog-checkpoint.'),
  CHECKPOINT_EXTENSION_UNKNOWN: invalid('The checkpoint carries extension lines.'),
  CHECKPOINT_ORIGIN_UNKNOWN: invalid(
    'The checkpoint is of a log that the trust root does not name.',
  ),
  CHECKPOINT_UNSIGNED: invalid('The checkpoint carries no signature of its log.'),
  CHECKPOINT_SIGNATURE_INVALID: invalid('A signature of a known key on the checkpoint is wrong.'),
  COSIGNATURE_MALFORMED: invalid('The cosignature is not 8 bytes of time and 64 of signature.'),
  COSIGNATURE_INVALID: invalid("A known witness's cosignature does not verify."),
  COSIGNATURE_TIME_INVALID: invalid('The cosignature carries time zero or one beyond 2^53-1.'),
  COSIGNATURE_TIME_FUTURE: invalid('The cosignature is dated more than 300 s in the future.'),
  LOG_OUT_OF_WINDOW: invalid(
    'The checkpoint was witnessed before its log was valid, or when it no longer was.',
  ),
  LOG_RETIRED: invalid(
    'The log is retired: it takes no more statements, and nothing counts behind its final checkpoint.',
  ),
  SUCCESSION_MISMATCH: invalid(
    'The first entry of the log does not commit to the final checkpoint of the log that it succeeds.',
  ),
  QUORUM_SHORT: inconclusive('Fewer organisations than the quorum have cosigned the checkpoint.'),
  CHECKPOINT_UNPUBLISHED: inconclusive('No checkpoint of this log has reached the quorum yet.'),
  CHECKPOINT_STALE: inconclusive('The newest cosigned checkpoint is older than the asked-for age.'),

  // Merkle proofs
  HASH_MALFORMED: invalid('A hash in a proof is not 32 bytes of canonical base64.'),
  INCLUSION_INDEX_OUT_OF_RANGE: invalid('The index is not below the size of the tree.'),
  INCLUSION_LENGTH_WRONG: invalid(
    'The inclusion proof has more or fewer hashes than RFC 6962 demands.',
  ),
  INCLUSION_ROOT_MISMATCH: invalid(
    'The inclusion proof does not lead to the root of the checkpoint.',
  ),
  CONSISTENCY_SIZE_INVALID: invalid('The sizes of the consistency proof are not in order.'),
  CONSISTENCY_LENGTH_WRONG: invalid(
    'The consistency proof has more or fewer hashes than RFC 6962 demands.',
  ),
  CONSISTENCY_ROOT_MISMATCH: invalid('The consistency proof does not connect the two roots.'),
  PROOF_MALFORMED: invalid('The proof does not follow c2sp.org/tlog-proof.'),

  // Tally
  USAGE_RANGE_INVALID: invalid(
    'The stretch of time does not begin and end at UTC hours, or is too finely divided.',
  ),
  TALLY_UNPUBLISHED: inconclusive('The log has not published a tally yet.'),
  TALLY_MISSING: inconclusive(
    'The dossier brings no tally of this log: its list is not proven complete.',
  ),
  TALLY_CHECKPOINT_MISMATCH: invalid(
    'The tally is not of the same entries as the checkpoint beside it.',
  ),
  TALLY_CONTRADICTION: equivocation('The log signed a tally that its own entries do not give.'),
  VERIFIER_QUORUM_SHORT: inconclusive(
    'Fewer organisations than the quorum have cosigned the tally.',
  ),
  DOSSIER_INCOMPLETE: invalid(
    'The dossier does not hold exactly the statements that the tally lists.',
  ),
  TALLY_NOTE_MALFORMED: invalid('The note is not a tally note.'),
  TALLY_NOTE_UNSIGNED: invalid('The tally note does not carry a right signature of its log.'),
  TALLY_PROOF_MALFORMED: invalid('The bytes are not a tally proof.'),
  TALLY_PROOF_INVALID: invalid(
    'The tally proof opens too little, too much, or a node in the wrong place.',
  ),
  TALLY_ROOT_MISMATCH: invalid('The tally proof does not lead to the tally root.'),
  TALLY_OVERFLOW: invalid('A sum or count of the tally is beyond its range.'),

  // Metering
  METERING_USAGE_MALFORMED: invalid(
    'The usage of a request is negative, not whole, does not add up, or has a shape that is not known.',
  ),
  METER_REQUEST_CONFLICT: invalid('The request was metered before, with other numbers.'),
  METER_REQUEST_UNKNOWN: inconclusive('The meter has no such request.'),
  METER_WINDOW_OPEN: inconclusive('The window of the request is not in the log yet.'),
  METER_STREAM_DIVERGED: invalid('The log holds other statements of this meter than it has made.'),
  METER_ERASURE_INCOMPLETE: inconclusive('Bytes that were to be erased are still on the disk.'),
  CUSTOMER_MISMATCH: invalid('The commitment is not to this customer under this salt.'),
  USAGE_RECEIPT_MALFORMED: invalid('The usage receipt has missing, wrong or unknown fields.'),
  USAGE_RECEIPT_UNFULFILLED: invalid(
    'What is logged contradicts a usage receipt that the operator signed: the request was dropped or altered.',
  ),
  USAGE_RECEIPT_UNPROVEN: inconclusive(
    'No proof was given that the usage receipt stands in a logged window; the operator owes one.',
  ),
  REQUEST_PROOF_MALFORMED: invalid(
    'The request proof has missing, wrong or unknown fields, or an unknown version.',
  ),
  REQUEST_PROOF_INVALID: invalid('The path of the request proof has a wrong length or wrong sums.'),
  REQUEST_TREE_MISMATCH: invalid(
    'The path of the request proof does not lead to the root and the sums that the window states.',
  ),
  REQUEST_WINDOW_MISMATCH: invalid('The usage receipt does not belong to the window shown.'),
  INVOICE_MALFORMED: invalid(
    'The invoice has missing, wrong or unknown fields, or an unknown version.',
  ),
  INVOICE_REQUEST_DUPLICATE: invalid('The invoice counts a request twice.'),
  INVOICE_TOTAL_MISMATCH: invalid(
    'The total of the invoice is not the sum of its proven requests.',
  ),

  // Tiles and stored logs
  TILE_PATH_MALFORMED: invalid('The tile path does not follow c2sp.org/tlog-tiles.'),
  TILE_MISSING: invalid('A tile that the size of the log requires is not there.'),
  TILE_LENGTH_WRONG: invalid('A tile is not as long as its width demands.'),
  TILE_HASH_MISMATCH: invalid('A tile hash is not the hash of the tile below it.'),
  BUNDLE_MALFORMED: invalid('The entry bundle does not decode to exactly its number of entries.'),
  ENTRY_HASH_MISMATCH: invalid('A stored entry does not hash to its leaf in the tree.'),
  ENTRY_DUPLICATE: invalid('The same entry is in the log twice.'),
  ENTRY_INADMISSIBLE: invalid('The log holds an entry that admission must refuse.'),
  ROOT_MISMATCH: invalid('The root derived from the entries is not the root that was signed.'),
  TABLE_MISMATCH: invalid('A look-up table of the database disagrees with the entries.'),
  HEAD_ROLLBACK: invalid(
    'The database is behind the head lock: a backup was restored or data was lost.',
  ),
  HEAD_FORK: invalid('The database and the head lock hold different histories.'),
  HEAD_CONFLICT: invalid('The head lock changed underneath: another process writes this log.'),
  HEAD_MALFORMED: invalid('The head lock file is damaged.'),
  WITNESS_AHEAD: invalid('A witness has cosigned more of this log than this database holds.'),
  STORE_LOCKED: inconclusive('Another process holds the data folder.'),
  STORE_FAILED: inconclusive('The disk or the database refused an operation.'),
  STORE_CORRUPT: inconclusive('Stored state is damaged on this machine.'),

  // Trust root, receipt, dossier, finding
  TRUST_MALFORMED: invalid('The trust root has missing, wrong or unknown fields.'),
  TRUST_KEY_DUPLICATE: invalid('The trust root uses one key for two parties.'),
  TRUST_QUORUM_WEAK: invalid('The quorum tolerates no dishonest witness.'),
  TRUST_THRESHOLD_SHORT: invalid('Too few root keys have signed the trust root.'),
  TRUST_VERSION_BACK: invalid(
    'The trust root is not newer than the one that is held, and is another.',
  ),
  TRUST_VERSION_SKIPPED: invalid(
    'Versions between the trust root that is held and this one are missing.',
  ),
  TRUST_PREVIOUS_MISMATCH: invalid('The trust root follows another one than the one that is held.'),
  TRUST_DIGEST_MISMATCH: invalid('The trust root does not have the digest that was asked for.'),
  TRUST_EXPIRED: inconclusive('The trust root has expired.'),
  RECEIPT_MALFORMED: invalid(
    'The receipt has missing, wrong or unknown fields, or an unknown version.',
  ),
  DOSSIER_MALFORMED: invalid(
    'The dossier has missing, wrong or unknown fields, or an unknown version.',
  ),
  DOSSIER_MODEL_MISMATCH: invalid('The dossier holds an entry that is not about its model.'),
  STATEMENTS_COUNTED: inconclusive(
    'The dossier counts statements without showing them, so they have not been checked.',
  ),
  DOSSIER_LOG_MISSING: inconclusive('The dossier leaves out a log of the trust root.'),
  FINDING_MALFORMED: invalid(
    'The finding has missing, wrong or unknown fields, or an unknown version.',
  ),
  FINDING_UNATTRIBUTED: inconclusive(
    'The evidence shows a fault, but that the log is to blame rests on the word of the verifier.',
  ),
  TALLY_COSIGNED_WRONG: equivocation(
    'A verifier cosigned a tally that the entries of the log do not give.',
  ),
  WITNESS_CONTRADICTION: equivocation(
    'One witness cosigned two checkpoints of one log that contradict each other.',
  ),
  WITNESS_ROLLBACK: equivocation(
    'One witness cosigned a smaller tree of a log after a larger one.',
  ),
  FINDING_UNPROVEN: invalid('The evidence does not prove what the finding accuses.'),
  CHECKPOINT_CONTRADICTION: equivocation(
    'One log signed two checkpoints that contradict each other.',
  ),
  MODEL_UNKNOWN: inconclusive('No statement about this model was found.'),
  MODEL_WITHDRAWN: invalid('A logged revocation withdraws this model.'),
  STATEMENT_WITHDRAWN: invalid('A logged revocation withdraws this statement.'),

  // Network
  REQUEST_MALFORMED: invalid('The request does not follow the API.'),
  REQUEST_TIMEOUT: inconclusive('The request did not arrive in full within its time limit.'),
  MEDIA_TYPE_UNSUPPORTED: invalid('The content type is not one that this route takes.'),
  BATCH_TOO_LARGE: invalid('The request carries more than 1,000 envelopes.'),
  ROUTE_UNKNOWN: invalid('There is no such route.'),
  ENTRY_UNKNOWN: inconclusive('The log holds no such entry.'),
  FINDING_UNKNOWN: inconclusive('The verifier holds no such finding.'),
  QUEUE_FULL: inconclusive(
    'The log takes no more work at the moment; try again after Retry-After.',
  ),
  RATE_LIMITED: inconclusive(
    'The operator or address sends more than its share; try again after Retry-After.',
  ),
  NODE_STOPPING: inconclusive('The node is shutting down.'),
  WITNESS_TIMEOUT: inconclusive(
    'The entry is committed, but too few witnesses have answered in time.',
  ),
  WITNESS_ORIGIN_UNKNOWN: invalid('The witness does not know this log.'),
  WITNESS_SIZE_CONFLICT: invalid('The old size is not the size that the witness cosigned last.'),
  WITNESS_PROOF_INVALID: invalid(
    'The consistency proof does not connect to what the witness cosigned.',
  ),
  PEER_UNAVAILABLE: inconclusive('A node did not answer in time, or not at all.'),
  RESPONSE_INVALID: inconclusive(
    'A node answered with something that the protocol does not allow.',
  ),
  RESPONSE_TOO_LARGE: inconclusive('A node answered with more bytes than the resource can have.'),
  CONFIG_INVALID: inconclusive('A setting is missing or wrong.'),
  FILE_UNREADABLE: inconclusive('A file cannot be read or written.'),
  INTERNAL: inconclusive('A defect in Attestry itself.'),
} as const satisfies Record<string, ErrorKind>;

export type AttestryErrorCode = keyof typeof ERROR_TABLE;

/** Structured facts for machines, beside the sentence for people: sizes, indexes, expected values. */
export type ErrorDetails = Readonly<Record<string, string | number | null>>;

export interface AttestryErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
}

/** The one error class. The message says what was expected, what came, and what to do. */
export class AttestryError extends Error {
  override readonly name = 'AttestryError';
  readonly code: AttestryErrorCode;
  readonly details: ErrorDetails;

  constructor(code: AttestryErrorCode, message: string, options: AttestryErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The outcome that a verification ends with when it fails with this code. */
export function outcomeOf(code: AttestryErrorCode): Exclude<Outcome, 'VALID'> {
  return ERROR_TABLE[code].outcome;
}

/** What `run` gives, or the coded error that it throws. @throws everything else */
export function refusalOf<T>(run: () => T): T | AttestryError {
  try {
    return run();
  } catch (error) {
    if (error instanceof AttestryError) return error;
    throw error;
  }
}
