/** Attack: an operator changes an entry in the database of its own log, so that less seems to have been used. */
import { bytesEqual } from '../../src/core/bytes/equal.ts';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { Envelope } from '../../src/core/statement/envelope.ts';
import { ENTRIES_PER_ROW, entriesOfRow } from '../../src/store/entry-rows.ts';
import { openLevelFolder } from '../../src/store/level-folder.ts';
import { entryRowKey } from '../../src/store/level-keys.ts';
import { demand, refusal } from './expectation.ts';
import { withQuantities } from './hand-made.ts';
import type { LogSite } from './log-site.ts';
import type { Narrator } from './narrator.ts';
import type { RegionUsage } from './story-usage.ts';

export async function attackEntry(
  narrator: Narrator,
  { site, entries }: RegionUsage,
): Promise<void> {
  const { operatorName, region } = site.party;
  const target = entries[0];
  demand(target !== undefined, 'a usage statement to attack');
  const { index, receipt, entryHash } = target;
  await site.stop();
  const original = receipt.envelope.entry;
  const changed = withoutUncached(receipt.envelope);
  await replaceEntry(site, index, { from: original, to: changed });
  narrator.say(
    `${operatorName} stops its node in ${region}, takes the uncached tokens out of entry ${index} in the database, and starts the node again.`,
  );
  const refused = await refusal('ENTRY_HASH_MISMATCH', () => site.start());
  narrator.caught(refused.code, 'The node does not start: the entry is not the one in the tree.');
  await replaceEntry(site, index, { from: changed, to: original });
  await site.start();
  const again = await site.client.receipt(entryHash);
  demand(
    bytesEqual(formatReceipt(again.receipt), formatReceipt(receipt)),
    'the same receipt as before',
  );
  narrator.say('With the right bytes back it starts, and serves the same receipt as before.');
}

/** The entry with a smaller count and the old signature. */
function withoutUncached(envelope: Envelope): Uint8Array {
  return withQuantities(envelope, (quantities) => ({
    ...quantities,
    inputUncachedTokens: '0',
    inputTokens: quantities.inputCachedTokens,
  }));
}

async function replaceEntry(
  { database }: LogSite,
  index: number,
  { from, to }: { readonly from: Uint8Array; readonly to: Uint8Array },
): Promise<void> {
  const level = await openLevelFolder(database);
  try {
    const key = entryRowKey(index);
    const row = await level.get(key);
    const entries = row === undefined ? [] : entriesOfRow(row);
    const at = index % ENTRIES_PER_ROW;
    const found = entries[at];
    demand(found !== undefined && bytesEqual(found, from), `entry ${index} in the database`);
    await level.put(key, encodeBundle(entries.with(at, to)), { sync: true });
  } finally {
    await level.close();
  }
}
