/** Attack: a cached token is counted a second time in the total. */
import { nextUsage } from '../../src/client/operator.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import type { Envelope } from '../../src/core/statement/envelope.ts';
import {
  PREDICATE_TYPE,
  parseStatement,
  STATEMENT_TYPE,
  type StatementOf,
} from '../../src/core/statement/statement.ts';
import { demand, refusal } from './expectation.ts';
import { postEntry } from './hand-made.ts';
import type { Narrator } from './narrator.ts';
import type { RegionUsage } from './story-usage.ts';

export async function attackCache(
  narrator: Narrator,
  { site, entries }: RegionUsage,
): Promise<void> {
  const last = entries.at(-1);
  demand(last !== undefined, 'a usage statement to follow');
  const statement = doubleCounted(last.receipt.envelope);
  const { operatorName, region } = site.party;
  narrator.say(`${operatorName} in ${region} counts one cached token twice in its next total.`);
  const unsigned = await refusal('USAGE_SUM_MISMATCH', async () => site.sign(statement));
  narrator.caught(unsigned.code, 'Our own tool does not sign that.');
  const payload = formatCanonicalJson({
    _type: STATEMENT_TYPE,
    predicate: statement.predicate,
    predicateType: PREDICATE_TYPE.usage,
    subject: statement.subject,
  });
  const { entry } = site.signPayload(payload);
  const refused = await refusal('USAGE_SUM_MISMATCH', () => postEntry(site, entry));
  narrator.caught(refused.code, 'Signed by hand, it is refused by the node.');
}

/** The meter's next statement, with a total that its buckets do not add up to. */
function doubleCounted(last: Envelope): StatementOf<'usage'> {
  const statement = parseStatement(last.payload);
  demand(statement.kind === 'usage', 'a usage statement');
  const { predicate } = statement;
  const { sequence, previous } = nextUsage(last);
  const { quantities } = predicate;
  demand(quantities.inputCachedTokens !== '0', 'cached tokens to count twice');
  return {
    ...statement,
    predicate: {
      ...predicate,
      meter: { ...predicate.meter, sequence, previous },
      quantities: { ...quantities, inputTokens: String(BigInt(quantities.inputTokens) + 1n) },
    },
  };
}
