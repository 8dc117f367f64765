/** attestry usage: asks a verifier how much a model was used, and recomputes the answer before it prints it. */
import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { VerifierClient } from '../../client/verifier-client.ts';
import { formatFocusCsv } from '../../core/report/focus-csv.ts';
import { judge } from '../../core/report/judge.ts';
import type { Report } from '../../core/report/report.ts';
import { type UsageGrouping, usageRows } from '../../core/report/usage-rows.ts';
import { opensslEngine } from '../../keys/openssl-engine.ts';
import { systemHashes } from '../../keys/openssl-hash.ts';
import { addTrustOptions, defineCommand, jsonOption, usageError } from '../command.ts';
import { EXIT_BY_OUTCOME } from '../exit-code.ts';
import { readTrust, type TrustFlags } from '../input.ts';
import { formatReport } from '../print-report.ts';
import { formatTable, say, sayJson } from '../terminal.ts';

interface UsageFlags extends TrustFlags {
  readonly verifier: string;
  readonly from: string;
  readonly to: string;
  readonly by: UsageGrouping;
  readonly out?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export function usageCommand(): Command {
  return addTrustOptions(
    defineCommand({
      name: 'usage',
      summary: "print a model's usage, recomputed from proofs",
      description:
        'Asks a verifier for the usage of a model, verifies the dossier that proves it, and prints the totals recomputed from it. Exit codes as for verify.',
      examples: [
        'attestry usage 8f3472cf… --verifier http://127.0.0.1:8301 --trust trust.json --from 2026-10-01T00:00:00Z --to 2026-11-01T00:00:00Z --by day',
      ],
    }),
  )
    .argument('<model>', 'SHA-256 of the model, hex (attestry digest)')
    .requiredOption('--verifier <url>', 'whom to ask; nothing that it says is believed')
    .requiredOption('--from <time>', 'start of a UTC hour, included')
    .requiredOption('--to <time>', 'start of a UTC hour, not included')
    .addOption(
      new Option('--by <what>', 'what there is a row for')
        .choices(['region', 'operator', 'day', 'hour'])
        .default('region'),
    )
    .option('--out <file>', 'keep the dossier: attestry verify judges it again, offline')
    .option('--csv', 'print CSV with FOCUS column names')
    .addOption(jsonOption())
    .action(async (model: string, flags: UsageFlags) => printUsage(model, flags));
}

async function printUsage(model: string, flags: UsageFlags): Promise<void> {
  if (flags.csv === true && flags.json === true)
    throw usageError('--csv and --json exclude each other');
  const { from, to, by } = flags;
  const trust = await readTrust(flags);
  const range = { from, to, by: by === 'day' || by === 'hour' ? by : ('total' as const) };
  const dossier = await new VerifierClient({ url: flags.verifier }).dossier(model, range);
  if (flags.out !== undefined) await writeFile(flags.out, dossier);
  const now = Math.floor(Date.now() / 1000);
  const report = judge(dossier, { trust, now, engine: opensslEngine, hashes: systemHashes });
  if (flags.json === true) sayJson({ report, rows: usageRows(report.proven, by) });
  else if (flags.csv === true) say(formatFocusCsv(report));
  else say(...formatReport(report), '', rowsTable(report, by));
  process.exitCode = EXIT_BY_OUTCOME[report.outcome];
}

function rowsTable(report: Report, by: UsageGrouping): string {
  const rows = usageRows(report.proven, by).map(({ key, windows, totals }) => [
    key,
    windows,
    totals.requests,
    totals.inputUncachedTokens,
    totals.inputCachedTokens,
    totals.inputCacheWriteTokens,
    totals.outputVisibleTokens,
    totals.outputReasoningTokens,
  ]);
  const head = [
    by,
    'windows',
    'requests',
    'input',
    'cached',
    'cache writes',
    'output',
    'reasoning',
  ];
  return formatTable(head, rows);
}
