/** Asking the verifier that serves this page. Nothing that it says is believed: its files are judged, its lists are marked. */

import type { UsageRange } from '../core/tally/questions.ts';
import type { FindingList, ModelPage, NodeList, UsageAnswer } from './server-answer.ts';

/** Why there is no answer: a code of the documentation and a sentence of the server's, or of this page's. */
export class ServerRefused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const UNREACHABLE = 'PEER_UNAVAILABLE';
const INVALID = 'RESPONSE_INVALID';

export const server = {
  trust: (): Promise<Uint8Array> => fetchBytes('v1/trust'),
  dossier: (model: string, range: UsageRange | null): Promise<Uint8Array> =>
    fetchBytes(`v1/models/${model}/dossier${range === null ? '' : `?${query({ ...range })}`}`),
  finding: (id: string): Promise<Uint8Array> => fetchBytes(`v1/findings/${encodeURIComponent(id)}`),
  models: (after?: string, limit = 100): Promise<ModelPage> => {
    const page = { limit: String(limit), ...(after === undefined ? {} : { after }) };
    return fetchAnswer<ModelPage>(`v1/models?${query(page)}`, 'models');
  },
  usage: (model: string, { from, to }: UsageRange): Promise<UsageAnswer> =>
    fetchAnswer<UsageAnswer>(
      `v1/models/${model}/usage?${query({ from, to, by: 'region' })}`,
      'rows',
    ),
  nodes: (): Promise<NodeList> => fetchAnswer<NodeList>('v1/nodes', 'nodes'),
  findings: (): Promise<FindingList> => fetchAnswer<FindingList>('v1/findings', 'findings'),
  events: (): EventSource => new EventSource(urlOf('v1/events')),
};

/** Relative to the page, wherever it is served. */
function urlOf(path: string): string {
  return new URL(path, document.baseURI).href;
}

function query(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

async function fetchBytes(path: string): Promise<Uint8Array> {
  // On a disk there is no server, and browsers report the attempt as an error.
  if (location.protocol === 'file:') throw new ServerRefused(UNREACHABLE, '');
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await fetch(urlOf(path), { credentials: 'omit', redirect: 'error' });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new ServerRefused(UNREACHABLE, '');
  }
  if (response.ok) return bytes;
  throw refusalOf(bytes, response.status);
}

/** A list that is the server's word; only its outer shape is looked at, every text in it is shown as text. */
async function fetchAnswer<T extends object>(path: string, list: keyof T & string): Promise<T> {
  const value = parseJson(await fetchBytes(path));
  if (typeof value === 'object' && value !== null && list in value) {
    const answer = value as T;
    if (Array.isArray(answer[list])) return answer;
  }
  throw new ServerRefused(INVALID, '');
}

function refusalOf(bytes: Uint8Array, status: number): ServerRefused {
  const value = parseJson(bytes) as { error?: { code?: unknown; message?: unknown } } | undefined;
  const { code, message } = value?.error ?? {};
  if (typeof code === 'string' && typeof message === 'string')
    return new ServerRefused(code, message);
  return new ServerRefused(status === 404 ? UNREACHABLE : INVALID, '');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
