/** How much a model was used: totals that this service has recomputed from the tallies, and where they are proven. */

import { decodeHex } from '../core/bytes/hex.ts';
import { type UsageGrouping, usageRows } from '../core/report/usage-rows.ts';
import { stretchesOf, type UsageRange } from '../core/tally/questions.ts';
import { type TSchema, Type } from '../typebox.ts';
import type { Verifier } from '../verifier/verifier.ts';
import { PROBLEM, SHA256, TIME } from './answer-schemas.ts';
import type { App } from './app-type.ts';

const QUERY = Type.Object(
  {
    from: Type.String({ description: 'Start of a UTC hour, included: 2026-10-01T00:00:00Z.' }),
    to: Type.String({ description: 'Start of a UTC hour, not included.' }),
    by: Type.Union(
      [Type.Literal('region'), Type.Literal('operator'), Type.Literal('day'), Type.Literal('hour')],
      { description: 'What there is a row for.' },
    ),
  },
  { additionalProperties: false },
);

const USAGE: TSchema = Type.Object({
  model: SHA256,
  from: TIME,
  to: TIME,
  by: Type.String(),
  outcome: Type.String({
    description: 'Of the dossier; INCONCLUSIVE where a log is missing from the totals.',
  }),
  rows: Type.Array(
    Type.Object({
      key: Type.String(),
      windows: Type.Integer({ description: 'Usage statements in the sum.' }),
      totals: Type.Record(Type.String(), Type.String({ description: 'Decimal.' })),
    }),
  ),
  proven: Type.Array(Type.String(), { description: 'The logs whose totals are in the rows.' }),
  missing: Type.Array(Type.String(), {
    description: 'The logs of the trust root whose totals are not.',
  }),
  problems: Type.Array(PROBLEM),
  dossier: Type.String({ description: 'Path of the dossier that proves the rows.' }),
});

export function addUsageRoutes(app: App, verifier: Verifier): void {
  app.get(
    '/v1/models/:sha256/usage',
    {
      schema: {
        summary: "Totals of a model's usage, and the dossier that proves them",
        tags: ['models'],
        params: Type.Object({ sha256: Type.String({ description: 'Of the model; hex.' }) }),
        querystring: QUERY,
        response: { 200: USAGE },
      },
    },
    async (request, reply) => {
      const model = request.params.sha256;
      decodeHex(model, 32);
      const { from, to, by } = request.query;
      const range: UsageRange = { from, to, by: stretchOf(by) };
      stretchesOf(range);
      const { outcome, proven, problems } = await verifier.dossiers.reportOn(model, range);
      const origins = proven.map(({ origin }) => origin);
      const dossier = `/v1/models/${model}/dossier?${new URLSearchParams({ ...range })}`;
      return reply.header('cache-control', 'no-cache').send({
        model,
        from,
        to,
        by,
        outcome,
        rows: usageRows(proven, by),
        proven: origins,
        missing: [...verifier.trust.logs.keys()].filter((origin) => !origins.includes(origin)),
        problems,
        dossier,
      });
    },
  );
}

function stretchOf(by: UsageGrouping): UsageRange['by'] {
  return by === 'day' || by === 'hour' ? by : 'total';
}
