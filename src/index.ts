/**
 * The SDK: operators state and submit (`signStatement`, `LogClient`) and meter requests (`openMeter`, `normaliseUsage`),
 * customers check what they are billed (`verifyInvoice`), auditors judge (`judge`, `parseTrustRoot`), anyone asks a verifier
 * (`VerifierClient`). `judge` is pure, and gives everyone the same report on the same file.
 */
export { readArtifact, readShardArtifact } from './client/artifact.ts';
export { LogClient, type LogClientOptions, type SubmitOptions } from './client/log-client.ts';
export {
  type DigestOptions,
  digestModel,
  type ModelDigest,
  manifestDigest,
  proveShard,
  subjectOf,
} from './client/model-digest.ts';
export { type NextUsage, nextUsage, signStatement } from './client/operator.ts';
export type { EntryState, SubmittedEntry } from './client/submission-answer.ts';
export type { SubmissionResult } from './client/submission-batch.ts';
export type { FindingList, ModelPage, ModelStatus, NodeList } from './client/verifier-answer.ts';
export { VerifierClient, type VerifierClientOptions } from './client/verifier-client.ts';
export { type Dossier, formatDossier, parseDossier } from './core/dossier/dossier.ts';
export { type Finding, findingId, formatFinding, parseFinding } from './core/finding/finding.ts';
export type { TokenBuckets } from './core/metering/buckets.ts';
export { type CustomerCommitment, verifyCustomer } from './core/metering/customer.ts';
export { formatInvoice, type Invoice, makeInvoice, parseInvoice } from './core/metering/invoice.ts';
export type { InvoiceLine, InvoiceReport } from './core/metering/invoice-report.ts';
export { normaliseUsage, type UsageSource } from './core/metering/normalise.ts';
export {
  formatRequestProof,
  parseRequestProof,
  type RequestProof,
  type VerifiedRequest,
  verifyRequestProof,
} from './core/metering/request-proof.ts';
export {
  formatUsageReceipt,
  parseUsageReceipt,
  type SignedUsageReceipt,
  type UsageReceipt,
  verifyUsageReceipt,
} from './core/metering/usage-receipt.ts';
export { type InvoiceRules, verifyInvoice } from './core/metering/verify-invoice.ts';
export { formatShardProof, parseShardProof, type ShardProof } from './core/model/shard-proof.ts';
export {
  nobleEngine,
  type PublicKey,
  publicKeyOf,
  type SignatureEngine,
} from './core/note/ed25519.ts';
export { formatVkey, makeVkey, parseVkey, type VerifierKey } from './core/note/vkey.ts';
export { formatReceipt, parseReceipt, type Receipt } from './core/receipt/receipt.ts';
export { type VerifiedReceipt, verifyReceipt } from './core/receipt/verify.ts';
export type { Artifact } from './core/report/artifact.ts';
export { type JudgeOptions, judge } from './core/report/judge.ts';
export type { Report } from './core/report/report.ts';
export { keyIdOf } from './core/statement/dsse.ts';
export { type Envelope, parseEnvelope } from './core/statement/envelope.ts';
export type { Subject } from './core/statement/resource.ts';
export {
  formatStatement,
  type Kind,
  parseStatement,
  type Statement,
  type StatementOf,
} from './core/statement/statement.ts';
export type { VerificationRules } from './core/trust/quorum.ts';
export { quorumTolerance } from './core/trust/tolerance.ts';
export type { TrustRootFile } from './core/trust/trust-file.ts';
export {
  parseTrustRoot,
  signTrustRoot,
  type TrustRoot,
} from './core/trust/trust-root.ts';
export { verifyTrustRootUpdate } from './core/trust/update.ts';
export {
  AttestryError,
  type AttestryErrorCode,
  ERROR_TABLE,
  type Outcome,
  outcomeOf,
} from './errors.ts';
export { type OpenedKey, readKeyFile, type SecretKey, writeKeyFile } from './keys/key-file.ts';
export { opensslEngine } from './keys/openssl-engine.ts';
export { systemHashes } from './keys/openssl-hash.ts';
export {
  type Meter,
  type MeteredRequest,
  type MeterOptions,
  type MeterStatus,
  openMeter,
  type RecordedRequest,
} from './meter/meter.ts';
export type { LoggedWindow, SubmitWindow } from './meter/submissions.ts';
