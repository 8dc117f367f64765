/** The usage statement of a closed window, signed. */
import { encodeHex } from '../core/bytes/hex.ts';
import { formatTime } from '../core/bytes/time.ts';
import { quantitiesOf } from '../core/metering/buckets.ts';
import type { Context } from '../core/statement/context.ts';
import { type Envelope, signEnvelope } from '../core/statement/envelope.ts';
import type { Subject } from '../core/statement/resource.ts';
import { formatStatement, type StatementOf } from '../core/statement/statement.ts';
import { REQUEST_TREE_ALGORITHM } from '../core/statement/usage.ts';
import type { ClosedWindow } from './open-window.ts';

export interface WindowSigning {
  /** The operator's 32-byte seed. */
  readonly seed: Uint8Array;
  readonly meter: { readonly id: string; readonly method: string };
  readonly subject: Subject;
  readonly context: Omit<Context, 'issuedAt'>;
  /** Hex SHA-256 of the payload before; null for the first window. */
  readonly previous: string | null;
  /** Unix seconds, not before the window ends. */
  readonly issuedAt: number;
}

/** @throws STATEMENT_MALFORMED, USAGE_* */
export function signWindow(window: ClosedWindow, signing: WindowSigning): Envelope {
  const { sequence, start, end, buckets, tree } = window;
  const { meter, subject, context, previous, issuedAt } = signing;
  const { count } = tree.root;
  const statement: StatementOf<'usage'> = {
    kind: 'usage',
    subject: [subject],
    predicate: {
      context: { ...context, issuedAt: formatTime(issuedAt) },
      meter: { id: meter.id, method: meter.method, sequence, previous },
      window: { start: formatTime(start), end: formatTime(end) },
      quantities: quantitiesOf(count, buckets),
      requestTree: {
        algorithm: REQUEST_TREE_ALGORITHM,
        root: encodeHex(tree.root.hash),
        count: `${count}`,
      },
    },
  };
  return signEnvelope(formatStatement(statement), [signing.seed]);
}
