/** attestry receipt: fetches a receipt, verifies it, keeps it. */
import { type Command, Option } from 'commander';
import { LogClient } from '../../client/log-client.ts';
import type { EntryState } from '../../client/submission-answer.ts';
import { formatReceipt } from '../../core/receipt/receipt.ts';
import { opensslEngine } from '../../keys/openssl-engine.ts';
import { addTrustOptions, defineCommand } from '../command.ts';
import { readTrust, type TrustFlags, writeResult } from '../input.ts';
import { tell } from '../terminal.ts';

interface ReceiptFlags extends TrustFlags {
  readonly log: string;
  readonly state: EntryState;
  readonly out?: string;
}

export function receiptCommand(): Command {
  return addTrustOptions(
    defineCommand({
      name: 'receipt',
      summary: 'fetch, verify and keep the receipt of an entry',
      description: 'Fetches the receipt of an entry from its log, verifies it, and writes it.',
      examples: [
        'attestry receipt 3f1c…e9 --log eu.example.org/log --trust trust.json --out receipt.json',
      ],
    }),
  )
    .argument('<entry hash>', '64 hex digits, as attestry submit prints them')
    .requiredOption('--log <origin or URL>', 'the log that holds the entry')
    .addOption(
      new Option('--state <state>', 'which receipt')
        .choices(['committed', 'witnessed'])
        .default('witnessed'),
    )
    .option('--out <file>', 'where the receipt goes (standard output unless told)')
    .action(async (entryHash: string, flags: ReceiptFlags) => fetchReceipt(entryHash, flags));
}

async function fetchReceipt(entryHash: string, flags: ReceiptFlags): Promise<void> {
  const trust = await readTrust(flags);
  const url = trust.logs.get(flags.log)?.url ?? flags.log;
  const client = new LogClient({ url, trust, engine: opensslEngine });
  const { receipt, index, state } = await client.receipt(entryHash, flags.state);
  await writeResult(flags.out, formatReceipt(receipt));
  tell(
    `Entry ${index} is ${state}; its receipt verifies${flags.out === undefined ? '' : ` and is kept in ${flags.out}`}.`,
  );
}
