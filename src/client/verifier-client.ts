/**
 * Asking a verifier. Its files (dossier, receipt, finding) prove themselves to `judge`; everything else here is the
 * word of the service.
 */
import { decodeHex } from '../core/bytes/hex.ts';
import { LARGEST_DOSSIER_BYTES, parseDossier } from '../core/dossier/dossier.ts';
import { findingId, parseFinding } from '../core/finding/finding.ts';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import { LARGEST_RECEIPT_BYTES, parseReceipt } from '../core/receipt/receipt.ts';
import type { Report } from '../core/report/report.ts';
import type { UsageRange } from '../core/tally/questions.ts';
import { AttestryError } from '../errors.ts';
import type { HeldReceipt } from '../verifier/receipt-promise.ts';
import { type BoundedRequest, boundedFetch, type Fetch } from './bounded-fetch.ts';
import { peerRefusal } from './peer-refusal.ts';
import {
  type FindingList,
  type ModelPage,
  type ModelStatus,
  type NodeList,
  parseVerifierAnswer,
} from './verifier-answer.ts';

export interface VerifierClientOptions {
  /** What the verifier's paths begin with, with or without a slash at the end. */
  readonly url: string;
  /** For each request; 60,000 unless told. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}

export interface PageOptions {
  /** The model after which to begin, from `next` of the page before. */
  readonly after?: string;
  readonly limit?: number;
}

const TIMEOUT_MS = 60_000;
const LARGEST_ANSWER = 16 * 1024 * 1024;

/** Every method throws what the verifier refuses with, and PEER_UNAVAILABLE, RESPONSE_INVALID and RESPONSE_TOO_LARGE. */
export class VerifierClient {
  readonly #options: VerifierClientOptions;
  readonly #url: string;

  constructor(options: VerifierClientOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
  }

  /** The models that the verifier knows, a page at a time, ascending. */
  async models({ after, limit }: PageOptions = {}): Promise<ModelPage> {
    const query = new URLSearchParams();
    if (after !== undefined) query.set('after', after);
    if (limit !== undefined) query.set('limit', String(limit));
    const body = await this.#get(`/v1/models?${query}`);
    return parseVerifierAnswer<ModelPage>(body, ['models', 'next']);
  }

  /** What the verifier says about a model (hex SHA-256). @throws MODEL_UNKNOWN */
  async model(sha256: string): Promise<ModelStatus> {
    decodeHex(sha256, 32);
    const body = await this.#get(`/v1/models/${sha256}`);
    return parseVerifierAnswer<ModelStatus>(body, ['model', 'status', 'outcome', 'statements']);
  }

  /**
   * The dossier of a model, byte for byte as it is to be kept and judged; with a range, usage is summed over it instead
   * of listed. @throws MODEL_UNKNOWN, USAGE_RANGE_INVALID
   */
  async dossier(sha256: string, range?: UsageRange): Promise<Uint8Array> {
    decodeHex(sha256, 32);
    const query = range === undefined ? '' : `?${new URLSearchParams({ ...range })}`;
    const bytes = await this.#get(`/v1/models/${sha256}/dossier${query}`, LARGEST_DOSSIER_BYTES);
    return requireAsked(bytes, `a dossier of model ${sha256} with the range asked for`, () => {
      const dossier = parseDossier(bytes);
      // One of a shorter range is right in itself, and its sums are smaller.
      return dossier.model === sha256 && sameRange(dossier.range, range);
    });
  }

  /** The receipt of an entry, byte for byte. @throws ENTRY_UNKNOWN */
  async receipt(origin: string, index: number): Promise<Uint8Array> {
    const path = `/v1/entries/${encodeURIComponent(origin)}/${index}/receipt`;
    const bytes = await this.#get(path, LARGEST_RECEIPT_BYTES);
    return requireAsked(bytes, `the receipt of entry ${index} of ${origin}`, () => {
      const { proof } = parseReceipt(bytes);
      return (
        proof.index === index && parseCheckpoint(proof.checkpoint).checkpoint.origin === origin
      );
    });
  }

  /** The verifier's report on a receipt, dossier or finding. `judge` gives the same one without asking anyone. */
  async verify(bytes: Uint8Array): Promise<Report> {
    const body = await this.#fetch('/v1/verify', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bytes,
      maxBytes: LARGEST_DOSSIER_BYTES,
    });
    return parseVerifierAnswer<Report>(body, ['type', 'outcome', 'problems']);
  }

  /**
   * Lets the verifier hold a log to a receipt, also one that no witness has cosigned yet. `contradicted` comes with a
   * finding, which proves itself; the other two states are the verifier's word.
   */
  async holdToReceipt(receipt: Uint8Array): Promise<HeldReceipt> {
    const body = await this.#fetch('/v1/receipts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: receipt,
      maxBytes: LARGEST_ANSWER,
    });
    return parseVerifierAnswer<HeldReceipt>(body, ['origin', 'index', 'state', 'finding']);
  }

  /** The logs that the verifier follows, and how they stand. */
  async nodes(): Promise<NodeList> {
    return parseVerifierAnswer<NodeList>(await this.#get('/v1/nodes'), ['nodes']);
  }

  async findings(): Promise<FindingList> {
    return parseVerifierAnswer<FindingList>(await this.#get('/v1/findings'), ['findings']);
  }

  /** A finding with its evidence, byte for byte. @throws FINDING_UNKNOWN */
  async finding(id: string): Promise<Uint8Array> {
    decodeHex(id, 32);
    const bytes = await this.#get(`/v1/findings/${id}`, LARGEST_DOSSIER_BYTES);
    return requireAsked(bytes, `finding ${id}`, () => findingId(parseFinding(bytes)) === id);
  }

  /** The trust root that the verifier goes by: to compare with one's own, never to take over. */
  async trust(): Promise<Uint8Array> {
    return await this.#get('/v1/trust');
  }

  #get(path: string, maxBytes: number = LARGEST_ANSWER): Promise<Uint8Array> {
    return this.#fetch(path, { maxBytes });
  }

  async #fetch(
    path: string,
    request: Omit<BoundedRequest, 'timeoutMs' | 'fetch'>,
  ): Promise<Uint8Array> {
    const { fetch, timeoutMs = TIMEOUT_MS } = this.#options;
    const url = `${this.#url}${path}`;
    const response = await boundedFetch(url, {
      ...request,
      timeoutMs,
      ...(fetch === undefined ? {} : { fetch }),
    });
    if (response.status === 200) return response.body;
    throw peerRefusal(url, response);
  }
}

function sameRange(given: UsageRange | undefined, asked: UsageRange | undefined): boolean {
  return given?.from === asked?.from && given?.to === asked?.to && given?.by === asked?.by;
}

// Not a judgement: only that the file is the one that was asked for, so that it is not kept under a wrong name.
function requireAsked(bytes: Uint8Array, asked: string, isAsked: () => boolean): Uint8Array {
  let cause: unknown;
  try {
    if (isAsked()) return bytes;
  } catch (error) {
    if (!(error instanceof AttestryError)) throw error;
    cause = error;
  }
  throw new AttestryError('RESPONSE_INVALID', `Expected ${asked}, got something else.`, { cause });
}
