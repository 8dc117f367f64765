/** What a node's refusal means: its own code and words where it gives them, else what its status says. */
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import {
  AttestryError,
  type AttestryErrorCode,
  ERROR_TABLE,
  type ErrorDetails,
} from '../errors.ts';
import type { BoundedResponse } from './bounded-fetch.ts';

const LONGEST_MESSAGE = 500;
const MOST_DETAILS = 16;
/** Statuses that say: the same request may succeed later. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
const TRANSIENT_CODES: ReadonlySet<AttestryErrorCode> = new Set([
  'PEER_UNAVAILABLE',
  'RATE_LIMITED',
  'QUEUE_FULL',
  'NODE_STOPPING',
]);

/** The refusal in an answer that is not the success asked for. Its details hold `status`, and `retryAfterSeconds` if given. */
export function peerRefusal(url: string, response: BoundedResponse): AttestryError {
  const { status, headers, body } = response;
  const told = readError(body);
  const retryAfterSeconds = readRetryAfter(headers.get('retry-after'));
  const details = {
    ...told?.details,
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
  const host = new URL(url).host;
  if (told !== undefined) {
    return new AttestryError(told.code, `${host} answers: ${told.message}`, { details });
  }
  return new AttestryError(codeOfStatus(status), `${host} answers with status ${status}.`, {
    details,
  });
}

/** The refusal as a fault of the node: it chooses the code, which must not pass for something found here, such as a full disk. */
export function asPeerFault(refusal: AttestryError): AttestryError {
  const { message, details } = refusal;
  const { status } = details;
  const isBusy = status === 408 || status === 429 || (typeof status === 'number' && status >= 500);
  const code = isBusy ? 'PEER_UNAVAILABLE' : 'RESPONSE_INVALID';
  return new AttestryError(code, message, { details, cause: refusal });
}

/** The error that a line or body `{"error":{code,message,details}}` holds; undefined if it is none. */
export function readError(body: Uint8Array): AttestryError | undefined {
  try {
    return errorIn(JSON.parse(decodeUtf8(body)));
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof AttestryError) return undefined;
    throw cause;
  }
}

function errorIn(value: unknown): AttestryError | undefined {
  const { code, message, details } = fieldsOf(fieldsOf(value)['error']);
  if (typeof code !== 'string' || !isCode(code)) return undefined;
  const words = typeof message === 'string' ? message : ERROR_TABLE[code].means;
  return new AttestryError(code, printable(words), { details: readDetails(fieldsOf(details)) });
}

/** Whether the same request, sent again later, may succeed. */
export function isTransient(error: AttestryError): boolean {
  const { status } = error.details;
  return (
    TRANSIENT_CODES.has(error.code) || (typeof status === 'number' && TRANSIENT_STATUS.has(status))
  );
}

/** How long the node asked to wait; 0 if it did not. */
export function retryAfterMs({ details }: AttestryError): number {
  const { retryAfterSeconds } = details;
  return typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : 0;
}

/** A node's words for a terminal or a log: short, and nothing in them that either would act on. */
function printable(words: string): string {
  const short = words.length > LONGEST_MESSAGE ? `${words.slice(0, LONGEST_MESSAGE)}…` : words;
  return short.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
}

function readDetails(fields: Readonly<Record<string, unknown>>): ErrorDetails {
  const kept = Object.entries(fields)
    .slice(0, MOST_DETAILS)
    .flatMap(([name, value]): [string, string | number | null][] => {
      if (typeof value === 'string') return [[printable(name), printable(value)]];
      return typeof value === 'number' || value === null ? [[printable(name), value]] : [];
    });
  return Object.fromEntries(kept);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isCode(code: string): code is AttestryErrorCode {
  return Object.hasOwn(ERROR_TABLE, code);
}

function codeOfStatus(status: number): AttestryErrorCode {
  if (status === 429) return 'RATE_LIMITED';
  if (status === 404) return 'ROUTE_UNKNOWN';
  return status >= 500 ? 'PEER_UNAVAILABLE' : 'RESPONSE_INVALID';
}

// RFC 9110 also allows a date; no node of ours sends one, and a clock that is wrong makes it worthless.
function readRetryAfter(header: string | null): number | undefined {
  return header !== null && /^[0-9]{1,6}$/.test(header) ? Number(header) : undefined;
}
