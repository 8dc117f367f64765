/** The report on an invoice for people: the verdict, every request by itself, the totals, what is not proven. */
import type { InvoiceLine, InvoiceReport } from '../core/metering/invoice-report.ts';
import { colours, formatOutcome, formatTable, printable } from './terminal.ts';

const MOST_PROVEN_LINES = 50;

/** The report in lines. */
export function formatInvoiceReport(report: InvoiceReport): readonly string[] {
  const { bold, dim } = colours();
  const { lines, problems, notProven } = report;
  const proven = lines.filter(({ code }) => code === null);
  const left = proven.length - MOST_PROVEN_LINES;
  return [
    `${formatOutcome(report.outcome)}: invoice; ${proven.length} of ${lines.length} requests are proven to be in the log`,
    ...problems.map(({ code, message }) => `  ${bold(code)}: ${printable(message)}`),
    '',
    bold('Requests'),
    ...lines.filter(({ code }) => code !== null).map(formatLine),
    ...proven.slice(0, MOST_PROVEN_LINES).map(formatLine),
    ...(left > 0 ? [`  and ${left} more that are proven; --json has them all`] : []),
    '',
    bold('Totals'),
    totalsTable(report),
    '',
    bold('Not proven'),
    ...notProven.map((sentence) => `  - ${printable(sentence)}`),
    '',
    dim(`trust root ${report.trustRoot}, verified at ${report.verifiedAt}`),
  ];
}

function formatLine({ of, line, requestId, code, message }: InvoiceLine): string {
  const place = of === 'invoice' ? `line ${line + 1}` : `kept receipt ${line + 1}`;
  const name = requestId === null ? place : `${printable(requestId)} (${place})`;
  return `  ${colours().bold(code ?? 'VALID')} ${name}: ${printable(message)}`;
}

function totalsTable({ totals: { stated, recomputed, proven } }: InvoiceReport): string {
  const names = Object.keys(recomputed) as (keyof typeof recomputed)[];
  return formatTable(
    ['', 'stated', 'recomputed', 'proven'],
    names.map((name) => [name, stated[name], recomputed[name], proven[name]]),
  );
}
