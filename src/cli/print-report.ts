/** A report for people: the verdict first, then what it rests on, then what it does not prove. */
import type { Report, ReportedLog, ReportedStatement } from '../core/report/report.ts';
import type { UsageTotals } from '../core/report/usage-totals.ts';
import { colours, formatOutcome, formatTable, printable } from './terminal.ts';

const MOST_STATEMENTS = 50;

/** The report in lines. */
export function formatReport(report: Report): readonly string[] {
  return [
    headline(report),
    ...report.problems.map(formatProblem),
    ...section('Statements', statementTable(report.statements)),
    ...section('Logs', logTable(report.logs)),
    ...section('Usage', usageTable(report.usage)),
    ...sentences('What held', report.checked),
    ...sentences('Not proven', report.notProven),
    '',
    colours().dim(`trust root ${report.trustRoot}, verified at ${report.verifiedAt}`),
  ];
}

function headline(report: Report): string {
  const subject = report.model === null ? '' : ` about model ${report.model}`;
  const artifact = {
    matches: '; the model in hand is the one stated',
    'does not match': '; the model in hand is NOT the one stated',
    'not given': '',
  }[report.artifact];
  return `${formatOutcome(report.outcome)}: ${report.of}${subject}${artifact}`;
}

function formatProblem({ code, message, origin }: Report['problems'][number]): string {
  const where = origin === null || message.includes(origin) ? '' : ` (${printable(origin)})`;
  return `  ${colours().bold(code)}: ${printable(message)}${where}`;
}

function statementTable(statements: readonly ReportedStatement[]): readonly string[] {
  if (statements.length === 0) return [];
  const rows = statements
    .slice(0, MOST_STATEMENTS)
    .map((statement) => [
      statement.kind,
      statement.operator,
      `${statement.region} (${statement.jurisdiction})`,
      statement.issuedAt,
      statement.witnessedAt,
      statement.origin,
      statement.index,
    ]);
  const left = statements.length - rows.length;
  return [
    formatTable(['kind', 'operator', 'region', 'issued at', 'witnessed at', 'log', 'entry'], rows),
    ...(left > 0 ? [`and ${left} more; --json has them all`] : []),
  ];
}

function logTable(logs: readonly ReportedLog[]): readonly string[] {
  if (logs.length === 0) return [];
  const rows = logs.map((log) => [
    log.origin,
    log.operator,
    log.region,
    log.size,
    log.witnesses.map(({ name }) => name).join(', '),
    log.witnessedAt,
  ]);
  return [formatTable(['log', 'operator', 'region', 'size', 'cosigned by', 'witnessed at'], rows)];
}

function usageTable(usage: readonly UsageTotals[]): readonly string[] {
  if (usage.length === 0) return [];
  const rows = usage.map(({ region, operator, windows, from, to, totals }) => [
    region,
    operator,
    windows,
    `${from} to ${to}`,
    totals.requests,
    `${totals.inputTokens} (${totals.inputCachedTokens} cached)`,
    `${totals.outputTokens} (${totals.outputReasoningTokens} reasoning)`,
  ]);
  return [
    formatTable(
      ['region', 'operator', 'windows', 'time', 'requests', 'input tokens', 'output tokens'],
      rows,
    ),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', colours().bold(title), ...lines];
}

function sentences(title: string, list: readonly string[]): readonly string[] {
  return section(
    title,
    list.map((sentence) => `  - ${printable(sentence)}`),
  );
}
