/** Reading single things from a log: entries, receipts, and how the log stands. */

import { parseDecimal } from '../core/bytes/decimal.ts';
import { decodeHex, encodeHex } from '../core/bytes/hex.ts';
import { formatVkey } from '../core/note/vkey.ts';
import { formatReceipt, type Receipt } from '../core/receipt/receipt.ts';
import { AttestryError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { CheckpointState } from '../store/log-store.ts';
import { type Static, Type } from '../typebox.ts';
import type { App } from './app-type.ts';

const STATE = Type.Union([Type.Literal('committed'), Type.Literal('witnessed')]);
const IMMUTABLE = 'public, max-age=31536000, immutable';

const STATUS = Type.Object({
  origin: Type.String(),
  vkey: Type.String({ description: 'Verifier key of the log.' }),
  operator: Type.String(),
  region: Type.String(),
  size: Type.Integer({ description: 'Committed entries.' }),
  root: Type.String({ description: 'Root at that size, hex.' }),
  witnessedSize: Type.Integer({
    description: 'Entries under the newest checkpoint with the quorum.',
  }),
  queued: Type.Integer(),
  witnesses: Type.Array(
    Type.Object({
      name: Type.String(),
      url: Type.String(),
      size: Type.Integer(),
      lastCosignedAt: Type.Union([Type.Integer(), Type.Null()]),
      lastError: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
});

export function addLogReadRoutes(app: App, log: Log): void {
  const tags = ['log'];
  app.get(
    '/v1/entries/:index',
    {
      schema: {
        summary: 'The canonical bytes of one entry',
        tags,
        params: Type.Object({ index: Type.String({ description: 'From 0.' }) }),
      },
    },
    async (request, reply) => {
      const entry = await log.reader.entry(parseDecimal(request.params.index));
      return reply
        .type('application/json')
        .header('cache-control', IMMUTABLE)
        .send(Buffer.from(entry));
    },
  );
  app.get(
    '/v1/receipts/:entryHash',
    {
      schema: {
        summary: 'The receipt of one entry',
        description:
          'Without a state: the witnessed receipt if there is one, else the committed one. The header attestry-state says which. The receipt of one state never changes.',
        tags,
        params: Type.Object({ entryHash: Type.String({ description: 'Entry hash, hex.' }) }),
        querystring: Type.Object({ state: Type.Optional(STATE) }, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      const entryHash = decodeHex(request.params.entryHash, 32);
      const { state, receipt } = await findReceipt(log, entryHash, request.query.state);
      return reply
        .type('application/json')
        .header('attestry-state', state)
        .header('cache-control', request.query.state === undefined ? 'no-store' : IMMUTABLE)
        .send(Buffer.from(formatReceipt(receipt)));
    },
  );
  app.get(
    '/v1/log',
    { schema: { summary: 'How the log stands', tags, response: { 200: STATUS } } },
    async (_request, reply) => reply.header('cache-control', 'no-store').send(statusOf(log)),
  );
}

interface FoundReceipt {
  readonly state: CheckpointState;
  readonly receipt: Receipt;
}

async function findReceipt(
  log: Log,
  entryHash: Uint8Array,
  state?: CheckpointState,
): Promise<FoundReceipt> {
  if (state !== undefined) return { state, receipt: await log.receipt(entryHash, state) };
  try {
    return { state: 'witnessed', receipt: await log.receipt(entryHash, 'witnessed') };
  } catch (error) {
    if (!(error instanceof AttestryError) || error.code !== 'ENTRY_UNKNOWN') throw error;
    return { state: 'committed', receipt: await log.receipt(entryHash, 'committed') };
  }
}

function statusOf(log: Log): Static<typeof STATUS> {
  const { log: trusted, head, published, queued, witnesses } = log.status();
  return {
    origin: log.origin,
    vkey: formatVkey(trusted.vkey),
    operator: trusted.operator,
    region: trusted.region,
    size: head.size,
    root: encodeHex(head.root),
    witnessedSize: published?.size ?? 0,
    queued,
    witnesses: [...witnesses],
  };
}
