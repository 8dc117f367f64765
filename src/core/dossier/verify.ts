/** The one function that judges a dossier. What fails in one log is a problem of that log; the worst problem decides. */
import { AttestryError } from '../../errors.ts';
import { encodeHex } from '../bytes/hex.ts';
import { type VerifiedFinding, verifyFinding } from '../finding/verify.ts';
import { verifyInclusion } from '../merkle/inclusion.ts';
import { type VerifiedReceipt, verifySighting } from '../receipt/verify.ts';
import { admitEntry } from '../statement/admission.ts';
import { modelsOf } from '../statement/statement.ts';
import {
  type VerificationRules,
  verifyFreshness,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../trust/quorum.ts';
import { isFinal } from '../trust/retirement.ts';
import { verifyUnexpired } from '../trust/update.ts';
import type { Dossier, DossierEntry, DossierLog } from './dossier.ts';
import { verifyEarlierCheckpoints, verifyEarlierSighting } from './earlier.ts';
import { streamProblems, withdrawals } from './history.ts';
import { type Problem, problemsOf } from './problem.ts';
import { type ProvenLog, verifyLogTally } from './verify-tally.ts';

export interface VerifiedDossier {
  readonly model: string;
  readonly checkpoints: readonly WitnessedCheckpoint[];
  readonly statements: readonly VerifiedReceipt[];
  /** What the tallies prove, of each log that brings one that holds. */
  readonly proven: readonly ProvenLog[];
  readonly findings: readonly VerifiedFinding[];
  readonly problems: readonly Problem[];
}

/** Everything in the dossier that holds, and every check that does not. Nothing is thrown for a single log's fault. */
export function verifyDossier(dossier: Dossier, rules: VerificationRules): VerifiedDossier {
  const run: Run = { dossier, rules, checkpoints: [], statements: [], proven: [], problems: [] };
  const { problems, statements } = run;
  problems.push(...missingLogs(dossier, rules));
  for (const log of dossier.logs) if ('checkpoint' in log) verifyShownLog(log, run);
  const findings = dossier.findings.flatMap((finding) => {
    const verified = attempt(run, finding.origin, () => verifyFinding(finding, rules));
    if (verified === undefined) return [];
    problems.push(...problemsOf(verified));
    return [verified];
  });
  attempt(run, null, () => verifyUnexpired(rules.trust, rules.now));
  for (const problem of streamProblems(statements)) problems.push(problem);
  for (const problem of withdrawals(dossier.model, statements)) problems.push(problem);
  const { checkpoints, proven } = run;
  const isUsed = proven.some(({ stretches }) => stretches.some(({ windows }) => windows > 0));
  if (statements.length === 0 && problems.length === 0 && !isUsed) {
    problems.push(unknownModel(dossier.model));
  }
  return { model: dossier.model, checkpoints, statements, proven, findings, problems };
}

/** What has been found so far. */
interface Run {
  readonly dossier: Dossier;
  readonly rules: VerificationRules;
  readonly checkpoints: WitnessedCheckpoint[];
  readonly statements: VerifiedReceipt[];
  readonly proven: ProvenLog[];
  readonly problems: Problem[];
}

type ShownLog = Extract<DossierLog, { checkpoint: string }>;

function verifyShownLog(log: ShownLog, run: Run): void {
  const { rules } = run;
  const checkpoint = attempt(run, log.origin, () => verifyLogOf(log, rules));
  if (checkpoint === undefined) return;
  run.checkpoints.push(checkpoint);
  attempt(run, log.origin, () => verifyFreshness(checkpoint, rules));
  attempt(run, log.origin, () => verifyEnd(checkpoint));
  const listed = verifyEntries(log, checkpoint, run);
  const whole = attempt(run, log.origin, () =>
    verifyComplete(log, { checkpoint, statements: listed }, run),
  );
  if (whole === undefined) return;
  run.proven.push(whole);
  attempt(run, log.origin, () => verifyListed(whole));
}

/** What is only counted has not been checked: neither whose it is nor what it says. @throws STATEMENTS_COUNTED */
function verifyListed({ counted, checkpoint }: ProvenLog): void {
  const statements = counted.reduce((sum, kind) => sum + kind.statements, 0);
  if (statements === 0) return;
  throw new AttestryError(
    'STATEMENTS_COUNTED',
    `Expected the statements on ${checkpoint.log.origin}, got only their number, ${statements}.`,
    { details: { statements } },
  );
}

/** Every entry that the log holds; those whose keys counted when witnesses saw them become statements of the run. */
function verifyEntries(
  log: ShownLog,
  checkpoint: WitnessedCheckpoint,
  run: Run,
): readonly VerifiedReceipt[] {
  const { rules, dossier } = run;
  const earlier = attempt(run, log.origin, () => verifyEarlierCheckpoints(log, checkpoint, rules));
  const entryRules = { ...rules, model: dossier.model, shown: new Set<string>() };
  return log.entries.flatMap((entry) => {
    const listed = attempt(run, log.origin, () => verifyEntry(entry, checkpoint, entryRules));
    if (listed === undefined) return [];
    const counted = attempt(run, log.origin, () => {
      const seen = verifyEarlierSighting(listed, entry.earlier, earlier);
      return seen && verifySighting(seen, rules.trust);
    });
    if (counted !== undefined) run.statements.push(counted);
    // By a key that did not count any more, an entry is in the log and in its tally all the same.
    return [listed];
  });
}

/** What `verify` gives; undefined, and a problem of the log or of none, where it refuses. */
function attempt<T>(run: Run, origin: string | null, verify: () => T): T | undefined {
  try {
    return verify();
  } catch (error) {
    if (!(error instanceof AttestryError)) throw error;
    run.problems.push({ code: error.code, message: error.message, origin });
    return undefined;
  }
}

/** What the log's tally proves; undefined where there is none and the trust root asks for none. @throws TALLY_MISSING */
function verifyComplete(
  log: ShownLog,
  shown: {
    readonly checkpoint: WitnessedCheckpoint;
    readonly statements: readonly VerifiedReceipt[];
  },
  { dossier, rules }: Run,
): ProvenLog | undefined {
  const { model, range = null } = dossier;
  if (log.tally !== undefined) return verifyLogTally(log.tally, shown, { ...rules, model, range });
  if (rules.trust.verifierQuorum === 0 && range === null) return undefined;
  const why = log.untallied?.message ?? 'ask the verifier again.';
  throw new AttestryError('TALLY_MISSING', `The dossier brings no tally of ${log.origin}: ${why}`);
}

function* missingLogs(dossier: Dossier, rules: VerificationRules): Iterable<Problem> {
  const shown = new Map(dossier.logs.map((log) => [log.origin, log]));
  if (shown.size !== dossier.logs.length) {
    throw new AttestryError('DOSSIER_MALFORMED', 'Expected every log once in the dossier.');
  }
  for (const origin of rules.trust.logs.keys()) {
    const log = shown.get(origin);
    if (log === undefined) {
      const message = `The dossier says nothing about ${origin}; ask the verifier again.`;
      yield { code: 'DOSSIER_LOG_MISSING', message, origin };
    } else if ('missing' in log) {
      const message = `${origin} could not be included: ${log.missing.message}`;
      yield { code: 'DOSSIER_LOG_MISSING', message, origin };
    }
  }
}

function verifyLogOf(log: ShownLog, rules: VerificationRules): WitnessedCheckpoint {
  const checkpoint = verifyWitnessedCheckpoint(log.checkpoint, rules);
  if (checkpoint.checkpoint.origin !== log.origin) {
    throw new AttestryError(
      'DOSSIER_MALFORMED',
      `Expected a checkpoint of ${log.origin}, got one of ${checkpoint.checkpoint.origin}.`,
    );
  }
  const unordered = log.entries.some(
    ({ index }, i) => i > 0 && index <= (log.entries[i - 1]?.index ?? -1),
  );
  if (unordered) {
    throw new AttestryError(
      'DOSSIER_MALFORMED',
      `Expected the entries of ${log.origin} in ascending order, each once.`,
    );
  }
  return checkpoint;
}

/** The checkpoint, if it is the final one of a log that is retired. @throws CHECKPOINT_STALE */
function verifyEnd(checkpoint: WitnessedCheckpoint): WitnessedCheckpoint {
  const { log } = checkpoint;
  if (log.retired === undefined || isFinal(checkpoint.checkpoint, log)) return checkpoint;
  throw new AttestryError(
    'CHECKPOINT_STALE',
    `Expected the final checkpoint of ${log.origin}, of size ${log.retired.size}, got one of size ${checkpoint.checkpoint.size}.`,
  );
}

function verifyEntry(
  entry: DossierEntry,
  checkpoint: WitnessedCheckpoint,
  rules: VerificationRules & { readonly model: string; readonly shown: Set<string> },
): VerifiedReceipt {
  const { origin, size, root } = checkpoint.checkpoint;
  const admitted = admitEntry(entry.envelope.entry, { ...rules, origin, index: entry.index });
  const { index } = verifyInclusion(
    { leafHash: admitted.entryHash, index: entry.index, size, root, proof: entry.proof },
    rules.hashes?.node,
  );
  if (!modelsOf(admitted.statement).includes(rules.model)) {
    throw new AttestryError(
      'DOSSIER_MODEL_MISMATCH',
      `Entry ${index} of ${origin} is not about model ${rules.model}.`,
    );
  }
  // A log that holds one statement twice must not have it counted twice.
  const hash = encodeHex(admitted.entryHash);
  if (rules.shown.has(hash)) {
    throw new AttestryError('ENTRY_DUPLICATE', `Entry ${index} of ${origin} stands there before.`);
  }
  rules.shown.add(hash);
  return { ...admitted, index, checkpoint };
}

function unknownModel(model: string): Problem {
  const message = `No log of the trust root shows a statement about model ${model}.`;
  return { code: 'MODEL_UNKNOWN', message, origin: null };
}
