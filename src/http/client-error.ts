/** Answers to what never became a request: bytes that are not HTTP, headers without end, requests that arrive too slowly. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';
import { AttestryError } from '../errors.ts';
import { formatRefusal } from './refusal.ts';
import { HTTP_STATUS } from './status.ts';

interface ClientError extends Error {
  readonly code?: string;
}

export interface BrokenConnection {
  readonly socket: Socket;
  /** The last response begun on this connection, if any. */
  readonly response: ServerResponse | undefined;
  readonly log: FastifyBaseLogger;
}

/** Writes the coded answer on the raw socket, unless a request that was in order awaits its own there, and closes the connection. */
export function answerClientError(error: ClientError, connection: BrokenConnection): void {
  const { socket, response, log } = connection;
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, refusal } = judge(error.code);
  log.debug({ cause: error.code, code: refusal.code }, 'connection refused');
  if (socket.writable && !isAnswering(response)) {
    socket.write(formatAnswer(status, formatRefusal(refusal)));
  }
  socket.destroy();
}

// Bytes written now would be read as part of the answer to a request that was in order.
function isAnswering(response: ServerResponse | undefined): boolean {
  return response?.req.complete === true && !response.writableFinished;
}

function judge(code: string | undefined): { status: number; refusal: AttestryError } {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const message = 'Expected the whole request within its time limit; send it faster.';
    return withStatus(new AttestryError('REQUEST_TIMEOUT', message));
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    // HTTP has a status of its own for headers; the code says the same of any input.
    const refusal = new AttestryError('INPUT_TOO_LARGE', 'Expected shorter request headers.');
    return { status: 431, refusal };
  }
  return withStatus(new AttestryError('REQUEST_MALFORMED', 'Expected an HTTP/1.1 request.'));
}

function withStatus(refusal: AttestryError): { status: number; refusal: AttestryError } {
  return { status: HTTP_STATUS[refusal.code], refusal };
}

function formatAnswer(status: number, body: string): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Connection: close',
    'Content-Type: application/json',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
