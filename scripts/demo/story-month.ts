/** Chapter: the auditor asks for one model's month across all regions, and recomputes the answer offline. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTable } from '../../src/cli/terminal.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import type { Report } from '../../src/core/report/report.ts';
import { type UsageRow, usageRows } from '../../src/core/report/usage-rows.ts';
import type { Auditor } from './auditor.ts';
import { demand, demandEqual } from './expectation.ts';
import type { Month } from './month.ts';
import type { Narrator } from './narrator.ts';
import type { Network } from './network.ts';
import type { RegionUsage } from './story-usage.ts';

interface MonthInput {
  readonly network: Network;
  /** Hex SHA-256. */
  readonly model: string;
  readonly month: Month;
  readonly usage: readonly RegionUsage[];
}

/** The path of the dossier that proves the month. */
export async function auditMonth(
  auditor: Auditor,
  narrator: Narrator,
  input: MonthInput,
): Promise<string> {
  const { network, model, month, usage } = input;
  const file = join(auditor.folder, 'month-dossier.json');
  const range = ['--from', formatTime(month.from), '--to', formatTime(month.to), '--by', 'region'];
  const where = ['--verifier', network.verifier.url, '--trust', network.trustFile];
  narrator.say('How much was it used, and where? One command asks the verifier:');
  narrator.show([
    `attestry usage ${model.slice(0, 8)}… --verifier … --trust trust.json ${range.join(' ')}`,
  ]);
  await auditor.ask(['usage', model, ...where, ...range, '--out', file]);
  const report = await auditor.verify(file, { outcome: 'VALID' });
  const rows = usageRows(report.proven, 'region');
  requireUsage(rows, usage);
  const { length } = await readFile(file);
  narrator.say(
    `The answer is one file of ${Math.ceil(length / 1000)} kB. With the network shut, attestry verify recomputes from it what the meters counted, to the last token: VALID.`,
  );
  narrator.show(monthTable(rows).split('\n'));
  tellAbsence(narrator, report);
  return file;
}

/** What was recomputed is what the meters counted. */
function requireUsage(rows: readonly UsageRow[], usage: readonly RegionUsage[]): void {
  demandEqual(rows.length, usage.length, 'the number of regions');
  for (const { site, entries, ...counted } of usage) {
    const { region } = site.party;
    const row = rows.find(({ key }) => key === region);
    demand(row !== undefined, `usage in ${region}`);
    const { requests, inputTokens, inputCachedTokens, outputTokens } = row.totals;
    demandEqual(row.windows, entries.length, `windows in ${region}`);
    demandEqual(BigInt(requests), counted.requests, `requests in ${region}`);
    demandEqual(BigInt(inputTokens), counted.inputTokens, `input tokens in ${region}`);
    demandEqual(BigInt(inputCachedTokens), counted.cachedTokens, `cached tokens in ${region}`);
    demandEqual(BigInt(outputTokens), counted.outputTokens, `output tokens in ${region}`);
  }
}

function monthTable(rows: readonly UsageRow[]): string {
  const sum = (of: (row: UsageRow) => string | number): string =>
    rows.reduce((total, row) => total + BigInt(of(row)), 0n).toString();
  const columns: readonly ((row: UsageRow) => string | number)[] = [
    ({ windows }) => windows,
    ({ totals }) => totals.requests,
    ({ totals }) => totals.inputTokens,
    ({ totals }) => totals.inputCachedTokens,
    ({ totals }) => totals.outputTokens,
  ];
  return formatTable(
    ['region', 'windows', 'requests', 'tokens in', 'of these cached', 'tokens out'],
    [
      ...rows.map((row) => [row.key, ...columns.map((of) => of(row))]),
      ['all', ...columns.map(sum)],
    ],
  );
}

/** That there is no revocation, and who has rebuilt the tallies that say so. */
function tellAbsence(narrator: Narrator, { proven }: Report): void {
  for (const { origin, absent, verifiers } of proven) {
    demand(absent.includes('revocation'), `no revocation on ${origin}`);
    demand(verifiers.length > 0, `a verifier's cosignature on the tally of ${origin}`);
  }
  narrator.say(
    'Nothing is left out of these sums: the tally of each log proves that, and the verifier has rebuilt and cosigned it. It also proves what is not there:',
  );
  narrator.show(proven.map(({ region, absent }) => `${region}: no ${absent.join(', no ')}`));
}
