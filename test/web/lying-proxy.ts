/** What stands between a page and its verifier, and changes what the verifier says. */
import { canonicalText } from '../../src/core/bytes/json.ts';
import { startPeer } from '../client/peer-server.ts';

/** The body to pass on; undefined to pass it on as it is. */
export type Lie = (path: string, body: Buffer) => Buffer | string | undefined;

const KEPT_HEADERS = ['content-type', 'content-security-policy', 'cache-control'] as const;

/** Gives the proxy's URL. It passes on everything but what the lie changes. */
export async function startLiar(upstream: string, lie: Lie): Promise<string> {
  const { url } = await startPeer(async (request, response) => {
    const path = request.url ?? '/';
    const isStream = path.startsWith('/v1/events');
    const answer = await fetch(`${upstream}${isStream ? '/healthz' : path}`);
    const body = Buffer.from(await answer.arrayBuffer());
    const headers = KEPT_HEADERS.map((name) => [name, answer.headers.get(name) ?? '']);
    const told = lie(path, body);
    const status = told === undefined ? answer.status : 200;
    response.writeHead(isStream ? 503 : status, Object.fromEntries(headers));
    response.end(told ?? body);
  });
  return url;
}

/** Changes a JSON answer whose path begins like this. */
export function lieAbout(start: string, change: (answer: never) => unknown): Lie {
  return (path, body) => {
    if (!path.startsWith(start)) return undefined;
    return JSON.stringify(change(JSON.parse(body.toString()) as never));
  };
}

interface DossierLog {
  readonly entries: readonly { readonly index: number; readonly proof: readonly string[] }[];
  readonly tally: { readonly note: string; readonly proof: string };
  readonly checkpoint: string;
}

/** A dossier whose first log is otherwise. */
export function alterDossier(change: (log: DossierLog) => object): Lie {
  return (path, body) => {
    if (!path.includes('/dossier')) return undefined;
    const dossier = JSON.parse(body.toString()) as { readonly logs: readonly DossierLog[] };
    const logs = dossier.logs.map((log, i) => (i === 0 ? { ...log, ...change(log) } : log));
    return canonicalText({ ...dossier, logs });
  };
}
