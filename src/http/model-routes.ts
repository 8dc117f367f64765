/** What is known about models: lists, answers, and the files that prove them. */

import { parseDecimal } from '../core/bytes/decimal.ts';
import { decodeHex } from '../core/bytes/hex.ts';
import { formatTime } from '../core/bytes/time.ts';
import type { Problem } from '../core/dossier/problem.ts';
import type { Report } from '../core/report/report.ts';
import { AttestryError } from '../errors.ts';
import { type TSchema, Type } from '../typebox.ts';
import type { PageRequest } from '../verifier/catalogue.ts';
import type { LogStatus, Verifier } from '../verifier/verifier.ts';
import { fileAnswer, LOG_STATE, orNull, PROBLEM, SHA256, TIME } from './answer-schemas.ts';
import type { App } from './app-type.ts';
import { RANGE_QUERY, rangeOf } from './usage-range.ts';

const TAGS = ['models'];
const MODELS_PER_PAGE = 100;
const MOST_MODELS_PER_PAGE = 1_000;
/** A receipt is under the first checkpoint that covers its entry, so it never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
const MODEL_PARAMETER = Type.Object({
  sha256: Type.String({ description: 'Of the file, or the OMS root of the folder; hex.' }),
});

const RANGE = Type.Object({ ...RANGE_QUERY }, { additionalProperties: false });

export function addModelRoutes(app: App, verifier: Verifier): void {
  addListRoute(app, verifier);
  addStatusRoute(app, verifier);
  app.get(
    '/v1/models/:sha256/dossier',
    {
      schema: {
        summary: 'The dossier of a model: all that the followed logs say about it',
        tags: TAGS,
        description:
          'With from and to, usage is summed over that time by the tallies, and only the other statements are listed.',
        params: MODEL_PARAMETER,
        querystring: RANGE,
        response: fileAnswer('The canonical bytes of the dossier.'),
      },
    },
    async (request, reply) => {
      const model = modelOf(request.params.sha256);
      const range = rangeOf(request.query) ?? undefined;
      const bytes = await verifier.dossiers.bytesOf(model, range);
      return reply
        .type('application/json')
        .header('cache-control', 'no-cache')
        .send(Buffer.from(bytes));
    },
  );
  app.get(
    '/v1/entries/:origin/:index/receipt',
    {
      schema: {
        summary: 'The receipt of one entry',
        tags: TAGS,
        params: Type.Object({
          origin: Type.String({ description: "The log's origin, percent-encoded." }),
          index: Type.String({ description: 'From 0.' }),
        }),
        response: fileAnswer('The canonical bytes of the receipt.'),
      },
    },
    async (request, reply) => {
      const { origin, index } = request.params;
      const bytes = await verifier.dossiers.receiptOf(origin, parseDecimal(index));
      return reply
        .type('application/json')
        .header('cache-control', IMMUTABLE)
        .send(Buffer.from(bytes));
    },
  );
}

function addListRoute(app: App, verifier: Verifier): void {
  app.get(
    '/v1/models',
    {
      schema: {
        summary: 'The models that the followed logs speak of',
        tags: TAGS,
        querystring: Type.Object(
          {
            after: Type.Optional(Type.String({ description: 'From next of the page before.' })),
            limit: Type.Optional(
              Type.String({
                description: `1 to ${MOST_MODELS_PER_PAGE}; ${MODELS_PER_PAGE} unless told.`,
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: MODEL_PAGE },
      },
    },
    async (request, reply) => {
      const page = await verifier.catalogue.models(pageOf(request.query));
      return reply.header('cache-control', 'no-cache').send(page);
    },
  );
}

function addStatusRoute(app: App, verifier: Verifier): void {
  app.get(
    '/v1/models/:sha256',
    {
      schema: {
        summary: 'What stands about a model, and how sure that is',
        tags: TAGS,
        params: MODEL_PARAMETER,
        response: { 200: MODEL_STATUS },
      },
    },
    async (request, reply) => {
      const model = modelOf(request.params.sha256);
      const report = await verifier.dossiers.reportOn(model);
      const { outcome, statements, usage, problems } = report;
      return reply.header('cache-control', 'no-cache').send({
        model,
        status: statusOf(report),
        outcome,
        statements,
        usage,
        logs: verifier.logs().map(describeLog),
        problems,
      });
    },
  );
}

function pageOf(query: { readonly after?: string; readonly limit?: string }): PageRequest {
  const { after, limit } = query;
  return {
    limit: limit === undefined ? MODELS_PER_PAGE : limitOf(limit),
    ...(after === undefined ? {} : { after: modelOf(after) }),
  };
}

function limitOf(text: string): number {
  const limit = parseDecimal(text);
  if (limit >= 1 && limit <= MOST_MODELS_PER_PAGE) return limit;
  throw new AttestryError(
    'REQUEST_MALFORMED',
    `Expected a limit from 1 to ${MOST_MODELS_PER_PAGE}, got ${limit}.`,
  );
}

/** The digest itself if it is one. @throws HEX_MALFORMED */
function modelOf(sha256: string): string {
  decodeHex(sha256, 32);
  return sha256;
}

function statusOf({ problems, statements }: Report): 'withdrawn' | 'attested' | 'unknown' {
  const isWithdrawn = problems.some(({ code }: Problem) => code === 'MODEL_WITHDRAWN');
  if (isWithdrawn) return 'withdrawn';
  return statements.length > 0 ? 'attested' : 'unknown';
}

function describeLog({ log, state, problem, facts }: LogStatus): object {
  const { current } = facts;
  return {
    origin: log.origin,
    region: log.region,
    state,
    size: current?.checkpoint.size ?? 0,
    witnessedAt: current === undefined ? null : formatTime(current.witnessedAt),
    problem: problem ?? null,
  };
}

const MODEL_PAGE: TSchema = Type.Object({
  models: Type.Array(
    Type.Object({
      model: SHA256,
      names: Type.Array(Type.String(), { description: 'As statements name it.' }),
      statements: Type.Integer(),
      kinds: Type.Record(Type.String(), Type.Integer()),
      origins: Type.Array(Type.String(), { description: 'The logs that say something about it.' }),
    }),
  ),
  next: orNull(SHA256),
});

const MODEL_STATUS: TSchema = Type.Object({
  model: SHA256,
  status: Type.Union([
    Type.Literal('attested'),
    Type.Literal('withdrawn'),
    Type.Literal('unknown'),
  ]),
  outcome: Type.String({
    description: 'Of the dossier: VALID, INVALID, INCONCLUSIVE or EQUIVOCATION.',
  }),
  statements: Type.Array(Type.Any(), { description: 'As in the report on the dossier.' }),
  usage: Type.Array(Type.Any(), { description: 'Totals per region and operator.' }),
  logs: Type.Array(
    Type.Object({
      origin: Type.String(),
      region: Type.String(),
      state: LOG_STATE,
      size: Type.Integer({ description: 'Entries under the newest verified checkpoint.' }),
      witnessedAt: orNull(TIME),
      problem: orNull(PROBLEM),
    }),
  ),
  problems: Type.Array(PROBLEM, { description: 'As in the report on the dossier.' }),
});
