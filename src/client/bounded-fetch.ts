/**
 * One HTTP exchange with a peer that may be slow, broken or hostile: bounded in time and in bytes, and never led to
 * another address than the one that was asked for.
 */
import { AttestryError, type AttestryErrorCode } from '../errors.ts';

/** The global `fetch`, or whatever stands in for it: what is read of an answer is all that it must have. */
export type Fetch = (input: URL, init: RequestInit) => Promise<FetchedResponse>;

export interface FetchedResponse {
  readonly status: number;
  readonly type: Response['type'];
  readonly headers: Headers;
  readonly body: { getReader(): BodyReader } | null;
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
}

export interface BoundedRequest {
  /** GET unless told. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** The most bytes that the body may have, after decompression. */
  readonly maxBytes: number;
  /** Ends the exchange early. */
  readonly signal?: AbortSignal;
  /** The global fetch unless told. */
  readonly fetch?: Fetch;
}

export interface BoundedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/**
 * The answer to a request, whatever its status, unless that is a redirect.
 * @throws PEER_UNAVAILABLE, RESPONSE_INVALID for redirects and broken HTTP, RESPONSE_TOO_LARGE, CONFIG_INVALID for a bad URL
 */
export async function boundedFetch(url: string, request: BoundedRequest): Promise<BoundedResponse> {
  const target = parsePeerUrl(url);
  const stop = new AbortController();
  const give = (reason: string) => () => stop.abort(peerError('PEER_UNAVAILABLE', target, reason));
  const timer = setTimeout(
    give(`did not answer in full within ${request.timeoutMs} ms`),
    request.timeoutMs,
  );
  const abandon = give('was not waited for any longer');
  request.signal?.addEventListener('abort', abandon, { once: true });
  if (request.signal?.aborted) abandon();
  try {
    return await Promise.race([exchange(target, request, stop.signal), aborted(stop.signal)]);
  } catch (cause) {
    const failure = asPeerError(target, stop.signal.aborted ? stop.signal.reason : cause);
    // Ends what is still under way: an unread body would hold its connection open.
    stop.abort(failure);
    throw failure;
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', abandon);
  }
}

async function exchange(
  target: URL,
  request: BoundedRequest,
  signal: AbortSignal,
): Promise<BoundedResponse> {
  const { method = 'GET', headers = {}, body, maxBytes } = request;
  const response = await (request.fetch ?? globalThis.fetch)(target, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
    credentials: 'omit',
    signal,
  });
  refuseRedirect(target, response);
  const length = Number(response.headers.get('content-length')) || 0;
  if (length > maxBytes && !response.headers.has('content-encoding')) {
    throw tooLarge(target, maxBytes);
  }
  return {
    status: response.status,
    headers: response.headers,
    body: await readBody(target, response, { maxBytes, announced: length }),
  };
}

// A node that could redirect could make the verifier ask any address that the verifier can reach.
function refuseRedirect(target: URL, response: FetchedResponse): void {
  const { status, type } = response;
  const redirects = status >= 300 && status < 400 && status !== 304;
  if (redirects || type === 'opaqueredirect') {
    throw peerError('RESPONSE_INVALID', target, 'answered with a redirect, which is not followed');
  }
}

// A length that is announced costs its sender nothing.
const MOST_ON_TRUST = 1024 * 1024;

// Counts what comes out of decompression: 194 kB of gzip can be 200 MB of zeros.
async function readBody(
  target: URL,
  response: FetchedResponse,
  { maxBytes, announced }: { readonly maxBytes: number; readonly announced: number },
): Promise<Uint8Array> {
  let buffer = new Uint8Array(Math.max(0, Math.min(announced, maxBytes, MOST_ON_TRUST)));
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined || chunk.done) return buffer.subarray(0, length);
    const bytes = chunk.value;
    if (length + bytes.length > maxBytes) throw tooLarge(target, maxBytes);
    if (length + bytes.length > buffer.length) buffer = enlarge(buffer, length + bytes.length);
    buffer.set(bytes, length);
    length += bytes.length;
  }
}

// Doubling, so that a body of single bytes costs no object for each.
function enlarge(buffer: Uint8Array, atLeast: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(atLeast, buffer.length * 2));
  larger.set(buffer);
  return larger;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = () => reject(signal.reason);
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}

/** An http or https URL without credentials. @throws CONFIG_INVALID */
function parsePeerUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  const fits = target !== undefined && /^https?:$/.test(target.protocol);
  if (!fits || target.username !== '' || target.password !== '') {
    throw new AttestryError(
      'CONFIG_INVALID',
      `Expected an http or https URL without user name or password, got ${JSON.stringify(url.slice(0, 200))}.`,
    );
  }
  return target;
}

// What undici and zlib name their errors; everything else is a connection that failed or broke.
function asPeerError(target: URL, cause: unknown): AttestryError {
  if (cause instanceof AttestryError) return cause;
  const code = systemCode(cause);
  if (isBrokenHttp(cause) || /^(HPE_|Z_|ERR__?ERROR_|ERR_BROTLI|ERR_ZSTD)/.test(code)) {
    return peerError(
      'RESPONSE_INVALID',
      target,
      `answered with broken HTTP (${code || 'no code'})`,
      cause,
    );
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return peerError('RESPONSE_TOO_LARGE', target, 'answered with too many headers', cause);
  }
  const reason = `could not be reached, or broke off (${code === '' ? String(cause) : code})`;
  return peerError('PEER_UNAVAILABLE', target, reason, cause);
}

/** What undici calls errors of its parser, which have no code on every version of Node. */
function isBrokenHttp(cause: unknown): boolean {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (/^(HTTPParserError|ResponseContentLengthMismatchError)$/.test(error.name)) return true;
  }
  return false;
}

function systemCode(cause: unknown): string {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') return error.code;
  }
  return '';
}

function tooLarge(target: URL, maxBytes: number): AttestryError {
  return peerError('RESPONSE_TOO_LARGE', target, `answered with more than ${maxBytes} bytes`);
}

function peerError(
  code: AttestryErrorCode,
  target: URL,
  what: string,
  cause?: unknown,
): AttestryError {
  return new AttestryError(code, `${target.origin}${target.pathname} ${what}.`, { cause });
}
