/** The auditor's page. Nothing that it loads comes from elsewhere, and nothing in it is run that is not one of its files. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import type { PageFile } from './page-files.ts';

const START = 'index.html';

/** No inline script or style, no plug-ins, no frames, no forms, no other host. */
const PAGE_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves each file under its name, and the first one at `/`. */
export function addPageRoutes(app: App, files: readonly PageFile[]): void {
  for (const file of files) {
    const send = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
      sendFile(file, request, reply);
    const paths = file.name === START ? ['/', `/${START}`] : [`/${file.name}`];
    for (const path of paths) app.get(path, { schema: { hide: true } }, send);
  }
}

function sendFile(file: PageFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply
    .header('content-security-policy', PAGE_POLICY)
    .header('cache-control', 'no-cache')
    .header('vary', 'accept-encoding')
    .header('etag', file.etag)
    .type(file.type);
  if (headers['if-none-match']?.includes(file.etag)) return reply.code(304).send();
  const isGzipTaken = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '');
  if (!isGzipTaken) return reply.send(file.bytes);
  return reply.header('content-encoding', 'gzip').send(file.gzipped);
}
