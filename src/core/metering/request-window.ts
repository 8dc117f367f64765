/** How a usage receipt lies to a logged usage statement: whether it speaks of it, and what in it contradicts the receipt. */
import { canonicalText } from '../bytes/json.ts';
import { parseTime } from '../bytes/time.ts';
import { modelsOf, type StatementOf } from '../statement/statement.ts';
import type { UsageReceipt } from './usage-receipt.ts';

/** One key for every window of every meter on every log. */
export function windowKeyOf(statement: StatementOf<'usage'>): string {
  const { context, meter } = statement.predicate;
  return canonicalText([context.log, context.operator, meter.id, meter.sequence]);
}

/** The key of the window that the receipt promises to be in. */
export function promisedWindowKey({ log, operator, meter, window }: UsageReceipt): string {
  return canonicalText([log, operator, meter, window.sequence]);
}

/** Why the window that the receipt names cannot hold it; undefined if it can. */
export function contradictionOf(
  receipt: UsageReceipt,
  statement: StatementOf<'usage'>,
): string | undefined {
  const { window, requestTree } = statement.predicate;
  const model = modelsOf(statement)[0];
  const at = parseTime(receipt.at);
  if (model !== receipt.model) return `it counts model ${model}, not ${receipt.model}`;
  if (at < parseTime(window.start) || at >= parseTime(window.end)) {
    return `it runs from ${window.start} to ${window.end}, and the request is of ${receipt.at}`;
  }
  if (requestTree === undefined) return 'it commits to no requests';
  if (BigInt(receipt.window.index) >= BigInt(requestTree.count)) {
    return `it holds ${requestTree.count} requests, and this one is number ${receipt.window.index}, counted from 0`;
  }
  return undefined;
}
