/** Judging a file for those who cannot run the judge themselves. */
import { type TSchema, Type } from '../typebox.ts';
import type { Verifier } from '../verifier/verifier.ts';
import type { App } from './app-type.ts';
import { bodyOf } from './body.ts';

/** Larger dossiers are judged where they are: the function is the same. */
const LARGEST_BODY = 16 * 1024 * 1024;

export function addJudgeRoute(app: App, verifier: Verifier): void {
  app.post(
    '/v1/verify',
    {
      bodyLimit: LARGEST_BODY,
      schema: {
        summary: 'The report on a receipt, a dossier or a finding',
        description:
          'The same pure function as the command line and the SDK run. A file that does not hold has a report too, with status 200.',
        tags: ['models'],
        consumes: ['application/json'],
        body: Type.Any({ description: 'The canonical bytes of the file.' }),
        response: { 200: REPORT },
      },
    },
    async (request, reply) => {
      const report = await verifier.dossiers.judge(bodyOf(request));
      return reply.header('cache-control', 'no-store').send(report);
    },
  );
}

const REPORT: TSchema = Type.Object({
  type: Type.Literal('attestry/report'),
  version: Type.Literal(1),
  of: Type.Union([Type.Literal('receipt'), Type.Literal('dossier'), Type.Literal('finding')]),
  outcome: Type.Union(
    ['VALID', 'INVALID', 'INCONCLUSIVE', 'EQUIVOCATION'].map((outcome) => Type.Literal(outcome)),
  ),
  problems: Type.Array(Type.Any()),
  model: Type.Union([Type.String(), Type.Null()]),
  statements: Type.Array(Type.Any()),
  logs: Type.Array(Type.Any()),
  usage: Type.Array(Type.Any()),
  checked: Type.Array(Type.String()),
  notProven: Type.Array(Type.String()),
  trustRoot: Type.String(),
  verifiedAt: Type.String(),
});
