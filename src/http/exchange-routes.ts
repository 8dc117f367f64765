/** What verifiers tell each other, and what a log is held to. All of it is signed by others, and public. */

import { LARGEST_RECEIPT_BYTES } from '../core/receipt/receipt.ts';
import { AttestryError } from '../errors.ts';
import { type TSchema, Type } from '../typebox.ts';
import type { Verifier } from '../verifier/verifier.ts';
import { orNull, SHA256 } from './answer-schemas.ts';
import type { App } from './app-type.ts';
import { bodyOf } from './body.ts';

const TAGS = ['network'];

export function addExchangeRoutes(app: App, verifier: Verifier): void {
  app.get(
    '/v1/checkpoints/:origin',
    {
      schema: {
        summary: 'Checkpoints of a log that this verifier has seen',
        description:
          'Each signed by the log, with the cosignatures of the witnesses of the trust root. Other verifiers hold them against what the log shows them.',
        tags: TAGS,
        params: Type.Object({ origin: Type.String() }),
        response: { 200: CHECKPOINTS },
      },
    },
    async (request, reply) => {
      const { origin } = request.params;
      const checkpoints = verifier.checkpoints(origin);
      if (checkpoints === undefined) {
        throw new AttestryError(
          'CHECKPOINT_ORIGIN_UNKNOWN',
          'Expected the origin of a log that the trust root names.',
        );
      }
      return reply.header('cache-control', 'no-cache').send({ origin, checkpoints });
    },
  );
  app.post(
    '/v1/receipts',
    {
      bodyLimit: LARGEST_RECEIPT_BYTES,
      schema: {
        summary: 'Hold a log to a receipt that it gave',
        description:
          'A receipt carries a checkpoint that the log signed, also where no witness has cosigned it yet. A log that drops what it accepted contradicts it.',
        tags: TAGS,
        consumes: ['application/json'],
        body: Type.Any({ description: 'The canonical bytes of the receipt.' }),
        response: { 200: HELD },
      },
    },
    async (request, reply) => {
      const held = await verifier.holdToReceipt(bodyOf(request));
      return reply.header('cache-control', 'no-store').send(held);
    },
  );
}

const CHECKPOINTS: TSchema = Type.Object({
  origin: Type.String(),
  checkpoints: Type.Array(Type.String({ description: 'A signed note.' })),
});

const HELD: TSchema = Type.Object({
  origin: Type.String(),
  index: Type.Integer(),
  state: Type.Union(
    ['published', 'waiting', 'contradicted'].map((state) => Type.Literal(state)),
    {
      description:
        'Whether what the log publishes contains the entry, does not reach as far yet, or excludes it.',
    },
  ),
  finding: orNull(SHA256),
});
