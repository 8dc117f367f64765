/** attestry submit: sends envelopes to their logs and keeps the receipts. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { reading, writeLocalFile } from '../../client/local-file.ts';
import { LogClient } from '../../client/log-client.ts';
import type { EntryState, SubmittedEntry } from '../../client/submission-answer.ts';
import type { SubmissionResult } from '../../client/submission-batch.ts';
import { encodeHex } from '../../core/bytes/hex.ts';
import { leafHash } from '../../core/merkle/hash.ts';
import { formatReceipt } from '../../core/receipt/receipt.ts';
import {
  type Envelope,
  LARGEST_ENTRY_BYTES,
  parseEnvelope,
} from '../../core/statement/envelope.ts';
import { contextOf, parseStatement } from '../../core/statement/statement.ts';
import type { TrustRoot } from '../../core/trust/trust-root.ts';
import { AttestryError } from '../../errors.ts';
import { opensslEngine } from '../../keys/openssl-engine.ts';
import { addTrustOptions, defineCommand, jsonOption, wholeNumber } from '../command.ts';
import { EXIT_BY_OUTCOME, EXIT_REFUSED } from '../exit-code.ts';
import { readInput, readTrust, type TrustFlags } from '../input.ts';
import { formatTable, say, sayJson, tell } from '../terminal.ts';

interface SubmitFlags extends TrustFlags {
  readonly log?: string;
  readonly wait: EntryState;
  readonly out?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

const MOST_ENVELOPES_PER_FILE = 10_000;
const LARGEST_FILE_BYTES = MOST_ENVELOPES_PER_FILE * LARGEST_ENTRY_BYTES;
const NEWLINE = 0x0a;

export function submitCommand(): Command {
  return addTrustOptions(
    defineCommand({
      name: 'submit',
      summary: 'submit envelopes to their logs, keep the receipts',
      description:
        'Submits envelopes to the logs that they are made for, verifies what comes back, and keeps the receipts. Submitting again is safe.',
      examples: [
        'attestry submit envelope.json --trust trust.json --wait witnessed --out receipt.json',
        'cat *.envelope.json | attestry submit - --trust trust.json --out receipts/',
      ],
    }),
  )
    .argument('<envelope...>', 'files with an envelope in each line; - for standard input')
    .option('--log <url>', "the log's URL (of the trust root unless told)")
    .addOption(
      new Option('--wait <state>', 'committed: durable and signed. witnessed: cosigned as well.')
        .choices(['committed', 'witnessed'])
        .default('committed'),
    )
    .option('--out <file>', 'where the receipt goes; a folder for more than one')
    .option('--timeout <seconds>', 'for each log, retries included', wholeNumber(1), 60)
    .addOption(jsonOption())
    .action(async (files: readonly string[], flags: SubmitFlags) => submit(files, flags));
}

async function submit(files: readonly string[], flags: SubmitFlags): Promise<void> {
  const trust = await readTrust(flags);
  const envelopes: Envelope[] = [];
  // One by one: a file may hold more of them than one call takes arguments.
  for (const file of files)
    for (const envelope of await readEnvelopes(file)) envelopes.push(envelope);
  if (envelopes.length === 0) {
    throw new AttestryError('ENVELOPE_MALFORMED', `Expected an envelope in ${files.join(', ')}.`);
  }
  const submissions: Submission[] = [];
  for (const [url, group] of groupByLog(envelopes, trust, flags.log)) {
    const submitted = await submitTo(url, group, { trust, flags });
    for (const submission of submitted) submissions.push(submission);
  }
  const [only] = submissions;
  if (submissions.length === 1 && only?.result instanceof AttestryError) throw only.result;
  if (flags.out !== undefined) await keepReceipts(flags.out, submissions);
  if (flags.json === true) sayJson(submissions.map(describe));
  else say(formatSubmissions(submissions));
  process.exitCode = exitCodeOf(submissions, flags.wait);
}

interface Submission {
  readonly envelope: Envelope;
  readonly result: SubmissionResult;
}

/** The envelopes of a file, one a line. @throws what `parseEnvelope` throws */
async function readEnvelopes(file: string): Promise<readonly Envelope[]> {
  const bytes = await readInput(file, LARGEST_FILE_BYTES);
  const envelopes: Envelope[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) envelopes.push(parseEnvelope(bytes.slice(start, end)));
    start = end + 1;
  }
  return envelopes;
}

/** Envelopes by the URL of their log, in order. */
function groupByLog(
  envelopes: readonly Envelope[],
  trust: TrustRoot,
  url: string | undefined,
): ReadonlyMap<string, readonly Envelope[]> {
  const groups = new Map<string, Envelope[]>();
  for (const envelope of envelopes) {
    const origin = contextOf(parseStatement(envelope.payload)).log;
    const target = url ?? trust.logs.get(origin)?.url;
    if (target === undefined) {
      throw new AttestryError(
        'CHECKPOINT_ORIGIN_UNKNOWN',
        `Expected a statement for a log of the trust root, got one for ${origin}.`,
      );
    }
    groups.set(target, [...(groups.get(target) ?? []), envelope]);
  }
  return groups;
}

async function submitTo(
  url: string,
  envelopes: readonly Envelope[],
  { trust, flags }: { readonly trust: TrustRoot; readonly flags: SubmitFlags },
): Promise<readonly Submission[]> {
  const client = new LogClient({ url, trust, engine: opensslEngine });
  const options = { wait: flags.wait, timeoutMs: flags.timeout * 1000 };
  const [only] = envelopes;
  if (envelopes.length === 1 && only !== undefined) {
    const result = await client.submit(only, options).catch(asResult);
    return [{ envelope: only, result }];
  }
  const results = await client.submitMany(envelopes, options);
  return envelopes.map((envelope, i) => ({ envelope, result: results[i] as SubmissionResult }));
}

function asResult(error: unknown): AttestryError {
  if (error instanceof AttestryError) return error;
  throw error;
}

async function keepReceipts(out: string, submissions: readonly Submission[]): Promise<void> {
  const kept = submissions.flatMap(({ result }) =>
    result instanceof AttestryError ? [] : [result],
  );
  if (submissions.length === 1) {
    for (const { receipt } of kept) await writeLocalFile(out, formatReceipt(receipt));
    return;
  }
  await reading(out, () => mkdir(out, { recursive: true }));
  for (const { entryHash, receipt } of kept) {
    await writeLocalFile(join(out, `${entryHash}.json`), formatReceipt(receipt));
  }
  tell(`Kept ${kept.length} receipts in ${out}.`);
}

function describe({ envelope, result }: Submission): object {
  const entryHash = encodeHex(leafHash(envelope.entry));
  if (result instanceof AttestryError) {
    const { code, message, details } = result;
    return { entryHash, error: { code, message, details } };
  }
  const { index, state } = result;
  return { entryHash, index, state };
}

function formatSubmissions(submissions: readonly Submission[]): string {
  const rows = submissions.map(({ envelope, result }) => {
    const statement = parseStatement(envelope.payload);
    const what = [statement.kind, contextOf(statement).log];
    return result instanceof AttestryError
      ? [...what, '-', `${result.code}: ${result.message}`]
      : [...what, result.index, `${result.state}, ${result.entryHash}`];
  });
  return formatTable(['kind', 'log', 'entry', 'state and entry hash'], rows);
}

function exitCodeOf(submissions: readonly Submission[], wait: EntryState): number {
  if (submissions.some(({ result }) => result instanceof AttestryError)) return EXIT_REFUSED;
  const short = submissions.filter(({ result }) => (result as SubmittedEntry).state !== wait);
  if (wait === 'committed' || short.length === 0) return EXIT_BY_OUTCOME.VALID;
  tell(
    `${short.length} committed but not witnessed in time; attestry receipt fetches the receipt later.`,
  );
  return EXIT_BY_OUTCOME.INCONCLUSIVE;
}
