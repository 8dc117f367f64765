/** Every error of every role leaves here, as `{"error":{"code","message","details"}}` and the status of its code. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AttestryError, type AttestryErrorCode, ERROR_TABLE } from '../errors.ts';
import type { App } from './app-type.ts';
import { HTTP_STATUS, isInternal } from './status.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The code with which the request was refused, for the request's log line. */
    refusal: AttestryErrorCode | null;
  }
}

/** The body of an error answer. */
export function formatRefusal(error: AttestryError): string {
  const { code } = error;
  const spoken = isInternal(code)
    ? { code, message: ERROR_TABLE[code].means, details: {} }
    : { code, message: error.message, details: error.details };
  return JSON.stringify({ error: spoken });
}

/** Answers a request with an error; the cause of an internal one goes to the log and not to the client. */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = asRefusal(error);
  request.refusal = refusal.code;
  if (isInternal(refusal.code)) {
    request.log.error({ reqId: request.id, err: error, code: refusal.code }, 'failed');
  }
  const { retryAfterSeconds } = refusal.details;
  if (typeof retryAfterSeconds === 'number') {
    reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterSeconds))));
  }
  // A route may have set the headers of its success already: an error must not be cached for a year.
  return reply
    .code(HTTP_STATUS[refusal.code])
    .header('cache-control', 'no-store')
    .header('content-type', 'application/json')
    .send(formatRefusal(refusal));
}

/** Installs the one error handler and the one not-found handler. Call after the rate limiter is registered, if there is one. */
export function answerErrors(app: App): void {
  app.decorateRequest('refusal', null);
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply));
  const limited = app.hasDecorator('rateLimit') ? { preHandler: app.rateLimit() } : {};
  app.setNotFoundHandler(limited, (request, reply) =>
    refuse(
      new AttestryError('ROUTE_UNKNOWN', 'Expected a route of this node; /docs lists them.'),
      request,
      reply,
    ),
  );
}

function asRefusal(error: unknown): AttestryError {
  if (error instanceof AttestryError) return error;
  const { code, statusCode } = readSigns(error);
  const known = FASTIFY_ERRORS.get(code) ?? HTTP_ERRORS.get(statusCode);
  if (known !== undefined) return new AttestryError(...known);
  if (statusCode >= 400 && statusCode < 500)
    return malformed('Expected a request that HTTP allows.');
  return new AttestryError('INTERNAL', ERROR_TABLE.INTERNAL.means, { cause: error });
}

function readSigns(error: unknown): { code: string; statusCode: number } {
  if (typeof error !== 'object' || error === null) return { code: '', statusCode: 0 };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const statusCode =
    'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 0;
  return { code, statusCode };
}

function malformed(message: string): AttestryError {
  return new AttestryError('REQUEST_MALFORMED', message);
}

type Known = readonly [AttestryErrorCode, string];

const TOO_LARGE: Known = [
  'INPUT_TOO_LARGE',
  'Expected a body within the size limit of this route; send less at once.',
];
const MEDIA_TYPE: Known = [
  'MEDIA_TYPE_UNSUPPORTED',
  'Expected a content type that this route takes; /docs lists them.',
];
const NOT_HERE: Known = ['ROUTE_UNKNOWN', 'Expected a route of this node; /docs lists them.'];

// The texts of fastify's own errors quote the request; these do not.
const FASTIFY_ERRORS: ReadonlyMap<string, Known> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', TOO_LARGE],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', MEDIA_TYPE],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    ['REQUEST_MALFORMED', 'Expected a body as long as its Content-Length.'],
  ],
  ['FST_ERR_BAD_URL', ['REQUEST_MALFORMED', 'Expected a URL with valid percent-encoding.']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['REQUEST_MALFORMED', 'Expected shorter parts in the URL path.']],
  ['FST_ERR_NOT_FOUND', NOT_HERE],
]);

const HTTP_ERRORS: ReadonlyMap<number, Known> = new Map([
  [403, NOT_HERE],
  [404, NOT_HERE],
  [408, ['REQUEST_TIMEOUT', 'Expected the whole request within its time limit.']],
  [413, TOO_LARGE],
  [415, MEDIA_TYPE],
]);
