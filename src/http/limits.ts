/** Every bound of the HTTP side in one place, with the default of each. */
import { getHeapStatistics } from 'node:v8';

export interface AppLimits {
  /** Largest request body in bytes, where a route does not set its own. */
  readonly bodyBytes: number;
  /** Largest request head (request line and headers) in bytes. */
  readonly headerBytes: number;
  /** Time for a request's head to arrive. */
  readonly headersTimeoutMs: number;
  /** Time for a whole request to arrive, head and body. */
  readonly requestTimeoutMs: number;
  /** How often the two times above are checked: Node's own default of 30 s lets a slow client stay that long. */
  readonly checkIntervalMs: number;
  /** How long a connection may idle between two requests. */
  readonly keepAliveTimeoutMs: number;
  /** How long a connection may make no progress in either direction: ends clients that do not read their answer. */
  readonly inactivityTimeoutMs: number;
  /** Open connections; further ones are closed at once. */
  readonly maxConnections: number;
  /** Submissions that a log admits and commits at once; further ones are refused before they are read. */
  readonly submissionsUnderWay: number;
  /** Bytes of submissions of more than 128 KiB that a log takes in at once; further ones are refused before they are read. */
  readonly largeSubmissionBytes: number;
  /** Requests on one connection before it is closed. */
  readonly maxRequestsPerSocket: number;
  /** Longest parameter in a URL path, in characters. */
  readonly pathParameterLength: number;
  /** Requests that one address (one /64 of IPv6) may make in the window below; 0 for no limit. */
  readonly requestsPerWindow: number;
  readonly rateWindowMs: number;
  /** Mean delay of the event loop over a second above which requests are refused; 0 to never refuse. */
  readonly maxEventLoopDelayMs: number;
  /** Used heap above which requests are refused; 0 to never refuse. */
  readonly maxHeapUsedBytes: number;
}

/** Waiting for witnesses must stay shorter than inactivityTimeoutMs. */
export const DEFAULT_LIMITS: AppLimits = {
  bodyBytes: 128 * 1024,
  headerBytes: 8 * 1024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  checkIntervalMs: 500,
  keepAliveTimeoutMs: 10_000,
  inactivityTimeoutMs: 60_000,
  maxConnections: 1_024,
  submissionsUnderWay: 512,
  largeSubmissionBytes: 128 * 1024 * 1024,
  maxRequestsPerSocket: 1_000,
  pathParameterLength: 512,
  requestsPerWindow: 1_000,
  rateWindowMs: 1_000,
  maxEventLoopDelayMs: 1_000,
  maxHeapUsedBytes: Math.floor(getHeapStatistics().heap_size_limit * 0.9),
};
