import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { formatTime, parseTime } from '../../../src/core/bytes/time.ts';
import type { Dossier, DossierLog } from '../../../src/core/dossier/dossier.ts';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import { formatBuckets } from '../../../src/core/metering/buckets.ts';
import {
  formatInvoice,
  type Invoice,
  type InvoicedRequest,
  makeInvoice,
  parseInvoice,
} from '../../../src/core/metering/invoice.ts';
import type { InvoiceReport } from '../../../src/core/metering/invoice-report.ts';
import type { RequestProof } from '../../../src/core/metering/request-proof.ts';
import {
  type SignedUsageReceipt,
  type UsageReceipt,
  usageReceiptJson,
} from '../../../src/core/metering/usage-receipt.ts';
import { type InvoiceRules, verifyInvoice } from '../../../src/core/metering/verify-invoice.ts';
import { judge } from '../../../src/core/report/judge.ts';
import { leavesOf } from '../../../src/core/tally/leaves.ts';
import { encodeTallyProof } from '../../../src/core/tally/proof-bytes.ts';
import { questionsAbout, type UsageRange } from '../../../src/core/tally/questions.ts';
import { ZERO_SUMS } from '../../../src/core/tally/sums.ts';
import { signTally } from '../../../src/core/tally/tally-note.ts';
import { opensslEngine } from '../../../src/keys/openssl-engine.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { earlierCheckpoint, sighting, withEnd } from '../../helpers/ended-key.ts';
import { contradiction } from '../../helpers/findings.ts';
import { makeNetwork, type TestLog, type TestNetwork } from '../../helpers/fixtures.ts';
import { hostileBytes } from '../../helpers/hostile.ts';
import { MemoryTally } from '../../helpers/memory-tally.ts';
import {
  bucketsOf,
  logWindow,
  signedUsageReceipt,
  usageReceiptAt,
  usageReceipts,
} from '../../helpers/metered-window.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { MODEL, NOW } from '../../helpers/statements.ts';

type ShownLog = Extract<DossierLog, { checkpoint: string }>;

interface Sample {
  readonly network: TestNetwork;
  readonly eu: TestLog;
  readonly rules: InvoiceRules;
}

function makeSample(): Sample {
  const network = makeNetwork({ regions: ['eu', 'us'] });
  const rules = { ...network.rules, engine: opensslEngine };
  return { network, eu: network.logs[0] as TestLog, rules };
}

const codesOf = ({ lines }: InvoiceReport): (string | null)[] => lines.map(({ code }) => code);
const problemsOf = ({ problems }: InvoiceReport): string[] => problems.map(({ code }) => code);

/** Two honest windows of one meter, and the invoice over requests of both. */
function makeHonest(): Sample & {
  readonly receipts: readonly SignedUsageReceipt[];
  readonly proofs: readonly RequestProof[];
  readonly invoice: Invoice;
} {
  const sample = makeSample();
  const { eu } = sample;
  const [first, second] = [usageReceipts(eu, 7), usageReceipts(eu, 4, 1)];
  const window = logWindow(eu, first);
  const next = logWindow(eu, second, { sequence: 1, previous: window.digest });
  const proofs = [...window.proofs().slice(2, 5), ...next.proofs().slice(0, 2)];
  const receipts = proofs.map(({ receipt }) => receipt);
  return { ...sample, receipts, proofs, invoice: makeInvoice(proofs) };
}

const HONEST = makeHonest();
const { invoice: INVOICE, proofs: PROOFS, rules: RULES } = HONEST;

/** The invoice with a request of it otherwise, and its totals as they were. */
function withRequest(at: number, changes: Partial<InvoicedRequest>): Invoice {
  const request = { ...(INVOICE.requests[at] as InvoicedRequest), ...changes };
  return { ...INVOICE, requests: INVOICE.requests.with(at, request) };
}

/** A dossier about the model, with usage summed where a range is given, whose tallies prove that each log's list is whole. */
function completeDossier({ network }: Sample, range: UsageRange | null = null): Dossier {
  const logs = network.logs.map((log): DossierLog => {
    const shown = log.dossierLog(MODEL) as ShownLog;
    const tally = new MemoryTally(log.entries.flatMap((entry, i) => leavesOf(entry, i)));
    const size = log.entries.length;
    const head = {
      origin: log.origin,
      size,
      logRoot: log.tree.root(size),
      tallyRoot: tally.hash,
      count: tally.root?.count ?? 0,
      sums: tally.root?.sums ?? ZERO_SUMS,
    };
    const proof = encodeTallyProof(tally.prove(questionsAbout(MODEL, range)));
    const entries = range === null ? shown.entries : [];
    const note = signTally(head, log.signer);
    return { ...shown, entries, tally: { note, proof: encodeBase64(proof) } };
  });
  return { model: MODEL, ...(range === null ? {} : { range }), logs, findings: [] };
}

describe('verifyInvoice on an honest invoice', () => {
  it('proves every request and the total', () => {
    const report = verifyInvoice(INVOICE, { ...RULES, kept: HONEST.receipts });
    expect(report.outcome).toBe('VALID');
    expect(codesOf(report)).toEqual([null, null, null, null, null]);
    expect(report.lines.map(({ requestId }) => requestId)).toEqual([
      'request-0-2',
      'request-0-3',
      'request-0-4',
      'request-1-0',
      'request-1-1',
    ]);
    expect(report.totals.proven).toEqual(INVOICE.totals);
    expect(report.totals.recomputed).toEqual(INVOICE.totals);
    expect(report.totals.proven.requests).toBe('5');
    expect(report.totals.proven.inputUncachedTokens).toBe(`${102 + 103 + 104 + 100 + 101}`);
  });

  it('shows each window once', () => {
    expect(INVOICE.windows).toHaveLength(2);
    expect(INVOICE.requests.map(({ proof }) => proof?.window)).toEqual([0, 0, 0, 1, 1]);
  });

  it('proves the empty invoice', () => {
    const report = verifyInvoice(makeInvoice([]), RULES);
    expect([report.outcome, report.totals.proven.requests]).toEqual(['VALID', '0']);
  });

  it.each(['requests', 'inputTokens', 'outputReasoningTokens'] as const)(
    'reports a total with other %s',
    (name) => {
      const totals = { ...INVOICE.totals, [name]: '999' };
      const report = verifyInvoice({ ...INVOICE, totals }, RULES);
      expect(problemsOf(report)).toEqual(['INVOICE_TOTAL_MISMATCH']);
      expect(report.outcome).toBe('INVALID');
      expect(codesOf(report)).toEqual([null, null, null, null, null]);
    },
  );

  it('reports a request that is counted twice, and leaves it out of the total', () => {
    const twice = { ...INVOICE, requests: [...INVOICE.requests, ...INVOICE.requests.slice(1, 2)] };
    expect(codesOf(verifyInvoice(twice, RULES)).at(-1)).toBe('INVOICE_REQUEST_DUPLICATE');
    expect(problemsOf(verifyInvoice(twice, RULES))).toEqual([]);
    const inflated = makeInvoice([...PROOFS, PROOFS[1] as RequestProof]);
    const report = verifyInvoice(inflated, RULES);
    expect(problemsOf(report)).toEqual(['INVOICE_TOTAL_MISMATCH']);
    expect(report.totals.proven).toEqual(INVOICE.totals);
  });

  it('reports a path that does not hold, and every other line by itself', () => {
    const [, second] = INVOICE.requests as [InvoicedRequest, InvoicedRequest];
    const report = verifyInvoice(withRequest(2, { proof: second.proof as never }), RULES);
    expect(codesOf(report)).toEqual([null, null, 'REQUEST_TREE_MISMATCH', null, null]);
    expect(problemsOf(report)).toEqual(['INVOICE_TOTAL_MISMATCH']);
  });

  it('reports a window that is not witnessed as inconclusive, and its requests with it', () => {
    const unwitnessed = HONEST.eu.receipt(0, { witnesses: [] });
    const windows = INVOICE.windows.with(0, unwitnessed);
    const report = verifyInvoice({ ...INVOICE, windows }, RULES);
    expect(codesOf(report)).toEqual(['QUORUM_SHORT', 'QUORUM_SHORT', 'QUORUM_SHORT', null, null]);
    expect([report.outcome, problemsOf(report)]).toEqual(['INCONCLUSIVE', []]);
    expect(report.totals.recomputed).toEqual(INVOICE.totals);
    expect(report.totals.proven.requests).toBe('2');
  });

  it('names no request whose receipt the operator has not signed', () => {
    const receipt = {
      ...(HONEST.receipts[0] as SignedUsageReceipt),
      signature: new Uint8Array(64),
    };
    const report = verifyInvoice(withRequest(0, { receipt }), RULES);
    expect(report.lines[0]).toMatchObject({ requestId: null, code: 'SIGNATURE_INVALID' });
  });

  it('asks for the proof of a bare receipt, and counts it as not proven', () => {
    const bare = makeInvoice(HONEST.receipts);
    const report = verifyInvoice(bare, RULES);
    expect(new Set(codesOf(report))).toEqual(new Set(['USAGE_RECEIPT_UNPROVEN']));
    expect([report.outcome, problemsOf(report)]).toEqual(['INCONCLUSIVE', []]);
    expect(report.totals.proven.requests).toBe('0');
    expect(report.totals.recomputed).toEqual(bare.totals);
  });

  it('reports kept receipts that the invoice leaves out, outside its total', () => {
    const short = makeInvoice(PROOFS.slice(0, 4));
    const report = verifyInvoice(short, { ...RULES, kept: HONEST.receipts });
    expect(report.lines.at(-1)).toMatchObject({
      of: 'kept receipt',
      line: 4,
      requestId: 'request-1-1',
      code: 'USAGE_RECEIPT_UNPROVEN',
    });
    expect(problemsOf(report)).toEqual([]);
  });
});

describe('verifyInvoice on a dishonest operator', () => {
  /** A window from which the operator left out request `dropped` of `count`, and the receipts that customers hold. */
  function dropRequest(count: number, dropped: number): Sample & { kept: SignedUsageReceipt[] } {
    const sample = makeSample();
    const kept = usageReceipts(sample.eu, count);
    logWindow(sample.eu, kept.toSpliced(dropped, 1));
    return { ...sample, kept };
  }

  it('proves that a request was dropped by the receipts that find no place any more', () => {
    const { eu, rules, kept } = dropRequest(6, 2);
    const windows = [eu.receipt(0)];
    const report = verifyInvoice({ ...makeInvoice([]), windows }, { ...rules, kept });
    // Who held the last number holds the proof; the others are owed one that the operator cannot give.
    expect(codesOf(report)).toEqual([
      ...Array.from({ length: 5 }, () => 'USAGE_RECEIPT_UNPROVEN'),
      'USAGE_RECEIPT_UNFULFILLED',
    ]);
    expect(report.outcome).toBe('INVALID');
    const [last] = kept.slice(-1) as [SignedUsageReceipt];
    expect(report.lines.at(-1)?.evidence).toMatchObject({
      receipt: usageReceiptJson(last),
      window: { type: 'attestry/receipt' },
    });
  });

  it('proves with a dossier alone that the window holds too few requests', () => {
    const { network, rules, kept } = dropRequest(6, 5);
    const dossier = network.dossier(MODEL);
    const report = verifyInvoice(makeInvoice(kept.slice(5)), { ...rules, dossier });
    expect(codesOf(report)).toEqual(['USAGE_RECEIPT_UNFULFILLED']);
    expect(report.lines[0]?.evidence?.window).toMatchObject({ type: 'attestry/receipt' });
  });

  it('gives as evidence a log receipt that counts by itself, also once the key of the window has ended', () => {
    const { network, eu, kept } = dropRequest(6, 5);
    const trust = trustOf(withEnd(network.file, formatTime(NOW - 90)));
    const rules = { trust, now: NOW, engine: opensslEngine };
    const [shown, other] = network.dossier(MODEL).logs as [ShownLog, ShownLog];
    const entries = shown.entries.map((entry) => ({ ...entry, earlier: sighting(eu, 0, 1) }));
    const log = { ...shown, entries, earlier: [earlierCheckpoint(eu, { time: NOW - 120 })] };
    const dossier = { model: MODEL, logs: [log, other], findings: [] };
    const report = verifyInvoice(makeInvoice(kept.slice(5)), { ...rules, dossier });
    expect(codesOf(report)).toEqual(['USAGE_RECEIPT_UNFULFILLED']);
    const window = formatCanonicalJson(report.lines[0]?.evidence?.window);
    expect(judge(window, rules).outcome).toBe('VALID');
  });

  it('proves that a request was altered by the two receipts for it', () => {
    const sample = makeSample();
    const kept = usageReceipts(sample.eu, 5);
    const dearer = usageReceiptAt(
      sample.eu,
      { sequence: 0, index: 3 },
      { quantities: formatBuckets(bucketsOf(90)) },
    );
    const altered = kept.with(3, signedUsageReceipt(sample.eu, dearer));
    const invoice = makeInvoice(logWindow(sample.eu, altered).proofs());
    const report = verifyInvoice(invoice, { ...sample.rules, kept });
    expect(codesOf(report)).toEqual([null, null, null, null, null, 'USAGE_RECEIPT_UNFULFILLED']);
    expect(report.lines[5]).toMatchObject({
      of: 'kept receipt',
      line: 3,
      evidence: {
        receipt: usageReceiptJson(kept[3] as SignedUsageReceipt),
        other: usageReceiptJson(altered[3] as SignedUsageReceipt),
      },
    });
  });

  it('proves that a place was given to two requests', () => {
    const sample = makeSample();
    const mine = signedUsageReceipt(
      sample.eu,
      usageReceiptAt(sample.eu, { sequence: 0, index: 1 }, { requestId: 'mine' }),
    );
    const invoice = makeInvoice(logWindow(sample.eu, usageReceipts(sample.eu, 3)).proofs());
    const report = verifyInvoice(invoice, { ...sample.rules, kept: [mine] });
    expect(codesOf(report)).toEqual([null, null, null, 'USAGE_RECEIPT_UNFULFILLED']);
  });

  it.each<[string, Partial<UsageReceipt>]>([
    ['at another time', { at: '2026-10-01T09:00:00Z' }],
    ['of another model', { model: '00'.repeat(32) }],
  ])('proves that the window cannot hold a request %s', (_, changes) => {
    const sample = makeSample();
    logWindow(sample.eu, usageReceipts(sample.eu, 3));
    const receipt = usageReceiptAt(sample.eu, { sequence: 0, index: 1 }, changes);
    const kept = [signedUsageReceipt(sample.eu, receipt)];
    const windows = [sample.eu.receipt(0)];
    const report = verifyInvoice({ ...makeInvoice([]), windows }, { ...sample.rules, kept });
    expect(codesOf(report)).toEqual(['USAGE_RECEIPT_UNFULFILLED']);
  });

  it('proves that a window commits to no requests', () => {
    const sample = makeSample();
    const kept = usageReceipts(sample.eu, 1);
    const { statement } = logWindow(makeSample().eu, kept);
    const { requestTree: _, ...predicate } = statement.predicate;
    const windows = [sample.eu.receipt(sample.eu.state('usage', { predicate }))];
    const report = verifyInvoice({ ...makeInvoice([]), windows }, { ...sample.rules, kept });
    expect(codesOf(report)).toEqual(['USAGE_RECEIPT_UNFULFILLED']);
  });
});

describe('verifyInvoice on a window that is not in the log', () => {
  const sample = makeSample();
  logWindow(sample.eu, usageReceipts(sample.eu, 2));
  const dossier = completeDossier(sample);
  const witnessedAt = NOW - 60;

  /** The line of a receipt for the window after the last one, due at a time. */
  function lineOf(due: number, other: Partial<InvoiceRules> = {}): string | null | undefined {
    const place = { sequence: 1, index: 0 };
    const receipt = usageReceiptAt(sample.eu, place, { due: formatTime(due) });
    const invoice = makeInvoice([signedUsageReceipt(sample.eu, receipt)]);
    const report = verifyInvoice(invoice, { ...sample.rules, dossier, ...other });
    return report.lines[0]?.code;
  }

  it('proves it where all usage is listed after the window was due', () => {
    expect(lineOf(witnessedAt - 1)).toBe('USAGE_RECEIPT_UNFULFILLED');
  });

  it('leaves it open until the window is due', () => {
    expect(lineOf(witnessedAt)).toBe('USAGE_RECEIPT_UNPROVEN');
    expect(lineOf(witnessedAt + 1)).toBe('USAGE_RECEIPT_UNPROVEN');
  });

  it('leaves it open where nothing proves the list to be whole', () => {
    expect(lineOf(witnessedAt - 1, { dossier: sample.network.dossier(MODEL) })).toBe(
      'USAGE_RECEIPT_UNPROVEN',
    );
    const range = { from: '2026-10-01T00:00:00Z', to: '2026-10-02T00:00:00Z' };
    const summed = completeDossier(sample, { ...range, by: 'total' });
    expect(verifyDossier(summed, sample.rules).proven).toHaveLength(2);
    expect(lineOf(witnessedAt - 1, { dossier: summed })).toBe('USAGE_RECEIPT_UNPROVEN');
  });

  it('leaves it open where the list is of another model', () => {
    const other = { ...dossier, model: '00'.repeat(32) };
    expect(lineOf(witnessedAt - 1, { dossier: other })).toBe('USAGE_RECEIPT_UNPROVEN');
  });

  it('says so where the dossier proves that the log has two histories', () => {
    const findings = [contradiction(sample.eu)];
    const report = verifyInvoice(makeInvoice([]), {
      ...sample.rules,
      dossier: { ...dossier, findings },
    });
    expect(report.outcome).toBe('EQUIVOCATION');
    expect(parseTime(report.verifiedAt)).toBe(NOW);
  });
});

describe('parseInvoice', () => {
  const bytes = formatInvoice(makeInvoice(PROOFS.slice(0, 1)));

  it('gives back what was formatted', () => {
    expect(parseInvoice(formatInvoice(INVOICE))).toEqual(INVOICE);
    const bare = makeInvoice(HONEST.receipts);
    expect(parseInvoice(formatInvoice(bare))).toEqual(bare);
  });

  it('refuses a request that points to a window that is not there', () => {
    const path = INVOICE.requests[0]?.proof?.path ?? [];
    const wrong = formatInvoice(withRequest(0, { proof: { window: 2, path } }));
    expect(codeOf(() => parseInvoice(wrong))).toBe('INVOICE_MALFORMED');
  });

  it('throws an error of its own or gives back the same bytes, whatever comes', () => {
    fc.assert(
      fc.property(hostileBytes(bytes), (hostile) => {
        let formatted: unknown;
        const code = codeOf(() => {
          formatted = formatInvoice(parseInvoice(hostile));
        });
        if (code === 'none') expect(formatted).toEqual(hostile);
      }),
    );
  });
});
