/**
 * Admission: whether an entry may stand in a log. Pure, and the same code at the node that takes the entry, at the
 * verifier that re-checks it and at the auditor. Three steps, since nothing in a payload is read before it is verified:
 * open the envelope, verify its signatures, admit the statement. A meter's continuity is `advanceStream`.
 */
import { AttestryError } from '../../errors.ts';
import { formatTime, parseTime } from '../bytes/time.ts';
import { type HashLeaf, leafHash, type TreeHashes } from '../merkle/hash.ts';
import { CLOCK_SKEW_SECONDS } from '../note/cosignature.ts';
import {
  parseSignature,
  type SignatureClaim,
  type SignatureEngine,
  verifySignature,
} from '../note/ed25519.ts';
import { verifySuccession } from '../trust/retirement.ts';
import type { TrustedOperator, TrustRoot } from '../trust/trust-root.ts';
import { type Envelope, parseEnvelope } from './envelope.ts';
import { contextOf, modelsOf, parseStatement, type Statement } from './statement.ts';

export interface OpenedEntry {
  readonly envelope: Envelope;
  /** RFC 6962 leaf hash of the entry. */
  readonly entryHash: Uint8Array;
  /** The one operator whose keys the signatures claim. */
  readonly operator: TrustedOperator;
  /** To be verified, all of them, before the payload is read. Their signatures have canonical form. */
  readonly claims: readonly SignatureClaim[];
}

export interface AdmittedEntry {
  readonly entry: Uint8Array;
  readonly entryHash: Uint8Array;
  readonly envelope: Envelope;
  readonly statement: Statement;
}

export interface AdmissionRules {
  readonly trust: TrustRoot;
  /** The log that the entry stands in, or is to stand in. */
  readonly origin: string;
  /** Where the entry stands or is to stand, as far as it is known: the first of a successor commits to the log before. */
  readonly index?: number;
  /** Unix seconds: the latest time at which the statement can have been made. */
  readonly now: number;
  /** How far after `now` a statement may be dated, in seconds; CLOCK_SKEW_SECONDS unless told. */
  readonly skewSeconds?: number;
  readonly engine?: SignatureEngine;
  /** The pure ones where none are given. */
  readonly hashes?: TreeHashes;
}

/** All steps at once. @throws every code of the three steps */
export function admitEntry(entry: Uint8Array, rules: AdmissionRules): AdmittedEntry {
  const opened = openEntry(entry, rules.trust, rules.hashes?.leaf);
  for (const claim of opened.claims) verifySignature(claim, rules.engine);
  return admitStatement(opened, rules);
}

/** Step one: structure, and whose signatures these claim to be. @throws ENTRY_TOO_LARGE, JSON_*, ENVELOPE_*, KEY_UNKNOWN, OPERATOR_UNAUTHORIZED, SIGNATURE_MALFORMED */
export function openEntry(
  entry: Uint8Array,
  trust: TrustRoot,
  hashLeaf: HashLeaf = leafHash,
): OpenedEntry {
  const envelope = parseEnvelope(entry);
  const { message } = envelope;
  const signers = envelope.signatures.map(({ keyid, signature }) => {
    const signer = trust.operatorKeys.get(keyid);
    if (signer === undefined) {
      throw new AttestryError(
        'KEY_UNKNOWN',
        `Expected signatures by operators' keys of the trust root, got one by key ${keyid.slice(0, 16)}….`,
      );
    }
    return {
      operator: signer.operator,
      claim: { publicKey: signer.publicKey, message, signature },
    };
  });
  const operator = (signers[0] as (typeof signers)[number]).operator;
  if (signers.some((signer) => signer.operator !== operator)) {
    throw new AttestryError(
      'OPERATOR_UNAUTHORIZED',
      'Expected all signatures to be by one operator.',
    );
  }
  for (const { signature } of envelope.signatures) parseSignature(signature);
  return {
    envelope,
    entryHash: hashLeaf(entry),
    operator,
    claims: signers.map(({ claim }) => claim),
  };
}

/** Step three, for claims that have been verified. @throws STATEMENT_*, USAGE_*, CLAIM_MISMATCH, OPERATOR_UNAUTHORIZED, SUCCESSION_MISMATCH */
export function admitStatement(opened: OpenedEntry, rules: AdmissionRules): AdmittedEntry {
  const statement = parseStatement(opened.envelope.payload);
  const context = contextOf(statement);
  if (context.log !== rules.origin) {
    throw new AttestryError(
      'STATEMENT_LOG_MISMATCH',
      `Expected a statement for log ${rules.origin}, got one for ${context.log}.`,
    );
  }
  const predecessor = rules.trust.logs.get(rules.origin)?.predecessor;
  verifyAuthority(opened.operator, statement, predecessor);
  if (predecessor !== undefined && rules.index === 0) verifySuccession(statement, predecessor);
  const { now, skewSeconds = CLOCK_SKEW_SECONDS } = rules;
  if (parseTime(context.issuedAt) > now + skewSeconds) {
    throw new AttestryError(
      'STATEMENT_TIME_FUTURE',
      `Expected issuedAt not after ${formatTime(now)}, got ${context.issuedAt}.`,
    );
  }
  return {
    entry: opened.envelope.entry,
    entryHash: opened.entryHash,
    envelope: opened.envelope,
    statement,
  };
}

/** `predecessor` is no model: whoever may write to a successor may retire the log before. */
function verifyAuthority(
  operator: TrustedOperator,
  statement: Statement,
  predecessor: string | undefined,
): void {
  const context = contextOf(statement);
  const foreign = modelsOf(statement).find(
    (model) => operator.models?.has(model) === false && model !== predecessor,
  );
  const problem =
    (context.operator !== operator.id && `speak for ${context.operator}`) ||
    (!operator.kinds.includes(statement.kind) && `make ${statement.kind} statements`) ||
    (!operator.logs.includes(context.log) && `write to log ${context.log}`) ||
    (foreign !== undefined && `speak about model ${foreign}`);
  if (problem) {
    throw new AttestryError(
      'OPERATOR_UNAUTHORIZED',
      `The trust root does not let ${operator.id} ${problem}.`,
    );
  }
}
