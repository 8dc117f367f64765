/** The report: the one answer that the command line, the SDK, the service and the page all give about a file. */
import { type AttestryErrorCode, type Outcome, outcomeOf } from '../../errors.ts';
import { encodeHex } from '../bytes/hex.ts';
import { formatTime, parseTime } from '../bytes/time.ts';
import type { Problem } from '../dossier/problem.ts';
import type { ProvenLog } from '../dossier/verify-tally.ts';
import type { VerifiedReceipt } from '../receipt/verify.ts';
import { contextOf, modelsOf } from '../statement/statement.ts';
import type { VerificationRules, WitnessedCheckpoint } from '../trust/quorum.ts';
import { provenTotals, type ReportedProof, reportProof } from './proven-log.ts';
import { type UsageTotals, usageTotals } from './usage-totals.ts';

export type Judged = 'receipt' | 'dossier' | 'finding';

/** JSON, with nothing in it that was not verified except under `problems`. */
export interface Report {
  readonly type: 'attestry/report';
  readonly version: 1;
  readonly of: Judged;
  readonly outcome: Outcome;
  readonly problems: readonly (Problem & { readonly outcome: Outcome })[];
  /** The file or folder in hand, if one was given and is the model. */
  readonly artifact: 'matches' | 'not given' | 'does not match';
  readonly model: string | null;
  readonly statements: readonly ReportedStatement[];
  readonly logs: readonly ReportedLog[];
  /** Summed from the tally where the file sums usage, else from the statements that it lists. */
  readonly usage: readonly UsageTotals[];
  /** Of each log whose list is proven complete. */
  readonly proven: readonly ReportedProof[];
  /** What held, in sentences. */
  readonly checked: readonly string[];
  /** What this file cannot prove, in sentences. */
  readonly notProven: readonly string[];
  readonly trustRoot: string;
  readonly verifiedAt: string;
}

export interface ReportedStatement {
  readonly origin: string;
  readonly index: number;
  readonly entryHash: string;
  readonly kind: string;
  readonly models: readonly string[];
  readonly operator: string;
  readonly region: string;
  readonly jurisdiction: string;
  readonly issuedAt: string;
  /** When the quorum had seen a checkpoint over the statement: in a receipt an early one, in a dossier the newest one, or an earlier one that the entry names. */
  readonly witnessedAt: string;
  /** How much later than `issuedAt` the statement may have been logged: nothing in the file shows it sooner. */
  readonly maxLateSeconds: number;
  readonly predicate: object;
}

export interface ReportedLog {
  readonly origin: string;
  readonly operator: string;
  readonly region: string;
  readonly size: number;
  readonly root: string;
  readonly witnesses: readonly { readonly name: string; readonly time: string }[];
  readonly witnessedAt: string;
}

export interface Findings {
  readonly of: Judged;
  readonly model: string | null;
  readonly artifact?: Report['artifact'];
  readonly statements?: readonly VerifiedReceipt[];
  readonly checkpoints?: readonly WitnessedCheckpoint[];
  readonly proven?: readonly ProvenLog[];
  readonly problems: readonly Problem[];
  readonly checked: readonly string[];
  readonly notProven: readonly string[];
}

const SEVERITY: readonly Outcome[] = ['VALID', 'INCONCLUSIVE', 'INVALID', 'EQUIVOCATION'];

/** The report on what a verification found; the worst problem is its outcome. */
export function makeReport(found: Findings, rules: VerificationRules): Report {
  const problems = found.problems.map((problem) => ({
    ...problem,
    outcome: outcomeOf(problem.code),
  }));
  const { statements = [], proven = [] } = found;
  return {
    type: 'attestry/report',
    version: 1,
    of: found.of,
    outcome: worstOf(problems.map((problem) => problem.code)),
    problems,
    artifact: found.artifact ?? 'not given',
    model: found.model,
    statements: statements.map(reportStatement),
    logs: (found.checkpoints ?? []).map(reportLog),
    usage: [...usageTotals(statements), ...provenTotals(proven)],
    proven: proven.map(reportProof),
    checked: found.checked,
    notProven: found.notProven,
    trustRoot: rules.trust.digest,
    verifiedAt: formatTime(rules.now),
  };
}

/** VALID without codes, else the worst of their outcomes. */
export function worstOf(codes: readonly AttestryErrorCode[]): Outcome {
  let worst = 0;
  for (const code of codes) worst = Math.max(worst, SEVERITY.indexOf(outcomeOf(code)));
  return SEVERITY[worst] as Outcome;
}

function reportStatement(verified: VerifiedReceipt): ReportedStatement {
  const { statement, index, checkpoint, entryHash } = verified;
  const { operator, region, jurisdiction, issuedAt } = contextOf(statement);
  return {
    origin: checkpoint.log.origin,
    index,
    entryHash: encodeHex(entryHash),
    kind: statement.kind,
    models: modelsOf(statement),
    operator,
    region,
    jurisdiction,
    issuedAt,
    witnessedAt: formatTime(checkpoint.witnessedAt),
    maxLateSeconds: maxLateSeconds(verified),
    predicate: statement.predicate,
  };
}

/** Seconds from when it says that it was issued to when witnesses vouch for it. */
export function maxLateSeconds({
  statement,
  checkpoint,
}: Pick<VerifiedReceipt, 'statement' | 'checkpoint'>): number {
  return Math.max(0, checkpoint.witnessedAt - parseTime(contextOf(statement).issuedAt));
}

/** What a report says of a log whose checkpoint was verified. */
export function reportLog({
  log,
  checkpoint,
  cosignatures,
  witnessedAt,
}: WitnessedCheckpoint): ReportedLog {
  return {
    origin: log.origin,
    operator: log.operator,
    region: log.region,
    size: checkpoint.size,
    root: encodeHex(checkpoint.root),
    witnesses: cosignatures.map(({ name, time }) => ({ name, time: formatTime(time) })),
    witnessedAt: formatTime(witnessedAt),
  };
}
