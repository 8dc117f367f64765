/**
 * Request bodies stay bytes. A route parses the canonical bytes itself: a framework's JSON parser has already merged
 * duplicate keys and rounded numbers when a route gets to see its result.
 */
import type { FastifyRequest } from 'fastify';
import { AttestryError } from '../errors.ts';
import type { App } from './app-type.ts';

const BODY_TYPES = [
  'application/json',
  'application/x-ndjson',
  'text/plain',
  'application/octet-stream',
];

/** Takes bodies of the four types that the roles speak, as bytes; every other type is MEDIA_TYPE_UNSUPPORTED. */
export function takeRawBodies(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BODY_TYPES, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

/**
 * Takes bodies of any content type, or of none, within the given scope: C2SP protocols name no content type, and their
 * clients send whatever their HTTP library does.
 */
export function takeAnyBody(scope: App): void {
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

/** The bytes of the request's body; it must have one. @throws REQUEST_MALFORMED */
export function bodyOf(request: Pick<FastifyRequest, 'body'>): Uint8Array {
  const { body } = request;
  if (body instanceof Uint8Array && body.length > 0) return body;
  throw new AttestryError('REQUEST_MALFORMED', 'Expected a body, got an empty request.');
}
