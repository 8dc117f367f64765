/** attestry audit: replays a remote log in full. */
import type { Command } from 'commander';
import { type AuditReport, auditLog } from '../../client/audit.ts';
import { createLogSource } from '../../client/log-source.ts';
import { worstOf } from '../../core/report/report.ts';
import { AttestryError, outcomeOf } from '../../errors.ts';
import { opensslEngine } from '../../keys/openssl-engine.ts';
import { systemHashes } from '../../keys/openssl-hash.ts';
import { addTrustOptions, defineCommand, jsonOption } from '../command.ts';
import { EXIT_BY_OUTCOME } from '../exit-code.ts';
import { readTrust, type TrustFlags } from '../input.ts';
import { formatCheck } from '../print-check.ts';
import { formatRate, startProgress } from '../progress.ts';
import { formatCount, formatError, say, sayJson, tell } from '../terminal.ts';

interface AuditFlags extends TrustFlags {
  /** False with --no-signatures. */
  readonly signatures: boolean;
  readonly json?: boolean;
}

export function auditCommand(): Command {
  return addTrustOptions(
    defineCommand({
      name: 'audit',
      summary: 'replay a remote log in full',
      description:
        'Reads everything a log serves and checks it anew: hashes, signatures, admission, streams, duplicates, the root. Exit code as for verify.',
      examples: [
        'attestry audit https://eu.example.org/ --trust trust.json',
        'attestry audit eu.example.org/log --trust trust.json --no-signatures --json',
      ],
    }),
  )
    .argument('<log>', "the log's URL, or its origin in the trust root")
    .option('--no-signatures', "leave the operators' signatures unverified: faster, and less")
    .addOption(jsonOption())
    .action(async (log: string, flags: AuditFlags) => audit(log, flags));
}

async function audit(log: string, flags: AuditFlags): Promise<void> {
  const trust = await readTrust(flags);
  const url = trust.logs.get(log)?.url ?? log;
  const started = performance.now();
  const progress = await startProgress({ title: `Auditing ${log}`, unit: 'entries' });
  const report = await auditLog({
    source: createLogSource(url),
    trust,
    now: Math.floor(Date.now() / 1000),
    engine: opensslEngine,
    hashes: systemHashes,
    signatures: flags.signatures,
    onProgress: progress.at,
  }).catch(refuse);
  if (report === undefined) return;
  const rate = formatRate(report.entriesChecked, 'entries', started);
  progress.end(`Read ${formatCount(report.entriesChecked)} entries, ${rate}.`);
  const milliseconds = Math.round(performance.now() - started);
  printAudit(report, { rate, milliseconds, json: flags.json === true });
}

/** A log that shows nothing to audit has its verdict too: one that cannot be reached is INCONCLUSIVE, not INVALID. */
function refuse(error: unknown): undefined {
  if (!(error instanceof AttestryError)) throw error;
  tell(formatError(error));
  process.exitCode = EXIT_BY_OUTCOME[outcomeOf(error.code)];
}

function printAudit(
  report: AuditReport,
  took: { readonly rate: string; readonly milliseconds: number; readonly json: boolean },
): void {
  const outcome = worstOf(report.problems.map(({ code }) => code));
  if (took.json) {
    const { milliseconds } = took;
    sayJson({ type: 'attestry/audit', version: 1, outcome, ...report, milliseconds });
  } else {
    const title = `${report.origin} at size ${formatCount(report.size)}, ${took.rate}`;
    say(...formatCheck({ ...report, outcome, title }));
  }
  process.exitCode = EXIT_BY_OUTCOME[outcome];
}
