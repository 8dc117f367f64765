/** The one function that judges an invoice: every request by itself, then the total. */
import { AttestryError, outcomeOf } from '../../errors.ts';
import { canonicalText } from '../bytes/json.ts';
import { formatTime, parseTime } from '../bytes/time.ts';
import type { Dossier, DossierEntry } from '../dossier/dossier.ts';
import { type VerifiedDossier, verifyDossier } from '../dossier/verify.ts';
import { worstOf } from '../report/report.ts';
import type { VerificationRules } from '../trust/quorum.ts';
import { addBuckets, NO_TOKENS, parseBuckets, quantitiesOf, type TokenBuckets } from './buckets.ts';
import type { Invoice, InvoicedRequest, InvoiceTotals } from './invoice.ts';
import type { InvoiceLine, InvoiceProblem, InvoiceReport } from './invoice-report.ts';
import { receiptJson, type VerifiedWindow, verifyRequest, verifyWindow } from './request-proof.ts';
import { contradictionOf, promisedWindowKey, windowKeyOf } from './request-window.ts';
import {
  type SignedUsageReceipt,
  type UsageReceipt,
  usageReceiptDigest,
  usageReceiptJson,
  type VerifiedUsageReceipt,
  verifyUsageReceipt,
} from './usage-receipt.ts';

export interface InvoiceRules extends VerificationRules {
  /** Receipts that the customer has kept: each must be in the invoice as it is, or has a line of its own. */
  readonly kept?: readonly SignedUsageReceipt[];
  /** Shows windows that the invoice does not, and, where it lists all usage, which windows a log does not hold. */
  readonly dossier?: Dossier;
}

const NOT_PROVEN: readonly string[] = [
  'That every request was metered: one that no receipt was given for leaves no trace here.',
  'That tokens were counted rightly: the operator counts them, by the method that the window names.',
];

/** Never throws on what the invoice holds: every request has its line in the report. */
export function verifyInvoice(invoice: Invoice, rules: InvoiceRules): InvoiceReport {
  const run = startRun(invoice, rules);
  const lines = invoice.requests.map((request, line) =>
    judgeLine({ of: 'invoice', line, request }, run),
  );
  const recomputed = totalsOf(run.unproven, run.proven);
  const proven = totalsOf(run.proven);
  for (const [receipt, line] of keptOnly(invoice, rules)) {
    lines.push(judgeLine({ of: 'kept receipt', line, request: { receipt } }, run));
  }
  const problems = [...conflictsIn(run.dossier), ...totalProblems(invoice.totals, recomputed)];
  return {
    type: 'attestry/invoice-report',
    version: 1,
    outcome: worstOf([...problems, ...lines].flatMap(({ code }) => (code === null ? [] : [code]))),
    problems,
    lines,
    totals: { stated: invoice.totals, recomputed, proven },
    notProven: NOT_PROVEN,
    trustRoot: rules.trust.digest,
    verifiedAt: formatTime(rules.now),
  };
}

/** Requests and what they add up to. */
interface Sum {
  requests: number;
  buckets: TokenBuckets;
}

interface Run {
  readonly rules: InvoiceRules;
  readonly dossier: VerifiedDossier | undefined;
  /** In the invoice's order: the window, or why its log receipt does not hold. */
  readonly shown: readonly (VerifiedWindow | AttestryError)[];
  readonly windows: ReadonlyMap<string, VerifiedWindow>;
  /** Verified receipts so far, by request and by place. */
  readonly seen: Map<string, VerifiedUsageReceipt>;
  readonly proven: Sum;
  readonly unproven: Sum;
}

function startRun(invoice: Invoice, rules: InvoiceRules): Run {
  const shown = invoice.windows.map((receipt) => orError(() => verifyWindow(receipt, rules)));
  const dossier = rules.dossier && verifyDossier(rules.dossier, rules);
  const listed = rules.dossier && dossier ? windowsIn(rules.dossier, dossier) : [];
  const windows = new Map<string, VerifiedWindow>();
  for (const window of [...listed, ...shown]) {
    if (!(window instanceof AttestryError)) windows.set(windowKeyOf(window.statement), window);
  }
  const nothing = (): Sum => ({ requests: 0, buckets: NO_TOKENS });
  return {
    rules,
    dossier,
    shown,
    windows,
    seen: new Map(),
    proven: nothing(),
    unproven: nothing(),
  };
}

/** The windows that a dossier lists, each with a log receipt of its own. */
function windowsIn(dossier: Dossier, { statements }: VerifiedDossier): readonly VerifiedWindow[] {
  const entries = new Map<string, DossierEntry>();
  for (const log of dossier.logs) {
    if (!('entries' in log)) continue;
    for (const entry of log.entries) entries.set(canonicalText([log.origin, entry.index]), entry);
  }
  return statements.flatMap((verified) => {
    const { statement, index, checkpoint } = verified;
    const entry = entries.get(canonicalText([checkpoint.log.origin, index]));
    if (statement.kind !== 'usage' || entry === undefined) return [];
    const { proof } = entry.earlier ?? entry;
    const shown = {
      envelope: entry.envelope,
      proof: { index, proof, checkpoint: checkpoint.note },
    };
    return [{ ...verified, statement, shown }];
  });
}

interface Judged {
  readonly of: InvoiceLine['of'];
  readonly line: number;
  readonly request: InvoicedRequest;
}

type Verdict = Pick<InvoiceLine, 'code' | 'message' | 'evidence'>;

function judgeLine({ of, line, request }: Judged, run: Run): InvoiceLine {
  const verified = orError(() => verifyUsageReceipt(request.receipt, run.rules));
  if (verified instanceof AttestryError) {
    return { of, line, requestId: null, ...refusal(verified), outcome: outcomeOf(verified.code) };
  }
  const verdict = judgeRequest(verified, request, run);
  const { requestId } = verified.receipt;
  const outcome = verdict.code === null ? 'VALID' : outcomeOf(verdict.code);
  if (outcome === 'VALID') add(run.proven, verified);
  if (outcome === 'INCONCLUSIVE') add(run.unproven, verified);
  return { of, line, requestId, ...verdict, outcome };
}

function judgeRequest(
  verified: VerifiedUsageReceipt,
  { proof }: InvoicedRequest,
  run: Run,
): Verdict {
  const broken = repeated(verified, run) ?? contradicted(verified, run);
  if (broken !== undefined) return broken;
  if (proof === undefined) return unproven(verified.receipt, run);
  const window = run.shown[proof.window] as VerifiedWindow | AttestryError;
  if (window instanceof AttestryError) return refusal(window);
  const proven = orError(() => verifyRequest(verified, window, proof.path));
  if (proven instanceof AttestryError) return refusal(proven);
  const { origin } = window.checkpoint.log;
  return { code: null, message: `Counted in entry ${window.index} of ${origin}.` };
}

/** That a receipt before speaks of the same request or the same place; undefined where none does. */
function repeated(verified: VerifiedUsageReceipt, { seen }: Run): Verdict | undefined {
  const { operator, requestId, window } = verified.receipt;
  const keys = [
    canonicalText(['request', operator, requestId]),
    canonicalText(['place', promisedWindowKey(verified.receipt), window.index]),
  ];
  const before = keys.map((key) => seen.get(key)).find((found) => found !== undefined);
  if (before === undefined) {
    for (const key of keys) seen.set(key, verified);
    return undefined;
  }
  if (usageReceiptDigest(verified.signed) === usageReceiptDigest(before.signed)) {
    const message = 'This request stands in the invoice before.';
    return { code: 'INVOICE_REQUEST_DUPLICATE', message };
  }
  const same = before.receipt.requestId === requestId ? 'request' : 'place of a window';
  return {
    code: 'USAGE_RECEIPT_UNFULFILLED',
    message: `The operator signed two different receipts for one ${same}.`,
    evidence: {
      receipt: usageReceiptJson(verified.signed),
      other: usageReceiptJson(before.signed),
    },
  };
}

/** What is logged and cannot be true together with the receipt; undefined where there is nothing of the kind. */
function contradicted({ receipt, signed }: VerifiedUsageReceipt, run: Run): Verdict | undefined {
  const window = run.windows.get(promisedWindowKey(receipt));
  const why =
    window === undefined
      ? absence(receipt, run.dossier)
      : contradictionOf(receipt, window.statement);
  if (why === undefined) return undefined;
  return {
    code: 'USAGE_RECEIPT_UNFULFILLED',
    message: `The operator promised this request in window ${receipt.window.sequence} of meter ${receipt.meter}: ${why}.`,
    evidence: {
      receipt: usageReceiptJson(signed),
      ...(window === undefined ? {} : { window: receiptJson(window.shown) }),
    },
  };
}

/** Why the log surely did not hold the window in time: a complete list of the model's usage, seen after it was due. */
function absence(receipt: UsageReceipt, dossier: VerifiedDossier | undefined): string | undefined {
  if (dossier?.model !== receipt.model) return undefined;
  const complete = dossier.proven.find(
    ({ checkpoint, stretches }) => checkpoint.log.origin === receipt.log && stretches.length === 0,
  );
  if (complete === undefined) return undefined;
  const { witnessedAt } = complete.checkpoint;
  if (witnessedAt <= parseTime(receipt.due)) return undefined;
  return `it was due ${receipt.due}, and ${receipt.log} did not hold it at ${formatTime(witnessedAt)}`;
}

function unproven(receipt: UsageReceipt, run: Run): Verdict {
  const window = run.windows.get(promisedWindowKey(receipt));
  const place = `window ${receipt.window.sequence} of meter ${receipt.meter}`;
  const message =
    window === undefined
      ? `Nothing here shows ${place}, which is due ${receipt.due}: ask the operator for the request proof, or give a dossier.`
      : `Entry ${window.index} of ${receipt.log} is ${place}: ask the operator for the proof of request ${receipt.window.index} in it.`;
  return { code: 'USAGE_RECEIPT_UNPROVEN', message };
}

/** Kept receipts that do not stand in the invoice as they are, with their numbers. */
function keptOnly(
  invoice: Invoice,
  { kept = [] }: InvoiceRules,
): readonly (readonly [SignedUsageReceipt, number])[] {
  const invoiced = new Set(invoice.requests.map(({ receipt }) => usageReceiptDigest(receipt)));
  return kept
    .map((receipt, line) => [receipt, line] as const)
    .filter(([receipt]) => !invoiced.has(usageReceiptDigest(receipt)));
}

/** What in the dossier shows that a log signed two histories: a window may stand in one of them only. */
function conflictsIn(dossier: VerifiedDossier | undefined): readonly InvoiceProblem[] {
  return (dossier?.problems ?? [])
    .map(({ code, message }) => ({ code, message, outcome: outcomeOf(code) }))
    .filter(({ outcome }) => outcome === 'EQUIVOCATION');
}

function totalProblems(stated: InvoiceTotals, recomputed: InvoiceTotals): InvoiceProblem[] {
  const names = Object.keys(recomputed) as (keyof InvoiceTotals)[];
  const wrong = names.filter((name) => stated[name] !== recomputed[name]);
  if (wrong.length === 0) return [];
  const told = wrong.map((name) => `${name} ${recomputed[name]}, got ${stated[name]}`);
  const code = 'INVOICE_TOTAL_MISMATCH';
  const message = `Expected the total of the requests: ${told.join('; ')}.`;
  return [{ code, message, outcome: outcomeOf(code) }];
}

function totalsOf(...sums: readonly Sum[]): InvoiceTotals {
  const buckets = sums.map((sum) => sum.buckets).reduce(addBuckets, NO_TOKENS);
  return quantitiesOf(
    sums.reduce((count, { requests }) => count + requests, 0),
    buckets,
  );
}

function add(sum: Sum, { receipt }: VerifiedUsageReceipt): void {
  sum.requests += 1;
  sum.buckets = addBuckets(sum.buckets, parseBuckets(receipt.quantities));
}

function refusal({ code, message }: AttestryError): Verdict {
  return { code, message };
}

function orError<T>(verify: () => T): T | AttestryError {
  try {
    return verify();
  } catch (error) {
    if (error instanceof AttestryError) return error;
    throw error;
  }
}
