/** Attack: a true statement is sent to a log that it was not made for, to be counted twice. */
import type { Envelope } from '../../src/core/statement/envelope.ts';
import { refusal } from './expectation.ts';
import { postEntry } from './hand-made.ts';
import type { LogSite } from './log-site.ts';
import type { Narrator } from './narrator.ts';

export async function attackReplay(
  narrator: Narrator,
  {
    envelope,
    from,
    to,
  }: { readonly envelope: Envelope; readonly from: LogSite; readonly to: LogSite },
): Promise<void> {
  narrator.say(
    `Somebody takes a statement out of the log of ${from.party.region} and sends it to ${to.party.region} as well.`,
  );
  const refused = await refusal('STATEMENT_LOG_MISMATCH', () => postEntry(to, envelope.entry));
  narrator.caught(refused.code, 'The node takes nothing: the statement names the log it is for.');
}
