/** The one function that judges a dossier. What fails in one log is a problem of that log; the worst problem decides. */
import { AttestryError } from '../../errors.ts';
import { encodeHex } from '../bytes/hex.ts';
import { type VerifiedFinding, verifyFinding } from '../finding/verify.ts';
import { leafHash } from '../merkle/hash.ts';
import { verifyInclusion } from '../merkle/inclusion.ts';
import { type VerifiedReceipt, verifyStatedTime } from '../receipt/verify.ts';
import { admitEntry } from '../statement/admission.ts';
import { modelsOf } from '../statement/statement.ts';
import {
  type VerificationRules,
  verifyFreshness,
  verifyWitnessedCheckpoint,
  type WitnessedCheckpoint,
} from '../trust/quorum.ts';
import type { Dossier, DossierEntry, DossierLog } from './dossier.ts';
import { streamProblems, withdrawals } from './history.ts';
import type { Problem } from './problem.ts';

export interface VerifiedDossier {
  readonly model: string;
  readonly checkpoints: readonly WitnessedCheckpoint[];
  readonly statements: readonly VerifiedReceipt[];
  readonly findings: readonly VerifiedFinding[];
  readonly problems: readonly Problem[];
}

/** Everything in the dossier that holds, and every check that does not. Nothing is thrown for a single log's fault. */
export function verifyDossier(dossier: Dossier, rules: VerificationRules): VerifiedDossier {
  const problems: Problem[] = [...missingLogs(dossier, rules)];
  const checkpoints: WitnessedCheckpoint[] = [];
  const statements: VerifiedReceipt[] = [];
  const attempt = <T>(origin: string, verify: () => T): T | undefined => {
    try {
      return verify();
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      problems.push({ code: error.code, message: error.message, origin });
      return undefined;
    }
  };
  for (const log of dossier.logs) {
    if ('missing' in log) continue;
    const checkpoint = attempt(log.origin, () => verifyLogOf(log, rules));
    if (checkpoint === undefined) continue;
    checkpoints.push(checkpoint);
    attempt(log.origin, () => verifyFreshness(checkpoint, rules));
    const shown = new Set<string>();
    for (const entry of log.entries) {
      const verified = attempt(log.origin, () =>
        verifyEntry(entry, checkpoint, { ...rules, model: dossier.model, shown }),
      );
      if (verified !== undefined) statements.push(verified);
    }
  }
  const findings = dossier.findings.flatMap((finding) => {
    const verified = attempt(finding.origin, () => verifyFinding(finding, rules));
    if (verified === undefined) return [];
    problems.push({ code: verified.code, message: verified.sentence, origin: finding.origin });
    return [verified];
  });
  for (const problem of streamProblems(statements)) problems.push(problem);
  for (const problem of withdrawals(dossier.model, statements)) problems.push(problem);
  if (statements.length === 0 && problems.length === 0) problems.push(unknownModel(dossier.model));
  return { model: dossier.model, checkpoints, statements, findings, problems };
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

function verifyLogOf(
  log: Extract<DossierLog, { checkpoint: string }>,
  rules: VerificationRules,
): WitnessedCheckpoint {
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

function verifyEntry(
  entry: DossierEntry,
  checkpoint: WitnessedCheckpoint,
  rules: VerificationRules & { readonly model: string; readonly shown: Set<string> },
): VerifiedReceipt {
  const { origin, size, root } = checkpoint.checkpoint;
  const bytes = entry.envelope.entry;
  const admitted = admitEntry(bytes, { ...rules, origin });
  const { index } = verifyInclusion({
    leafHash: leafHash(bytes),
    index: entry.index,
    size,
    root,
    proof: entry.proof,
  });
  if (!modelsOf(admitted.statement).includes(rules.model)) {
    throw new AttestryError(
      'DOSSIER_MODEL_MISMATCH',
      `Entry ${index} of ${origin} is not about model ${rules.model}.`,
    );
  }
  verifyStatedTime(admitted, checkpoint);
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
