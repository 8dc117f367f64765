/** The resources below one URL, as a verifier reads them: each bounded in time and bytes; a refusal is the peer's fault. */
import { type BoundedRequest, boundedFetch, type Fetch } from './bounded-fetch.ts';
import { asPeerFault, peerRefusal } from './peer-refusal.ts';

export interface ResourceOptions {
  /** For each resource, from connecting to the last byte; 10,000 unless told. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}

/**
 * The body at a path without a leading slash; undefined where the peer has none (404).
 * @throws PEER_UNAVAILABLE, RESPONSE_INVALID and what `boundedFetch` throws
 */
export type AskResource = (
  path: string,
  request: Pick<BoundedRequest, 'maxBytes' | 'method' | 'body' | 'signal'>,
) => Promise<Uint8Array | undefined>;

const TIMEOUT_MS = 10_000;

/** Asks for what lies below `url`, with or without a slash at its end. */
export function resourcesBelow(url: string, options: ResourceOptions = {}): AskResource {
  const { timeoutMs = TIMEOUT_MS, fetch } = options;
  const prefix = url.replace(/\/+$/, '');
  return async (path, request) => {
    const target = `${prefix}/${path}`;
    const bounds = { timeoutMs, ...request, ...(fetch === undefined ? {} : { fetch }) };
    const response = await boundedFetch(target, bounds);
    if (response.status === 200) return response.body;
    if (response.status === 404) return undefined;
    throw asPeerFault(peerRefusal(target, response));
  };
}
