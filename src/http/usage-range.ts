/** The stretch of time that a question about usage names in its query. */

import { stretchesOf, type UsageRange } from '../core/tally/questions.ts';
import { AttestryError } from '../errors.ts';
import { Type } from '../typebox.ts';

interface RangeQuery {
  readonly from?: string;
  readonly to?: string;
  readonly by?: UsageRange['by'];
  readonly others?: 'counted';
}

/** The query of everything that is asked about the usage of one model. */
export const RANGE_QUERY = {
  from: Type.Optional(
    Type.String({ description: 'Start of a UTC hour, included: 2026-10-01T00:00:00Z.' }),
  ),
  to: Type.Optional(Type.String({ description: 'Start of a UTC hour, not included.' })),
  by: Type.Optional(
    Type.Union([Type.Literal('total'), Type.Literal('day'), Type.Literal('hour')], {
      description:
        'How usage is summed from `from` to `to`; day unless told. Without from and to every usage statement is listed.',
    }),
  ),
  others: Type.Optional(
    Type.Literal('counted', {
      description:
        'Training, evaluation and deployment are counted and not listed; withdrawals are listed all the same. Only with from and to.',
    }),
  ),
};

/** The range of a query, or null where usage is to be listed. @throws USAGE_RANGE_INVALID, TIME_MALFORMED */
export function rangeOf(query: RangeQuery): UsageRange | null {
  const { from, to, by = 'day', others } = query;
  const isEmpty = [from, to, query.by, others].every((field) => field === undefined);
  if (isEmpty) return null;
  if (from === undefined || to === undefined) {
    throw new AttestryError('USAGE_RANGE_INVALID', 'Expected both from and to, or neither.');
  }
  const range = { from, to, by, ...(others === undefined ? {} : { others }) };
  stretchesOf(range);
  return range;
}
