/** The tally of a log: its note, its proofs, and the cosignatures that verifiers bring. */

import { encodeBase64 } from '../core/bytes/base64.ts';
import { decodeHex } from '../core/bytes/hex.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { questionsAbout } from '../core/tally/questions.ts';
import type { LogTally } from '../log/log-tally.ts';
import { Type } from '../typebox.ts';
import type { App } from './app-type.ts';
import { bodyOf, takeAnyBody } from './body.ts';
import { RANGE_QUERY, rangeOf } from './usage-range.ts';

const LARGEST_COSIGNATURES_BYTES = 16 * 1024;
const BRIEFLY = 'public, max-age=1';

const PAIR = Type.Object({
  checkpoint: Type.String({ description: 'The checkpoint of the same size.' }),
  tally: Type.String({ description: 'The tally note.' }),
});

const NOTE = Type.Optional(
  Type.Union([Type.Literal('newest'), Type.Literal('offered'), Type.Literal('cosigned')], {
    description:
      'The newest note, unless told; the one that verifiers are asked to cosign; or the newest that their quorum has cosigned.',
  }),
);
const PAIR_QUERY = Type.Object({ note: NOTE }, { additionalProperties: false });
const PROOF_QUERY = Type.Object(
  {
    model: Type.String({ description: 'SHA-256 of the model, hex.' }),
    note: NOTE,
    ...RANGE_QUERY,
  },
  { additionalProperties: false },
);

export function addTallyRoutes(app: App, tally: LogTally): void {
  const tags = ['tally'];
  app.get(
    '/tally',
    { schema: { summary: 'The newest tally note', tags } },
    async (_request, reply) =>
      reply
        .type('text/plain; charset=utf-8')
        .header('cache-control', BRIEFLY)
        .send(tally.pair().tally),
  );
  app.get(
    '/v1/tally',
    {
      schema: {
        summary: 'A tally note with the checkpoint of the same size',
        tags,
        querystring: PAIR_QUERY,
        response: { 200: PAIR },
      },
    },
    async (request, reply) =>
      reply.header('cache-control', BRIEFLY).send(tally.pair(request.query.note)),
  );
  app.get(
    '/v1/tally/proof',
    {
      schema: {
        summary: 'What the tally holds about one model, proven',
        description:
          'The proof, in base64, answers the questions that the documentation of the tally derives from model and range.',
        tags,
        querystring: PROOF_QUERY,
        response: { 200: Type.Object({ ...PAIR.properties, proof: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { model, note } = request.query;
      decodeHex(model, 32);
      const served = await tally.prove(questionsAbout(model, rangeOf(request.query)), note);
      return reply
        .header('cache-control', BRIEFLY)
        .send({ ...served, proof: encodeBase64(served.proof) });
    },
  );
  app.register(async (scope: App) => {
    takeAnyBody(scope);
    scope.post(
      '/tally/cosignatures',
      {
        bodyLimit: LARGEST_COSIGNATURES_BYTES,
        schema: {
          summary: "Verifiers' cosignatures on tally notes",
          description:
            'Signature lines of c2sp.org/signed-note for the newest, the offered or the cosigned note. Answers how many were taken: lines of unknown verifiers and for older notes are not.',
          tags,
          response: { 200: Type.Object({ taken: Type.Integer() }) },
        },
      },
      async (request) => ({ taken: await tally.addCosignatures(decodeUtf8(bodyOf(request))) }),
    );
  });
}
