/** Withdrawing a model, as an operator does it. */
import type { Subject } from '../../src/core/statement/resource.ts';
import type { RevocationPredicate } from '../../src/core/statement/revocation.ts';
import type { LogSite } from './log-site.ts';

/** The index of the entry by which the site's operator withdraws the model now. */
export async function revoke(
  site: LogSite,
  subject: Subject,
  reason: RevocationPredicate['reason'],
): Promise<number> {
  const { index } = await site.record({
    kind: 'revocation',
    subject: [subject],
    predicate: { context: site.context(), target: { scope: 'model' }, reason },
  });
  return index;
}
