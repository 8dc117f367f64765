/** The statement of the logs that are no part of the network: short, and enough to be logged. */
import type { Subject } from '../../src/core/statement/resource.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import type { LogSite } from './log-site.ts';

/** That the site's operator deploys the model now. */
export function deploymentOf(
  site: LogSite,
  subject: Subject,
  deploymentId: string,
): StatementOf<'deployment'> {
  const context = site.context();
  return {
    kind: 'deployment',
    subject: [subject],
    predicate: {
      context,
      deploymentId,
      action: 'deploy',
      environment: 'demo',
      effectiveAt: context.issuedAt,
    },
  };
}
