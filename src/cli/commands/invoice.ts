/** attestry invoice: checks what a customer is billed for against what the operator has logged, request by request. */
import type { Command } from 'commander';
import { readLocalFile } from '../../client/local-file.ts';
import { parseCanonicalJson } from '../../core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/utf8.ts';
import { LARGEST_DOSSIER_BYTES, parseDossier } from '../../core/dossier/dossier.ts';
import {
  type Invoice,
  LARGEST_INVOICE_BYTES,
  makeInvoice,
  parseInvoice,
} from '../../core/metering/invoice.ts';
import { parseRequestProof, REQUEST_PROOF_TYPE } from '../../core/metering/request-proof.ts';
import { parseUsageReceipt, type SignedUsageReceipt } from '../../core/metering/usage-receipt.ts';
import { verifyInvoice } from '../../core/metering/verify-invoice.ts';
import { opensslEngine } from '../../keys/openssl-engine.ts';
import { systemHashes } from '../../keys/openssl-hash.ts';
import { addTrustOptions, defineCommand, jsonOption } from '../command.ts';
import { EXIT_BY_OUTCOME } from '../exit-code.ts';
import { readInput, readTrust, type TrustFlags } from '../input.ts';
import { formatInvoiceReport } from '../print-invoice.ts';
import { say, sayJson } from '../terminal.ts';

interface CheckFlags extends TrustFlags {
  readonly dossier?: string;
  readonly receipts?: string;
  readonly json?: boolean;
}

export function invoiceCommand(): Command {
  return defineCommand({
    name: 'invoice',
    summary: 'check what was billed against what was logged',
    description: 'Checks what a customer is billed for against what the operator has logged.',
    examples: ['attestry invoice check invoice.json --trust trust.json'],
  }).addCommand(checkCommand());
}

function checkCommand(): Command {
  return addTrustOptions(
    defineCommand({
      name: 'check',
      summary: 'check an invoice, request by request, offline',
      description:
        'Checks every request of an invoice, and recomputes its total, without any network. A request that the operator dropped or altered is reported with the evidence. Exit codes as for verify.',
      examples: [
        'attestry invoice check invoice.json --trust trust.json',
        'attestry invoice check invoice.json --trust trust.json --receipts kept.jsonl --dossier dossier.json',
      ],
    }),
  )
    .argument('<file>', 'invoice, or the proof of one request; - for standard input')
    .option('--receipts <file>', 'usage receipts that you have kept, one a line')
    .option('--dossier <file>', "of the model: shows the windows that the log holds, and doesn't")
    .addOption(jsonOption())
    .action(async (file: string, flags: CheckFlags) => check(file, flags));
}

async function check(file: string, flags: CheckFlags): Promise<void> {
  const trust = await readTrust(flags);
  const invoice = readInvoice(await readInput(file, LARGEST_INVOICE_BYTES));
  const report = verifyInvoice(invoice, {
    trust,
    now: Math.floor(Date.now() / 1000),
    engine: opensslEngine,
    hashes: systemHashes,
    ...(flags.receipts === undefined ? {} : { kept: await readReceipts(flags.receipts) }),
    ...(flags.dossier === undefined
      ? {}
      : { dossier: parseDossier(await readLocalFile(flags.dossier, LARGEST_DOSSIER_BYTES)) }),
  });
  if (flags.json === true) sayJson(report);
  else say(...formatInvoiceReport(report));
  process.exitCode = EXIT_BY_OUTCOME[report.outcome];
}

/** The invoice in a file; the proof of one request is an invoice over it. */
function readInvoice(bytes: Uint8Array): Invoice {
  const value = parseCanonicalJson(bytes);
  const isProof =
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value['type'] === REQUEST_PROOF_TYPE;
  return isProof ? makeInvoice([parseRequestProof(bytes)]) : parseInvoice(bytes);
}

async function readReceipts(path: string): Promise<readonly SignedUsageReceipt[]> {
  const text = decodeUtf8(await readLocalFile(path, LARGEST_INVOICE_BYTES));
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => parseUsageReceipt(encodeUtf8(line)));
}
